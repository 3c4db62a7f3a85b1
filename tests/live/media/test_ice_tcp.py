"""Media by TCP: framed light clients, and what strangers may not do."""

import asyncio
import socket
import struct
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.light_client import VIDEO_TYPE, LightClient, rtp_packet
from live import ice_tcp
from live.datagrams import SLOT
from live.ice import write_check
from live.ice_tcp import CARRIED, LATE, REFUSED, Frames, IceTcp, neighbourhood, open_ice_tcp
from live.messages import Source

KEY = b"\x67\x42\x00\x1f"
FRAME = struct.Struct("!H")


def framed(datagram):
    return FRAME.pack(len(datagram)) + datagram


# ---------------------------------------------------------------- frames


@given(st.lists(st.binary(min_size=1, max_size=200)), st.integers(1, 50))
def test_frames_survive_any_cutting(datagrams, cut):
    stream = b"".join(map(framed, datagrams))
    frames, found = Frames(), []
    for at in range(0, len(stream), cut):
        found += frames.feed(stream[at : at + cut])
    assert found == datagrams


def test_an_empty_frame_is_passed_over():
    assert list(Frames().feed(framed(b"") + framed(b"x"))) == [b"x"]


def test_a_frame_that_no_datagram_could_be_is_refused_before_it_has_come():
    with pytest.raises(ValueError, match="larger"):
        list(Frames().feed(FRAME.pack(SLOT + 1)))


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%lo", "fe80::2%lo", True),
    ],
)
def test_customers_are_told_apart(one, other, are_one):
    assert (neighbourhood(one) == neighbourhood(other)) == are_one


# ---------------------------------------------------------------- connections


@pytest.fixture
async def carriers(media_port):
    """Listening on a port of its own."""
    async with open_ice_tcp(media_port, 0) as opened:
        yield opened


class TcpClient(LightClient):
    """A light client whose datagrams go and come as frames."""

    async def connect(self, answer):
        host = self.socket.getsockname()[0]
        (words,) = (
            line.split()
            for line in answer.splitlines()
            if f" {host} " in line and line.endswith("tcptype passive")
        )
        udp, there = self.socket, socket.socket(self.socket.family, socket.SOCK_DGRAM)
        there.bind((host, 0))
        udp.connect(there.getsockname())
        there.connect(udp.getsockname())
        there.setblocking(False)
        self.reader, self.writer = await asyncio.open_connection(words[4], int(words[5]))
        asyncio.get_running_loop().add_reader(
            there, lambda: self.writer.write(framed(there.recv(SLOT)))
        )
        self.there = there
        self.pump = asyncio.create_task(self._pump(), name="frames to the client")
        await super().connect(answer)

    def send_raw(self, datagram):
        self.socket.send(datagram)

    async def _pump(self):
        while True:
            (size,) = FRAME.unpack(await self.reader.readexactly(2))
            self.there.send(await self.reader.readexactly(size))

    async def aclose(self):
        await super().aclose()
        self.pump.cancel()
        await asyncio.gather(self.pump, return_exceptions=True)
        asyncio.get_running_loop().remove_reader(self.there)
        self.there.close()
        self.writer.close()


@pytest.mark.parametrize(
    ("media_port", "host"),
    [("", "127.0.0.1"), ("::", "127.0.0.1"), ("::", "::1")],
    indirect=["media_port"],
)
async def test_a_seat_hears_and_speaks_by_tcp(room, join, carriers, media_port, host):
    speaker = await join(send=[("video", Source.CAMERA)], kind=TcpClient, host=host)
    listener = await join(receive=[room.told.added[0]], kind=TcpClient, host=host)
    heard = asyncio.Event()
    listener.on_media = lambda view, _, __: None if 192 <= view[1] < 224 else heard.set()
    packet = rtp_packet(VIDEO_TYPE, 1, 3000, speaker.ssrcs["0"], KEY)
    speaker.send_raw(speaker.protect(packet))
    async with asyncio.timeout(10):
        await heard.wait()
    assert len(carriers) == 2


def test_the_bounds_follow_from_the_files_that_the_process_may_open():
    assert 8 <= IceTcp(None).most <= 1000


