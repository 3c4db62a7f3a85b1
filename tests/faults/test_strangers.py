"""Who holds no keys: floods and garbage at the media port, from anywhere and in anybody's name."""

import asyncio
import secrets
import socket
import struct
from contextlib import closing
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.light_client import LightClient
from live.datagrams import write_name
from live.ice import Drop, IceServer, read_check, write_check

NAME = write_name("192.0.2.7", 40_000)
COOKIE = 0x2112A442


@pytest.fixture
def stranger(room):
    """`send = stranger()`: a new address each time, whose datagrams go to the port."""
    sockets = []

    def arrive():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect(("127.0.0.1", room.port.port))
        sockets.append(sock)
        return sock.send

    yield arrive
    for sock in sockets:
        sock.close()


async def test_forged_checks_for_a_seat_cost_few_signatures_and_it_is_heard_all_the_while(
    room, lecture, stranger, flood, drops
):
    forged = write_check(f"{room.peers[lecture.student.seat].path.credentials.ufrag}:x", b"a guess")
    for _ in range(20):
        await flood(stranger(), [forged] * 100)
    assert drops("forged") < 200
    assert drops("forged") + drops("too_often") == 2000
    lecture.at_student.client._checked.clear()
    lecture.student.send_raw(lecture.student.check)
    assert await lecture.is_unharmed()
    assert lecture.student._checked.is_set()


async def test_checks_for_nobody_are_unknown(lecture, stranger, flood, drops):
    checks = (write_check(f"{secrets.token_hex(4)}:x", b"a guess") for _ in range(1000))
    await flood(stranger(), checks)
    assert drops("unknown") == 1000
    assert await lecture.is_unharmed()


def test_a_check_with_endless_attributes_is_not_read_to_its_end():
    check = write_check("ours:theirs", b"a password")
    empty = struct.pack("!HH", 0x7F00, 0) * 30
    long = check[:2] + struct.pack("!H", len(check) - 20 + len(empty)) + check[4:20]
    assert read_check(check) is not None
    assert read_check(long + empty + check[20:]) is None


ATTRIBUTE = st.tuples(
    st.one_of(st.sampled_from([0x06, 0x08, 0x25, 0x24, 0x29, 0x8028]), st.integers(0, 0xFFFF)),
    st.one_of(st.none(), st.integers(0, 0xFFFF)),  # a length that lies
    st.one_of(st.binary(max_size=40), st.just(bytes(20)), st.just(b"UFRAG:x")),
)


@given(
    st.lists(ATTRIBUTE, max_size=12),
    st.sampled_from([0x0001, 0x0011, 0x0101, 0x0111, 0x3FFF]),
    st.one_of(st.none(), st.integers(0, 0xFFFF)),
    st.sampled_from([COOKIE, 0]),
)
def test_no_malformed_check_is_believed(attributes, kind, length, cookie):
    server = IceServer()
    heard = []

    def checked(name, *, nominates):
        heard.append((name, nominates))

    ufrag = server.open(SimpleNamespace(checked=checked)).ufrag.encode()
    body = b"".join(
        struct.pack("!HH", number, len(value) if size is None else size)
        + value
        + bytes(-len(value) % 4)
        for number, size, value in attributes
    ).replace(b"UFRAG:x", (ufrag + b":xyz")[:7])
    head = struct.pack("!HHI", kind, len(body) if length is None else length, cookie) + bytes(12)
    assert isinstance(server.answer(head + body, NAME, 0.0, is_known=False), Drop)
    assert heard == []


async def test_datagrams_larger_than_any_packet_are_malformed(lecture, stranger, flood, drops):
    sizes = [1664, 2000, 9000, 65_507]
    await flood(stranger(), [b"\x80" * size for size in sizes])
    await flood(lecture.lecturer.send_raw, [b"\x80" * size for size in sizes])
    assert drops("malformed") == 8
    assert await lecture.is_unharmed()


async def test_garbage_in_the_name_of_a_seat_is_counted_and_kept_from_openssl(
    room, lecture, flood, drops
):
    records = [b"\x16\xfe\xfd" + secrets.token_bytes(60) for _ in range(500)]
    await flood(lecture.student.send_raw, records)
    assert drops("too_often") > 350
    media = [b"\x80\x66" + secrets.token_bytes(200) for _ in range(500)]
    await flood(lecture.lecturer.send_raw, media)
    control = [b"\x80\xc9" + secrets.token_bytes(60) for _ in range(500)]
    await flood(lecture.student.send_raw, control)
    assert drops("unreadable") == 1000
    assert await lecture.is_unharmed()
    assert room.told.lost == []


async def test_garbage_among_a_handshake_does_not_prevent_it(room, lecture, join, monkeypatch):
    send = LightClient.send_raw

    def noisily(client, datagram):
        if datagram[0] == 22:
            for size in (1, 13, 14, 60):
                send(client, b"\x16\xfe\xfd" + bytes(size))
        send(client, datagram)

    monkeypatch.setattr(LightClient, "send_raw", noisily)
    student = await join(receive=[room.told.added[0]])
    assert student.seat in room.told.ready
    assert await lecture.is_unharmed()


async def test_the_address_of_a_seat_that_is_heard_is_not_taken_from_it(room, join, lecture):
    thief = await join(receive=[room.told.added[0]])
    lecture.lecturer.send_raw(thief.check)  # as if its sender were forged
    await lecture.at_lecturer.until(lambda _: lecture.lecturer._checked.is_set())
    assert await lecture.is_unharmed()
    room.port.now += 6  # nobody was heard from there since
    assert room.port.bind(lecture.lecturer.name, room.peers[thief.seat])


async def test_nothing_is_sent_to_port_zero(room, lecture):
    nowhere = write_name("192.0.2.1", 0)
    assert room.port._check(lecture.student.check, nowhere, is_known=False) is Drop.MALFORMED
    assert room.peers[lecture.student.seat].path.remote == lecture.student.name


async def test_a_seat_whose_socket_is_gone_costs_the_others_nothing(room, join, lecture):
    leaver = await join(receive=[room.told.added[0]])
    asyncio.get_running_loop().remove_reader(leaver.socket)
    leaver.socket.close()
    leaver.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # for its own tidying
    assert await lecture.is_unharmed(200)  # each packet is answered by an ICMP error, too


async def test_what_the_kernel_refuses_to_send_is_counted(room, lecture, drops):
    nowhere = write_name("192.0.2.1", 9)  # not to be reached from a socket on loopback
    room.port.send(b"datagram", nowhere)
    room.port.send(b"datagram", write_name("2001:db8::1", 9))
    assert drops("not_taken") == 2
    assert await lecture.is_unharmed()


async def test_a_datagram_that_trips_us_takes_nobody_with_it(room, lecture, stranger, flood, drops):
    class Faulty:
        last_heard = 0.0

        def rtp_came(self, buffer, view, size):
            raise KeyError(size)

    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind(("127.0.0.1", 0))
        room.port.bind(write_name(*sock.getsockname()), Faulty())
        for _ in range(5):
            sock.sendto(b"\x80" * 40, ("127.0.0.1", room.port.port))
            lecture.say()
        assert await lecture.is_unharmed()
    assert drops("failed") == 5
