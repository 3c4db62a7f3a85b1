"""The hot path: a track's packets to all its legs, encrypted and sent in batches.

The loop exists twice behind `Fanout` and `Fan`: compiled (live/_fanout.c) where set-up found a
C compiler, else in Python over cffi. No object is made per leg, nothing is parsed, logged or
awaited; bench/forwarding.py measures it. One thread, because libsrtp's sessions are not safe.
"""

import errno
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from live.adapter import protect_function
from live.build_fanout import LIBRARY
from live.datagrams import SLOT, ffi, libc

LONGEST_PAYLOAD: Final = 1472
SLOTS: Final = 256  # datagrams in one batch
BATCH: Final = 128  # packets of a track that wait for the next forward()

_SEGMENTS: Final = 60
_LARGEST_GSO: Final = 64_000
_PATIENCE_WITH_GSO: Final = 8
_UDP_SEGMENT: Final = 103
_GSO_REFUSALS: Final = {errno.EIO, errno.EINVAL, errno.EMSGSIZE}

ffi.cdef("""
struct packet { const uint8_t *payload; uint32_t timestamp; uint16_t sequence, size;
                uint8_t marker, starts_key; };
struct leg { void *srtp; uint32_t ssrc, timestamp_offset, packets, packets_before,
             octets, last_timestamp; uint16_t sequence_offset, last_sequence;
             uint8_t payload_type, waits, extension_size, name_size;
             uint8_t extension[24], name[28]; };
int fanout_layout(void);
size_t fanout_size(void);
void fanout_open(void *fanout, int fd, void *protect, int gso);
void fanout_counts(const void *fanout, uint64_t counts[4]);
void fanout_forward(void *fanout, struct leg *legs, int leg_count,
                    const struct packet *packets, int packet_count);
""")


class Waits(IntEnum):
    """What a leg waits for before it takes packets; then its sequence goes on without a gap."""

    NOTHING = 0
    ANY = 1
    KEY = 2
    PAUSED = 3


@dataclass(slots=True, eq=False)
class Leg:
    """One track on its way to one seat. The loop owns what is below the line."""

    outbound: Any  # libsrtp session, as cdata
    outbound_address: int
    name: bytes  # raw socket address
    ssrc: int
    payload_type: int
    timestamp_offset: int
    extension: bytes = b""  # whole RTP header extension, a multiple of four bytes
    waits: Waits = Waits.KEY
    # ----
    index: int = -1
    packets: int = 0
    packets_before: int = 0
    octets: int = 0
    last_timestamp: int = 0
    sequence_offset: int = 0
    last_sequence: int = 0
    name_cell: Any = None


class Sent(NamedTuple):
    """What a leg has sent so far; `packets_before` of them before it last had to wait."""

    packets: int
    packets_before: int
    octets: int
    last_timestamp: int
    sequence_offset: int
    last_sequence: int


class Counts(NamedTuple):
    """Datagrams since the start, and whether GSO is still in use."""

    sent: int
    dropped: int
    unprotected: int
    gso: bool


class Fan(Protocol):
    """The legs of one track."""

    def add(self, leg: Leg) -> None: ...
    def remove(self, leg: Leg) -> None: ...
    def wait(self, leg: Leg, waits: Waits) -> None: ...
    def wait_all(self, waits: Waits) -> None:
        """Like `wait` for every leg that is not paused."""

    def redirect(self, leg: Leg, name: bytes) -> None: ...
    def sent(self, leg: Leg) -> Sent: ...
    def push(  # noqa: PLR0917 - once a packet: keywords cost
        self, payload: Any, size: int, sequence: int, timestamp: int, marker: int, key: int, /
    ) -> None:
        """Queue a packet for `forward`; its payload stays where it is until then.

        The caller forwards before `BATCH` packets wait.
        """

    def forward(self) -> None:
        """Send what was pushed to every leg."""


class Fanout(Protocol):
    """A way of doing it, over one socket."""

    name: str

    def fan(self) -> Fan: ...
    def counts(self) -> Counts: ...


def open_fanout(fd: int, *, library: Path | None = LIBRARY, gso: bool = True) -> Fanout:
    """The compiled loop where it is built and fits, else the one in Python."""
    compiled = _load(library) if library is not None and library.exists() else None
    return PythonFanout(fd, gso=gso) if compiled is None else CompiledFanout(compiled, fd, gso=gso)


