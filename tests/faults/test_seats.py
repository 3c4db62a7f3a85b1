"""Who holds keys and means harm, or is broken: seats whose every packet is authentic."""

import struct
from uuid import uuid4

import pytest

from bench.light_client import REPAIR_TYPE, SOUND_TYPE, VIDEO_TYPE, LightClient, rtp_packet
from kernel.errors import Unavailable
from live import peer as peer_module
from live import port as port_module
from live import rtcp
from live.ice import write_check
from live.messages import Source
from tests.faults.conftest import DELTA, KEY, Heard


def control(client, *packets):
    """Each of these as a datagram of its own, encrypted when it is its turn."""
    return (client.protect(packet, is_rtcp=True) for packet in packets)


def media(client, *packets):
    return (client.protect(packet) for packet in packets)


@pytest.fixture
async def rogue(lecture, join):
    """A second publisher."""
    return await join(send=[("video", Source.SCREEN)])


# ---------------------------------------------------------------- packets


async def test_replayed_packets_of_both_kinds_are_unreadable(lecture, flood, drops):
    packet = lecture.next()
    [report] = control(lecture.student, rtcp.receiver_report(1, []))
    await flood(lecture.lecturer.send_raw, [packet] * 100)
    await flood(lecture.student.send_raw, [report] * 100)
    assert drops("unreadable") == 198
    assert await lecture.is_unharmed()


async def test_streams_in_anybody_elses_name_stay_the_rogues_own(room, lecture, rogue, flood):
    ours = next(iter(room.peers[lecture.student.seat].downlink._by_ssrc))
    before = len(lecture.at_student.media)
    for ssrc in (lecture.camera, ours, room.peers[rogue.seat]._ssrc, 0, 0xFFFFFFFF):
        packets = (rtp_packet(VIDEO_TYPE, n, n * 3000, ssrc, KEY) for n in range(20))
        await flood(rogue.send_raw, media(rogue, *packets))
    assert len(lecture.at_student.media) == before
    assert await lecture.is_unharmed()


async def test_libsrtp_hears_of_so_many_senders_of_a_seat_and_no_more(
    room, lecture, rogue, flood, drops
):
    packets = (rtp_packet(SOUND_TYPE, 1, 1, 1000 + n, DELTA) for n in range(1500))
    await flood(rogue.send_raw, media(rogue, *packets))
    reports = (rtcp.receiver_report(5000 + n, []) for n in range(500))
    await flood(rogue.send_raw, control(rogue, *reports))
    assert len(room.peers[rogue.seat]._allowances._ssrcs) == 256
    assert drops("unrouted") == 2000
    assert await lecture.is_unharmed()


async def test_media_of_the_audience_is_not_even_decrypted(room, lecture, flood, drops):
    packets = (rtp_packet(VIDEO_TYPE, n, n, 7, KEY) for n in range(200))
    await flood(lecture.student.send_raw, media(lecture.student, *packets))
    assert drops("unrouted") == 200
    assert room.peers[lecture.student.seat]._allowances._ssrcs.isdisjoint({7})
    assert await lecture.is_unharmed()


async def test_a_publisher_that_sends_without_end_is_cut_short(lecture, rogue, flood, drops):
    packets = (rtp_packet(VIDEO_TYPE, n, n, rogue.ssrcs["0"], DELTA) for n in range(9000))
    await flood(rogue.send_raw, media(rogue, *packets))
    assert drops("too_often") > 1000
    assert await lecture.is_unharmed()


BROKEN = [
    b"",
    b"\x00",
    b"\x7c",  # a fragment without its header
    b"\x7c\x85",
    b"\x78\xff\xff",  # an aggregate that lies about its sizes
    b"\x78" + b"\x00\x00" * 40,
    KEY * 300,
]


@pytest.mark.parametrize("kind", [VIDEO_TYPE, REPAIR_TYPE, SOUND_TYPE, 127])
async def test_broken_payloads_harm_nobody(room, lecture, rogue, flood, kind):
    packets = [
        rtp_packet(kind, n, 0, rogue.ssrcs["0"] + (kind == REPAIR_TYPE), payload)
        for n, payload in enumerate(BROKEN)
    ]
    padded = [bytes([packet[0] | 0x20]) + packet[1:] + b"\xff" for packet in packets]
    extended = [
        bytes([packet[0] | 0x10]) + packet[1:12] + extension + packet[12:]
        for packet in packets
        for extension in (b"\xbe\xde\x00\x01\xff\xff\xff\xff", b"\x10\x00\x00\x01\x01\xff\x00\x00")
    ]
    await flood(rogue.send_raw, media(rogue, *packets, *padded, *extended))
    assert await lecture.is_unharmed()
    assert room.told.lost == []


