"""Both loops, one suite: what leaves is what came, in each leg's own numbers."""

import socket
import subprocess
import sys
import time

import pytest

from live.adapter import Srtp
from live.build_fanout import LIBRARY
from live.datagrams import Inbox, ffi, write_name
from live.fanout import open_fanout
from live.leg import NO_LAYER, Leg, send_time
from live.rtp import read_extension, read_header, write_elements

NO_CHECKSUM = 11  # SO_NO_CHECK
PAYLOADS = [bytes([n]) * 1000 for n in range(4)] + [b"end"]


@pytest.fixture(scope="session", autouse=True)
def built():
    subprocess.run([sys.executable, "-m", "live.build_fanout"], check=True)


@pytest.fixture
def sockets():
    ours, theirs = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    for one in (ours, theirs):
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture(params=["compiled", "python", "compiled-plain", "python-plain"])
def fanout(request, sockets):
    name, _, plain = request.param.partition("-")
    if name == "compiled" and not LIBRARY.exists():
        pytest.skip("there is no C compiler")
    library = LIBRARY if name == "compiled" else None
    made = open_fanout(sockets[0].fileno(), library=library, gso=not plain)
    assert made.name == name
    return made


@pytest.fixture
def make_leg(keys, sockets):
    def make(**values):
        server, _ = keys
        given = {
            "outbound": server.outbound,
            "outbound_address": server.outbound_address,
            "name": write_name(*sockets[1].getsockname()),
            "ssrc": 77,
            "payload_type": 102,
            "timestamp_offset": 5,
        }
        return Leg(**given | values)

    return make


@pytest.fixture
def arrived(keys, sockets):
    """Everything that came, decrypted."""
    inbox, srtp = Inbox(sockets[1].fileno()), Srtp()

    def read():
        found = []
        while count := inbox.read():
            for i in range(count):
                size = srtp.unprotect(keys[1].inbound, inbox.pointers[i], inbox.size(i))
                assert size > 0
                found.append(bytes(inbox.views[i][:size]))
        return found

    return read


kept = [ffi.from_buffer(payload) for payload in PAYLOADS]


def push(fan, *, first=100, time=9000, payloads=range(5), key=1, layer=0, level=127):
    """A picture; `key`: whether a receiver may begin with its first packet."""
    for at, which in enumerate(payloads):
        marker = int(which == 4)
        fan.push(
            kept[which],
            len(PAYLOADS[which]),
            first + at & 0xFFFF,
            time,
            marker,
            int(key and at == 0),
            layer,
            level,
        )


def headers(packets):
    return [read_header(memoryview(packet), len(packet)) for packet in packets]


async def test_every_packet_arrives_with_the_legs_numbers(fanout, make_leg, arrived):
    fan, leg = fanout.fan(), make_leg(highest=999)
    fan.add(leg)
    push(fan)
    fan.forward()
    packets = arrived()
    assert [packet[12:] for packet in packets] == PAYLOADS
    found = headers(packets)
    assert [h.sequence for h in found] == [1000, 1001, 1002, 1003, 1004]
    assert {(h.ssrc, h.payload_type, h.timestamp) for h in found} == {(77, 102, 9005)}
    assert [h.marker for h in found] == [0, 0, 0, 0, 1]
    assert fanout.counts()[:3] == (5, 0, 0)


async def test_every_leg_gets_its_own(fanout, make_leg, arrived):
    fan = fanout.fan()
    legs = [make_leg(ssrc=ssrc, payload_type=ssrc % 128) for ssrc in range(1, 21)]
    for leg in legs:
        fan.add(leg)
    push(fan)
    fan.forward()
    found = headers(arrived())
    assert len(found) == 100
    assert {(h.ssrc, h.payload_type) for h in found} == {(n, n) for n in range(1, 21)}


