"""Hundreds of seats that receive, counted so cheaply that the counting does not show.

Where there is a C compiler a thread runs the loop of `_seats.c`; else the event loop reads, and its
own delays count as latency.
"""

import asyncio
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol

from cffi import FFI

from bench.light_client import SOUND_TYPE, VIDEO_TYPE, LightClient
from live.adapter import protect_rtcp_address
from live.datagrams import SLOT, stamp_arrivals
from live.datagrams import ffi as datagram_ffi

SOURCE: Final = Path(__file__).with_name("_seats.c")
KINDS: Final = ("video", "sound")
MEASURED: Final = 8  # every eighth seat says how late its packets are
_ARRIVALS: Final = 2_000_000

SentAt = Mapping[tuple[str, int], float]
"""By kind and sequence number when a packet was sent, in Unix seconds."""

_ffi: Final = FFI()
_ffi.cdef("""
struct stream { uint64_t received; uint32_t ssrc, highest, first, received_before,
                expected_before; uint16_t sample_size; uint8_t sample[1664]; };
struct seat { int32_t fd, is_measured; void *srtp; uint64_t report_at, check_at;
              uint8_t check[256]; uint32_t check_size; struct stream streams[2]; };
struct arrival { uint64_t at; uint32_t seat; uint16_t sequence, kind; };
struct crowd { struct seat *seats; struct arrival *arrivals; void *protect_rtcp;
               uint32_t seat_count, arrival_count, arrival_capacity;
               uint8_t types[2], is_over, is_measuring; };
int seats_layout(void);
int seats_run(struct crowd *crowd);
""")


class Crowd(Protocol):
    """All seats of one run, from their handshakes on."""

    name: str

    def received(self) -> int:
        """Media packets of all seats so far."""

    def measure(self) -> None:
        """Note from now on when packets come."""

    def late(self, sent_at: SentAt) -> list[float]:
        """Seconds from the publisher to the measured seats, of each packet."""


@contextmanager
def seated(clients: Sequence[LightClient], *, library: Any) -> Iterator[Crowd]:
    """The clients, who are connected, receive while this lasts."""
    if library is None:
        yield _PythonCrowd(clients)
        return
    crowd = _CompiledCrowd(library, clients)
    crowd.start()
    try:
        yield crowd
    finally:
        crowd.stop()