@asynccontextmanager
async def dialled(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port.tcp_port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def is_ended(reader):
    async with asyncio.timeout(10):
        try:
            while await reader.read(4096):
                pass
        except ConnectionResetError:
            pass
    return True


async def until(claim):
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110 - told by nobody
            await asyncio.sleep(0)


def refused(reason):
    return REFUSED.labels(reason)._value.get()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (framed(b"GET / HTTP/1.1\r\n\r\n" * 3), "unknown"),
        (framed(write_check("nobody:x", b"guess")), "unknown"),
        (b"GET / HTTP/1.1\r\n\r\n", "malformed"),
    ],
    ids=["no check", "a check of a stranger", "no frame"],
)
async def test_who_does_not_begin_with_a_check_of_ours_is_ended(media_port, carriers, data, reason):
    before = refused(reason)
    async with dialled(media_port) as (reader, writer):
        writer.write(data)
        assert await is_ended(reader)
    assert refused(reason) == before + 1
    assert len(carriers) == 0


async def test_who_says_nothing_is_ended(media_port, carriers, monkeypatch):
    monkeypatch.setattr(ice_tcp, "FIRST_FRAME_SECONDS", 0.05)
    before = refused("silent")
    async with dialled(media_port) as (reader, _):
        assert await is_ended(reader)
    assert refused("silent") == before + 1


async def test_who_falls_silent_is_ended(room, media_port, carriers, monkeypatch):
    monkeypatch.setattr(ice_tcp, "FIRST_FRAME_SECONDS", 0.05)
    monkeypatch.setattr(ice_tcp, "IDLE_SECONDS", 0.1)
    credentials = room.stage.connect("seat").path.credentials
    async with dialled(media_port) as (reader, writer):
        check = write_check(f"{credentials.ufrag}:x", credentials.password.encode())
        writer.write(framed(check))
        (size,) = FRAME.unpack(await reader.readexactly(2))
        assert (await reader.readexactly(size))[:2] == b"\x01\x01"
        assert await is_ended(reader)


async def test_half_of_all_may_come_from_one_address(media_port, carriers):
    carriers.most = 4
    before = refused("too_many"), CARRIED._value.get()
    async with dialled(media_port), dialled(media_port):
        async with dialled(media_port) as (reader, _):
            assert await is_ended(reader)
        assert refused("too_many") == before[0] + 1
        assert CARRIED._value.get() == before[1] + 2


async def test_who_reads_slowly_loses_datagrams_and_memory_stays_bounded(
    room, media_port, carriers, monkeypatch
):
    monkeypatch.setattr(ice_tcp, "MOST_WAITING_BYTES", 20_000)
    peer = room.stage.connect("seat")
    credentials = peer.path.credentials
    before = LATE._value.get()
    async with dialled(media_port) as (_, writer):
        check = write_check(f"{credentials.ufrag}:x", credentials.password.encode())
        writer.transport.pause_reading()
        writer.write(framed(check))
        async with asyncio.timeout(10):
            await peer._reachable.wait()
            while LATE._value.get() == before:
                for _ in range(20):
                    media_port.send(bytes(1200), peer.path.remote)
                await asyncio.sleep(0)
        (carrier,) = carriers._carriers
        assert carrier._transport.get_write_buffer_size() < 20_000 + 64 * 1202


async def test_a_number_that_is_taken_keeps_nothing_from_starting(media_port):
    with socket.create_server(("127.0.0.1", 0)) as other:
        async with open_ice_tcp(media_port, other.getsockname()[1]):
            assert media_port.tcp_port == 0
            assert not any(endpoint.is_tcp for endpoint in media_port.endpoints)


async def test_answers_name_tcp_behind_udp(media_port, carriers):
    assert [endpoint.is_tcp for endpoint in media_port.endpoints] == [False, True]
    assert media_port.endpoints[1].port == media_port.tcp_port


async def test_behind_a_closed_listener_nobody_is_carried(media_port):
    async with open_ice_tcp(media_port, 0) as carriers, dialled(media_port) as (reader, _):
        await until(lambda: len(carriers))
        carriers.close()
        assert await is_ended(reader)