def _load(library: Path) -> Any:
    """The library, or None where it is of another machine or of another version of the structs."""
    try:
        compiled = ffi.dlopen(str(library))
        layout = compiled.fanout_layout()
    except (OSError, AttributeError):
        return None
    ours = ffi.sizeof("struct packet") * 1000 + ffi.sizeof("struct leg")
    return compiled if layout == ours else None


# ---------------------------------------------------------------- compiled


class CompiledFanout:
    """The loop of live/_fanout.c."""

    name = "compiled"

    def __init__(self, library: Any, fd: int, *, gso: bool) -> None:
        self._library = library
        self._state = ffi.new("char[]", library.fanout_size() + 64)
        address = int(ffi.cast("uintptr_t", self._state))
        self._aligned = self._state + (-address) % 64
        protect = ffi.cast("void *", protect_function()[1])
        library.fanout_open(self._aligned, fd, protect, int(gso))

    def fan(self) -> Fan:
        return CompiledFan(self._library, self._aligned)

    def counts(self) -> Counts:
        counts = ffi.new("uint64_t[4]")
        self._library.fanout_counts(self._aligned, counts)
        return Counts(counts[0], counts[1], counts[2], bool(counts[3]))


class CompiledFan:
    """Legs in one array of C structs; a removed one is replaced by the last."""

    def __init__(self, library: Any, state: Any) -> None:
        self._forward = library.fanout_forward
        self._state = state
        self._packets = ffi.new("struct packet[]", BATCH)
        self._slots: list[Any] = [self._packets[i] for i in range(BATCH)]
        self._waiting = 0
        self._capacity = 8
        self._structs = ffi.new("struct leg[]", self._capacity)
        self._legs: list[Leg] = []

    def add(self, leg: Leg) -> None:
        if len(self._legs) == self._capacity:
            self._grow()
        leg.index = len(self._legs)
        self._legs.append(leg)
        struct_ = self._structs[leg.index]
        struct_.srtp = ffi.cast("void *", leg.outbound_address)
        struct_.ssrc, struct_.payload_type = leg.ssrc, leg.payload_type
        struct_.timestamp_offset, struct_.waits = leg.timestamp_offset, leg.waits
        struct_.packets, struct_.octets = leg.packets, leg.octets
        struct_.last_sequence = leg.last_sequence
        struct_.extension_size = len(leg.extension)
        ffi.memmove(struct_.extension, leg.extension, len(leg.extension))
        self.redirect(leg, leg.name)

    def _grow(self) -> None:
        larger = ffi.new("struct leg[]", self._capacity * 2)
        ffi.memmove(larger, self._structs, self._capacity * ffi.sizeof("struct leg"))
        self._structs, self._capacity = larger, self._capacity * 2

    def remove(self, leg: Leg) -> None:
        sent = self.sent(leg)
        leg.packets, leg.octets, leg.last_sequence = sent.packets, sent.octets, sent.last_sequence
        last = self._legs.pop()
        if last is not leg:
            self._structs[leg.index] = self._structs[last.index]
            self._legs[leg.index] = last
            last.index = leg.index
        leg.index = -1

    def wait(self, leg: Leg, waits: Waits) -> None:
        leg.waits = waits
        self._structs[leg.index].waits = waits

    def wait_all(self, waits: Waits) -> None:
        for leg in self._legs:
            if self._structs[leg.index].waits != Waits.PAUSED:
                self.wait(leg, waits)

    def redirect(self, leg: Leg, name: bytes) -> None:
        leg.name = name
        struct_ = self._structs[leg.index]
        struct_.name_size = len(name)
        ffi.memmove(struct_.name, name, len(name))

    def sent(self, leg: Leg) -> Sent:
        of = self._structs[leg.index]
        return Sent(
            of.packets,
            of.packets_before,
            of.octets,
            of.last_timestamp,
            of.sequence_offset,
            of.last_sequence,
        )

    def push(  # noqa: PLR0917
        self, payload: Any, size: int, sequence: int, timestamp: int, marker: int, key: int, /
    ) -> None:
        slot = self._slots[self._waiting]
        slot.payload = payload
        slot.size = size
        slot.sequence = sequence
        slot.timestamp = timestamp
        slot.marker = marker
        slot.starts_key = key
        self._waiting += 1

    def forward(self) -> None:
        waiting, self._waiting = self._waiting, 0
        if self._legs:
            self._forward(self._state, self._structs, len(self._legs), self._packets, waiting)


