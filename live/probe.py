"""The other half of a media connection, as small as can be: does the server answer at an address?

For `daris doctor`. It offers a section of sound, proves each address of the answer by a connectivity
check, over UDP or in frames over TCP (RFC 4571), and agrees on keys over the first that answers.
"""

import asyncio
import contextlib
import secrets
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from live.adapter import Certificate, Dtls
from live.ice import is_stun, write_check

_CHECK_EVERY_SECONDS: Final = 0.4
_PATIENCE_SECONDS: Final = 3.0
_HANDSHAKE_SECONDS: Final = 5.0
_WAITING: Final = 64  # datagrams; more are dropped
_SUCCESS: Final = 0x0101
_FRAME: Final = struct.Struct("!H")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address of the answer."""

    protocol: str  # udp or tcp
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What of the SDP answer a probe needs."""

    candidates: tuple[Candidate, ...]
    ufrag: str
    password: str
    fingerprint: str

    @classmethod
    def read(cls, sdp: str) -> "Answer":
        lines = [line[2:].partition(":") for line in sdp.splitlines() if line.startswith("a=")]
        values = {name: value for name, _, value in lines}
        words = [value.split() for name, _, value in lines if name == "candidate"]
        found = (Candidate(word[2].lower(), word[4], int(word[5])) for word in words)
        return cls(
            tuple(dict.fromkeys(found)),
            values["ice-ufrag"],
            values["ice-pwd"],
            values["fingerprint"],
        )


class Probe:
    """One offer, and the looks at what answers it."""

    def __init__(self) -> None:
        self._certificate = Certificate()
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(12)

    @property
    def offer(self) -> str:
        lines = (
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111",
            "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{self._ufrag}",
            f"a=ice-pwd:{self._password}",
            f"a=fingerprint:{self._certificate.fingerprint}",
            "a=setup:actpass",
            "a=mid:0",
            "a=sendrecv",
            "a=rtcp-mux",
            "a=rtpmap:111 opus/48000/2",
            f"a=ssrc:{secrets.randbits(31) + 1} cname:doctor",
        )
        return "\r\n".join(lines) + "\r\n"

    async def answers(self, answer: Answer, candidate: Candidate) -> bool:
        """Whether a connectivity check to the candidate is answered."""
        async with _line(candidate) as line:
            return line is not None and await self._check(answer, line)

    async def agrees(self, answer: Answer, candidate: Candidate) -> bool:
        """Whether keys can be agreed there, by DTLS: then media would flow."""
        async with _line(candidate) as line:
            if line is None or not await self._check(answer, line):
                return False
            return await self._shake_hands(answer, line)

    async def _check(self, answer: Answer, line: "Line") -> bool:
        check = write_check(f"{answer.ufrag}:{self._ufrag}", answer.password.encode())
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while True:
                    line.send(check)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_CHECK_EVERY_SECONDS):
                            if _is_success(await line.came.get()):
                                return True
        except TimeoutError:
            return False

    async def _shake_hands(self, answer: Answer, line: "Line") -> bool:
        dtls = Dtls(self._certificate, is_server=False, send=line.send)
        name, value = answer.fingerprint.split()
        async with asyncio.TaskGroup() as tasks:
            feeding = tasks.create_task(_feed(dtls, line), name="probe-feed")
            try:
                async with asyncio.timeout(_HANDSHAKE_SECONDS):
                    return await dtls.handshake([(name, value)])
            except TimeoutError:
                return False
            finally:
                feeding.cancel()
                await dtls.aclose()


class Line(asyncio.DatagramProtocol):
    """What goes to a candidate and comes from it, datagram by datagram."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)
        self._writer: asyncio.StreamWriter | None = None
        self._transport: asyncio.DatagramTransport | None = None

    def use(self, way: asyncio.DatagramTransport | asyncio.StreamWriter) -> None:
        if isinstance(way, asyncio.StreamWriter):
            self._writer = way
        else:
            self._transport = way

    def send(self, datagram: bytes) -> None:
        if self._writer is not None:
            self._writer.write(_FRAME.pack(len(datagram)) + datagram)
        elif self._transport is not None:
            self._transport.sendto(datagram)

    def datagram_received(self, data: bytes, addr: object) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self.came.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        """Refused by the other machine, perhaps only for now: the checks go on until they give up."""

    async def read_frames(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                (size,) = _FRAME.unpack(await reader.readexactly(_FRAME.size))
                self.datagram_received(await reader.readexactly(size), None)


@asynccontextmanager
async def _line(candidate: Candidate) -> AsyncIterator[Line | None]:
    """A line to the candidate; None where there can be none."""
    opened = _tcp if candidate.protocol == "tcp" else _udp
    async with opened(candidate) as line:
        yield line


@asynccontextmanager
async def _udp(candidate: Candidate) -> AsyncIterator[Line | None]:
    loop, line = asyncio.get_running_loop(), Line()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: line, remote_addr=(candidate.host, candidate.port)
        )
    except OSError:
        yield None
        return
    line.use(transport)
    try:
        yield line
    finally:
        transport.close()


@asynccontextmanager
async def _tcp(candidate: Candidate) -> AsyncIterator[Line | None]:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection(candidate.host, candidate.port)
    except OSError:  # TimeoutError is one
        yield None
        return
    line = Line()
    line.use(writer)
    try:
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(line.read_frames(reader), name="probe-frames")
            yield line
            reading.cancel()
    finally:
        writer.close()


async def _feed(dtls: Dtls, line: Line) -> None:
    while True:
        datagram = await line.came.get()
        if not is_stun(datagram):
            dtls.feed(datagram)


def _is_success(datagram: bytes) -> bool:
    return is_stun(datagram) and int.from_bytes(datagram[:2], "big") == _SUCCESS