async def test_numbers_that_jump_ask_for_a_bounded_number_of_repeats(room, lecture, rogue, flood):
    at_rogue = Heard(rogue)
    packets = [rtp_packet(VIDEO_TYPE, 200 * n, 0, rogue.ssrcs["0"], DELTA) for n in range(1000)]
    await flood(rogue.send_raw, media(rogue, *packets))
    [reception] = room.peers[rogue.seat]._receptions.all()
    assert len(reception.losses) <= 512
    assert await lecture.is_unharmed()
    assert len(at_rogue.control) < 100


# ---------------------------------------------------------------- control packets


async def test_a_loss_across_the_wrap_of_the_numbers_is_mended(room, lecture):
    [subscription] = room.peers[lecture.student.seat].downlink._by_ssrc.values()
    to_the_end = 0xFFF0 - struct.unpack_from("!H", lecture.at_student.media[0], 2)[0]
    for count in (2, 3):  # packets from there on, in two leaps
        lecture.sequence += to_the_end // 2
        lecture.say()
        await lecture.at_student.until(lambda heard, count=count: len(heard.media) == count)
    assert await lecture.is_unharmed()
    wrapped = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, subscription.ssrc, 0xFFFF, 1)
    for datagram in control(lecture.student, wrapped):
        lecture.student.send_raw(datagram)
    await lecture.at_student.until(lambda heard: len(heard.of_type(REPAIR_TYPE)) == 2)
    again = [packet[-len(DELTA) - 2 :] for packet in lecture.at_student.of_type(REPAIR_TYPE)]
    assert again == [b"\xff\xff" + DELTA, b"\x00\x00" + DELTA]


async def test_a_bomb_of_nacks_is_answered_within_bounds(room, lecture, flood, drops):
    assert await lecture.is_unharmed(200)
    [subscription] = room.peers[lecture.student.seat].downlink._by_ssrc.values()
    last = struct.unpack_from("!H", lecture.at_student.media[-1], 2)[0]
    everything = struct.pack("!HH", last - 100 & 0xFFFF, 0xFFFF) * 350
    head = struct.pack("!BBHII", 0x81, 205, 2 + 350, 1, subscription.ssrc)
    before = lecture.at_student.bytes
    bombs = [head + everything] * 2000
    await flood(lecture.student.send_raw, control(lecture.student, *bombs))
    assert drops("too_often") > 1500
    assert await lecture.is_unharmed()
    resent = lecture.at_student.bytes - before
    assert resent < sum(map(len, bombs)) / 10


async def test_a_seat_that_cries_for_keyframes_gets_a_few(room, lecture, flood):
    ssrc = next(iter(room.peers[lecture.student.seat].downlink._by_ssrc))
    allowances = room.peers[lecture.student.seat]._allowances
    entries = struct.pack("!II", ssrc, 0) * 100
    cries = [rtcp.picture_loss(1, ssrc), struct.pack("!BBHII", 0x84, 206, 202, 1, 0) + entries]
    await flood(lecture.student.send_raw, control(lecture.student, *(cries * 200)))
    assert not allowances.keyframe(ssrc, room.port.now)
    assert allowances.keyframe(ssrc, room.port.now + 3)
    assert await lecture.is_unharmed()


# ---------------------------------------------------------------- connections


async def test_connections_that_never_become_ready_are_limited_and_cleared_away(
    room, lecture, monkeypatch
):
    monkeypatch.setattr(peer_module, "_HANDSHAKE_SECONDS", 1.0)
    monkeypatch.setattr(port_module, "_MOST_OPENING", 300)
    sessions, routes = len(room.port.ice._sessions), len(room.port._routes)
    client, refused, opened = LightClient(), 0, []
    for _ in range(1000):
        try:
            peer = room.stage.connect(uuid4())
        except Unavailable:
            refused += 1
            continue
        opened.append(peer)
        await peer.answer(client.offer([("video", "recvonly")]), send={}, receive={})
        session = peer.path.credentials
        check = write_check(f"{session.ufrag}:x", session.password.encode())
        client.socket.sendto(check, ("127.0.0.1", room.port.port))
    assert (len(opened), refused) == (300, 700)
    assert await lecture.is_unharmed()
    await room.told.until(lambda: len(room.told.lost) == 300)
    assert room.port.opening == 0
    assert len(room.port.ice._sessions) == sessions
    assert len(room.port._routes) == routes
    room.stage.connect(uuid4())
    client.socket.close()


async def test_who_is_ready_no_longer_counts_as_opening(room, lecture, join):
    assert room.port.opening == 0
    peer = room.stage.connect(uuid4())
    assert room.port.opening == 1
    await peer.aclose()
    assert room.port.opening == 0