# ---------------------------------------------------------------- Python


class PythonFanout:
    """The same loop in Python: header into a buffer, SRTP in place, sendmmsg with GSO."""

    name = "python"

    def __init__(self, fd: int, *, gso: bool) -> None:
        self.outbox = _Outbox(fd, gso=gso)

    def fan(self) -> Fan:
        return PythonFan(self.outbox)

    def counts(self) -> Counts:
        box = self.outbox
        return Counts(box.sent, box.dropped, box.unprotected, box.gso)


class PythonFan:
    """Legs in a list; their state is in the objects themselves."""

    def __init__(self, outbox: "_Outbox") -> None:
        self._outbox = outbox
        self._legs: list[Leg] = []
        self._packets: list[tuple[Any, int, int, int, int, int]] = []

    def add(self, leg: Leg) -> None:
        leg.index = len(self._legs)
        self._legs.append(leg)
        self.redirect(leg, leg.name)

    def remove(self, leg: Leg) -> None:
        last = self._legs.pop()
        if last is not leg:
            self._legs[leg.index] = last
            last.index = leg.index
        leg.index = -1

    def wait(self, leg: Leg, waits: Waits) -> None:
        leg.waits = waits

    def wait_all(self, waits: Waits) -> None:
        for leg in self._legs:
            if leg.waits != Waits.PAUSED:
                leg.waits = waits

    def redirect(self, leg: Leg, name: bytes) -> None:
        leg.name = name
        leg.name_cell = ffi.new("char[]", name)

    def sent(self, leg: Leg) -> Sent:
        return Sent(
            leg.packets,
            leg.packets_before,
            leg.octets,
            leg.last_timestamp,
            leg.sequence_offset,
            leg.last_sequence,
        )

    def push(  # noqa: PLR0917
        self, payload: Any, size: int, sequence: int, timestamp: int, marker: int, key: int, /
    ) -> None:
        self._packets.append((payload, size, sequence, timestamp, marker << 7, key))

    def forward(self) -> None:
        packets = self._packets
        put = self._outbox.put
        for leg in self._legs:
            for packet in packets:
                if not leg.waits or _takes(leg, packet):
                    put(leg, packet)
        packets.clear()
        self._outbox.flush()


def _takes(leg: Leg, packet: tuple[Any, int, int, int, int, int]) -> bool:
    if leg.waits == Waits.PAUSED or (leg.waits == Waits.KEY and not packet[5]):
        return False
    leg.packets_before = leg.packets
    leg.last_sequence = (leg.last_sequence + 1) & 0xFFFF
    leg.sequence_offset = (leg.last_sequence - packet[2]) & 0xFFFF
    leg.waits = Waits.NOTHING
    return True