async def test_more_than_one_batch_of_the_kernel_goes_out_whole(fanout, make_leg, arrived):
    fan = fanout.fan()
    for ssrc in range(1, 101):
        fan.add(make_leg(ssrc=ssrc))
    push(fan)
    fan.forward()
    assert len(arrived()) == 500
    assert fanout.counts().sent == 500


async def test_sequence_numbers_wrap(fanout, make_leg, arrived):
    fan, leg = fanout.fan(), make_leg(highest=65_533)
    fan.add(leg)
    push(fan, first=65_534)
    fan.forward()
    assert [h.sequence for h in headers(arrived())] == [65_534, 65_535, 0, 1, 2]
    assert fan.sent(leg).highest == 65_538


async def test_a_new_leg_waits_for_a_keyframe(fanout, make_leg, arrived):
    fan = fanout.fan()
    fan.add(make_leg())
    push(fan, key=0)
    fan.forward()
    assert arrived() == []
    push(fan, first=105)
    fan.forward()
    assert len(arrived()) == 5


async def test_a_leg_that_waited_goes_on_without_a_gap(fanout, make_leg, arrived):
    fan, leg = fanout.fan(), make_leg(highest=9)
    fan.add(leg)
    push(fan)
    fan.forward()
    fan.hold(0)
    push(fan, first=105, key=0)
    fan.forward()
    push(fan, first=110)
    fan.forward()
    assert [h.sequence for h in headers(arrived())] == list(range(10, 20))
    assert fan.sent(leg).now.first == 15


async def test_a_stopped_leg_gets_nothing_until_it_is_aimed_again(fanout, make_leg, arrived):
    fan, leg = fanout.fan(), make_leg(highest=9)
    fan.add(leg)
    push(fan)
    fan.forward()
    fan.aim(leg, NO_LAYER)
    push(fan, first=105)
    fan.forward()
    assert len(arrived()) == 5
    fan.aim(leg, 0)
    push(fan, first=110, key=0)
    push(fan, first=115)
    fan.forward()
    assert [h.sequence for h in headers(arrived())] == list(range(15, 20))


async def test_a_leg_changes_layers_at_a_keyframe_and_its_numbers_go_on(fanout, make_leg, arrived):
    fan, leg = fanout.fan(), make_leg(highest=9)
    fan.add(leg)
    push(fan, first=100, layer=0)
    push(fan, first=7000, layer=1)
    fan.forward()
    fan.aim(leg, 1)
    push(fan, first=7005, layer=1, time=12_000, key=0)
    push(fan, first=105, layer=0, time=12_000, key=0)
    fan.forward()
    push(fan, first=7010, layer=1, time=15_000)
    push(fan, first=110, layer=0, time=15_000)
    fan.forward()
    found = headers(arrived())
    assert [h.sequence for h in found] == list(range(10, 25))
    assert [h.timestamp for h in found] == [9005] * 5 + [12_005] * 5 + [15_005] * 5
    sent = fan.sent(leg)
    assert sent.accepts == 1
    for sequence, layer, theirs in ((12, 0, 102), (16, 0, 106), (21, 1, 7011)):
        run, number = sent.origin(sequence)
        assert (run.layer, number) == (layer, theirs)
    assert sent.origin(9) is None


async def test_what_is_sent_to_one_leg_reaches_no_other(fanout, make_leg, arrived):
    fan, others = fanout.fan(), [make_leg(ssrc=1), make_leg(ssrc=3)]
    leg = make_leg(ssrc=2, highest=9)
    for each in (others[0], leg, others[1]):
        fan.add(each)
    push(fan)
    fan.forward_to(leg)
    push(fan, first=105, key=0)
    fan.forward()
    assert [(h.ssrc, h.sequence) for h in headers(arrived())] == [(2, n) for n in range(10, 20)]


