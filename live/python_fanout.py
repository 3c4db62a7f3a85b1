"""The fan-out loop in Python: header into a buffer, SRTP in place, sendmmsg with UDP GSO."""

import errno
import socket
import struct
from typing import Any, Final

from live.adapter import protect_function
from live.datagrams import SLOT, ffi, libc
from live.leg import Counts, Fan, Leg, Sent, Waits

SLOTS: Final = 256  # datagrams in one batch

_SEGMENTS: Final = 60
_LARGEST_GSO: Final = 64_000
_PATIENCE_WITH_GSO: Final = 8
_UDP_SEGMENT: Final = 103
_GSO_REFUSALS: Final = {errno.EIO, errno.EINVAL, errno.EMSGSIZE}


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