class _Outbox:
    """A batch of datagrams on its way to the kernel; runs of equal size to one leg are one."""

    def __init__(self, fd: int, *, gso: bool) -> None:
        self.sent = self.dropped = self.unprotected = 0
        self.gso = gso
        self._fd = fd
        self._refusals = 0
        self._protect = protect_function()[0]
        self._size = ffi.new("int *")
        self._arena = ffi.new("char[]", SLOT * SLOTS)
        self._view = memoryview(ffi.buffer(self._arena))
        self._slots: list[Any] = [self._arena + SLOT * i for i in range(SLOTS)]
        self._piece_array = ffi.new("struct iovec[]", SLOTS)
        self._pieces: list[Any] = [self._piece_array[i] for i in range(SLOTS)]
        self._piece_pointers: list[Any] = [self._piece_array + i for i in range(SLOTS)]
        for piece, slot in zip(self._pieces, self._slots, strict=True):
            piece.iov_base = slot
        self._messages = ffi.new("struct mmsghdr[]", SLOTS)
        self._headers: list[Any] = [self._messages[i].msg_hdr for i in range(SLOTS)]
        self._controls: list[Any] = [ffi.new("char[24]") for _ in range(SLOTS)]
        self._filled = self._count = 0
        self._owner: Leg | None = None
        self._runs: list[int] = [0] * SLOTS  # segments in each message
        self._segment = self._total = 0  # of the last message
        self._is_open = False  # whether the last message takes another segment
        self._pack = struct.Struct("!BBHII").pack_into

    def put(self, leg: Leg, packet: tuple[Any, int, int, int, int, int]) -> None:
        payload, size, sequence, timestamp, marker, _ = packet
        filled = self._filled
        if filled == SLOTS:
            self.flush()
            filled = 0
        sequence = (sequence + leg.sequence_offset) & 0xFFFF
        timestamp = (timestamp + leg.timestamp_offset) & 0xFFFFFFFF
        slot, head = self._slots[filled], 12
        first = 0x80
        if leg.extension:
            first, head = 0x90, 12 + len(leg.extension)
            at = SLOT * filled + 12
            self._view[at : at + head - 12] = leg.extension
        kind = marker | leg.payload_type
        self._pack(self._view, SLOT * filled, first, kind, sequence, timestamp, leg.ssrc)
        ffi.memmove(slot + head, payload, size)
        if 0 < (sequence - leg.last_sequence) & 0xFFFF < 0x8000:
            leg.last_sequence = sequence
        leg.last_timestamp = timestamp
        leg.packets += 1
        leg.octets += size
        cell = self._size
        cell[0] = head + size
        if self._protect(leg.outbound, slot, cell):
            self.unprotected += 1
        else:
            self._append(leg, cell[0])

    def _append(self, leg: Leg, size: int) -> None:
        filled = self._filled
        self._pieces[filled].iov_len = size
        if (
            self._is_open
            and leg is self._owner
            and size <= self._segment
            and self._total + size <= _LARGEST_GSO
        ):
            self._runs[self._count - 1] += 1
            self._total += size
            self._is_open = size == self._segment and self._runs[self._count - 1] < _SEGMENTS
        else:
            self._begin(leg, size)
        self._filled = filled + 1

    def _begin(self, leg: Leg, size: int) -> None:
        if self._owner is not None:
            self._seal()
        header = self._headers[self._count]
        header.msg_name = leg.name_cell
        header.msg_namelen = len(leg.name)
        header.msg_iov = self._piece_pointers[self._filled]
        self._runs[self._count] = 1
        self._count += 1
        self._owner, self._segment, self._total = leg, size, size
        self._is_open = self.gso

    def _seal(self) -> None:
        """Finish the last message now that its number of segments is known."""
        at = self._count - 1
        header, run = self._headers[at], self._runs[at]
        header.msg_iovlen = run
        header.msg_controllen = 0
        if run > 1:
            control = self._controls[at]
            struct.pack_into(
                "=QiiH", ffi.buffer(control), 0, 18, socket.SOL_UDP, _UDP_SEGMENT, self._segment
            )
            header.msg_control = control
            header.msg_controllen = 24

    def flush(self) -> None:
        if self._owner is not None:
            self._seal()
        done = 0
        while done < self._count:
            taken = libc.sendmmsg(
                self._fd, self._messages + done, self._count - done, socket.MSG_DONTWAIT
            )
            if taken > 0:
                self.sent += sum(self._runs[done : done + taken])
                done += taken
            elif ffi.errno != errno.EINTR:
                self._give_up(done, ffi.errno)
                done += 1
        self._filled = self._count = 0
        self._owner, self._is_open = None, False

    def _give_up(self, at: int, error: int) -> None:
        """The kernel refuses a message: send it in pieces if GSO is to blame, else drop it."""
        if self._runs[at] < 2 or error not in _GSO_REFUSALS:
            self.dropped += self._runs[at]  # a full socket buffer, or nobody there
            return
        self._refusals += 1
        self.gso = self.gso and error != errno.EIO and self._refusals < _PATIENCE_WITH_GSO
        self._send_singly(self._headers[at], self._runs[at])

    def _send_singly(self, header: Any, run: int) -> None:
        first = header.msg_iov
        header.msg_iovlen, header.msg_control, header.msg_controllen = 1, ffi.NULL, 0
        for i in range(run):
            header.msg_iov = first + i
            if libc.sendmsg(self._fd, ffi.addressof(header), socket.MSG_DONTWAIT) < 0:
                self.dropped += 1
            else:
                self.sent += 1