async def test_time_never_goes_back_at_a_change_of_layers(fanout, make_leg, arrived):
    fan, leg = fanout.fan(), make_leg()
    fan.add(leg)
    push(fan, layer=0, time=9000)
    fan.forward()
    fan.aim(leg, 1)
    push(fan, first=500, layer=1, time=8000)
    push(fan, first=505, layer=1, time=11_000, key=0)
    fan.forward()
    fan.aim(leg, 0)
    push(fan, first=105, layer=0, time=14_000)
    fan.forward()
    times = [h.timestamp for h in headers(arrived())]
    assert times == [9005] * 5 + [9006] * 5 + [12_006] * 5 + [14_005] * 5


async def test_packets_that_come_late_keep_their_numbers(fanout, make_leg, arrived):
    fan, leg = fanout.fan(), make_leg(highest=0)
    fan.add(leg)
    for sequence in (100, 103, 101, 102):
        push(fan, first=sequence, payloads=[0])
    fan.forward()
    assert [h.sequence for h in headers(arrived())] == [1, 4, 2, 3]
    assert fan.sent(leg).highest == 4


async def test_a_header_extension_is_written(fanout, make_leg, arrived):
    fan = fanout.fan()
    elements = write_elements((4, "3"), time=2, level=1)
    fan.add(make_leg(extension=elements.data, time_at=elements.time_at, level_at=elements.level_at))
    before = send_time(time.monotonic())
    push(fan, level=0x80 | 33)
    fan.forward()
    packets = arrived()
    assert len(packets) == 5
    for packet, header in zip(packets, headers(packets), strict=True):
        assert read_extension(memoryview(packet), header, 4) == b"3"
        assert read_extension(memoryview(packet), header, 1) == bytes([0x80 | 33])
        sent = int.from_bytes(read_extension(memoryview(packet), header, 2), "big")
        assert (sent - before) & 0xFFFFFF < 5 << 18  # seconds
        assert packet[header.payload_at :] in PAYLOADS


async def test_a_removed_leg_gets_nothing_and_the_others_go_on(fanout, make_leg, arrived):
    fan = fanout.fan()
    legs = [make_leg(ssrc=ssrc) for ssrc in (1, 2, 3)]
    for leg in legs:
        fan.add(leg)
    push(fan)
    fan.forward()
    arrived()
    fan.remove(legs[0])
    push(fan, first=105)
    fan.forward()
    assert {h.ssrc for h in headers(arrived())} == {2, 3}
    assert legs[0].packets == 5
    assert fan.sent(legs[2]).packets == 10


async def test_a_leg_is_redirected(fanout, make_leg, arrived, sockets):
    fan, leg = fanout.fan(), make_leg(name=write_name("127.0.0.1", 9))
    fan.add(leg)
    fan.redirect(leg, write_name(*sockets[1].getsockname()))
    push(fan)
    fan.forward()
    assert len(arrived()) == 5


async def test_what_the_kernel_refuses_is_counted_and_the_rest_is_sent(fanout, make_leg, arrived):
    fan = fanout.fan()
    fan.add(make_leg(name=write_name("127.0.0.1", 0), ssrc=1))
    fan.add(make_leg(ssrc=2))
    push(fan)
    fan.forward()
    assert {h.ssrc for h in headers(arrived())} == {2}
    assert fanout.counts()[:2] == (5, 5)


async def test_gso_is_given_up_where_the_kernel_refuses_it(fanout, make_leg, arrived, sockets):
    sockets[0].setsockopt(socket.SOL_SOCKET, NO_CHECKSUM, 1)  # which GSO cannot do without
    fan = fanout.fan()
    fan.add(make_leg())
    for n in range(10):
        push(fan, first=100 + 5 * n)
        fan.forward()
    assert len(arrived()) == 50
    assert fanout.counts() == (50, 0, 0, False)


async def test_an_address_that_takes_nothing_costs_the_others_no_gso(fanout, make_leg, arrived):
    fan = fanout.fan()
    fan.add(make_leg(name=write_name("127.0.0.1", 0), ssrc=1))
    before = fanout.counts().gso
    for n in range(20):
        push(fan, first=100 + 5 * n)
        fan.forward()
    assert fanout.counts() == (0, 100, 0, before)