@contextmanager
def compiled() -> Iterator[Any]:
    """The loop in C; None where there is no compiler."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        yield None
        return
    with TemporaryDirectory() as folder:
        target = f"{folder}/seats.so"
        subprocess.run(
            [compiler, "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", target, str(SOURCE)],
            check=True,
        )
        library = _ffi.dlopen(target)
        layout = _ffi.sizeof("struct seat") ^ _ffi.sizeof("struct crowd") << 16
        assert library.seats_layout() == layout, "bench/_seats.c and bench/seats.py differ"
        yield library


class _CompiledCrowd:
    """The structs of `_seats.c`, and its thread."""

    name = "compiled"

    def __init__(self, library: Any, clients: Sequence[LightClient]) -> None:
        self._library = library
        self._clients = clients
        self._offsets: dict[tuple[int, int], int] = {}
        self._seats = _ffi.new("struct seat[]", max(len(clients), 1))
        self._arrivals = _ffi.new("struct arrival[]", _ARRIVALS)
        self._crowd = _ffi.new("struct crowd *")
        self._crowd.seats, self._crowd.seat_count = self._seats, len(clients)
        self._crowd.arrivals, self._crowd.arrival_capacity = self._arrivals, _ARRIVALS
        self._crowd.protect_rtcp = _ffi.cast("void *", protect_rtcp_address())
        self._crowd.types = (VIDEO_TYPE, SOUND_TYPE)
        for seat, client in zip(self._seats, clients, strict=False):
            _fill(seat, client)
        for at in range(0, len(clients), MEASURED):
            self._seats[at].is_measured = 1
        self._thread = threading.Thread(target=library.seats_run, args=(self._crowd,), name="seats")

    def start(self) -> None:
        for client in self._clients:
            asyncio.get_running_loop().remove_reader(client.socket)
        self._thread.start()

    def stop(self) -> None:
        self._crowd.is_over = 1
        self._thread.join()

    def received(self) -> int:
        return sum(stream.received for seat in self._all() for stream in seat.streams)

    def measure(self) -> None:
        self._crowd.arrival_count, self._crowd.is_measuring = 0, 1

    def late(self, sent_at: SentAt) -> list[float]:
        self._crowd.is_measuring = 0
        late = []
        for arrival in self._arrivals[0 : self._crowd.arrival_count]:
            offset = self._offset(arrival.seat, arrival.kind)
            sent = sent_at.get((KINDS[arrival.kind], arrival.sequence - offset & 0xFFFF))
            if sent is not None:
                late.append(arrival.at / 1e9 - sent)
        return late

    def _offset(self, index: int, kind: int) -> int:
        """How the seat's sequence numbers are ahead of the publisher's; a packet can be decrypted
        only once."""
        found = self._offsets.get((index, kind))
        if found is None:
            stream = self._seats[index].streams[kind]
            buffer = datagram_ffi.new("char[]", SLOT)
            datagram_ffi.memmove(buffer, _ffi.buffer(stream.sample), stream.sample_size)
            view = memoryview(datagram_ffi.buffer(buffer))
            found = offset_of(self._clients[index], view, buffer, stream.sample_size)
            self._offsets[index, kind] = found
        return found

    def _all(self) -> Iterator[Any]:
        return (self._seats[at] for at in range(len(self._clients)))


def _fill(seat: Any, client: LightClient) -> None:
    stamp_arrivals(client.socket)
    seat.fd = client.socket.fileno()
    seat.check_size = len(client.check)
    _ffi.memmove(seat.check, client.check, len(client.check))
    if client.dtls is not None:
        client.socket.connect(client.server)
        seat.srtp = _ffi.cast("void *", client.dtls.outbound_address)


class _PythonCrowd:
    """Read by the event loop. Nothing is reported."""

    name = "python"

    def __init__(self, clients: Sequence[LightClient]) -> None:
        self._receivers = [
            _Receiver(c, is_measured=at % MEASURED == 0) for at, c in enumerate(clients)
        ]

    def received(self) -> int:
        return sum(receiver.received for receiver in self._receivers)

    def measure(self) -> None:
        for receiver in self._receivers:
            receiver.arrivals.clear()

    def late(self, sent_at: SentAt) -> list[float]:
        return [
            at - sent
            for receiver in self._receivers
            for kind, sequence, at in receiver.arrivals
            if (sent := sent_at.get((kind, sequence))) is not None
        ]


class _Receiver:
    def __init__(self, client: LightClient, *, is_measured: bool) -> None:
        self.received = 0
        self.arrivals: list[tuple[str, int, float]] = []
        self._client = client
        self._is_measured = is_measured
        self._offsets: dict[str, int] = {}
        client.on_media = self._take

    def _take(self, view: memoryview, pointer: Any, size: int) -> None:
        kind = {VIDEO_TYPE: "video", SOUND_TYPE: "sound"}.get(view[1] & 0x7F)
        if kind is None:
            return
        self.received += 1
        if not self._is_measured:
            return
        now, sequence = time.time(), view[2] << 8 | view[3]
        if kind not in self._offsets:
            self._offsets[kind] = offset_of(self._client, view, pointer, size)
        self.arrivals.append((kind, sequence - self._offsets[kind] & 0xFFFF, now))


def offset_of(client: LightClient, view: memoryview, pointer: Any, size: int) -> int:
    """What to take from the sequence number of this packet to have the one in its payload."""
    sequence = view[2] << 8 | view[3]
    if client.dtls is not None:
        client.unprotect(pointer, size)
    at = 12 + 2
    if view[0] & 0x10:
        at += 4 + 4 * (view[14] << 8 | view[15])
    return sequence - (view[at] << 8 | view[at + 1])
