"""The fan-out loop in Python: header into a buffer, SRTP in place, sendmmsg with UDP GSO."""

import errno
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any, Final

from live.adapter import protect_function
from live.datagrams import SLOT, ffi, libc
from live.leg import NO_LAYER, NO_RUN, Counts, Fan, Leg, Run, Sent, send_time

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


_Packet = tuple[Any, int, int, int, int, int, int, int]


class PythonFan:
    """Legs in a list; their state is in the objects themselves."""

    def __init__(self, outbox: "_Outbox") -> None:
        self._outbox = outbox
        self._legs: list[Leg] = []
        self._packets: list[_Packet] = []

    def add(self, leg: Leg) -> None:
        leg.index = len(self._legs)
        leg.accepts, leg.now, leg.before = NO_LAYER, NO_RUN, NO_RUN
        self._legs.append(leg)
        self.redirect(leg, leg.name)

    def remove(self, leg: Leg) -> None:
        last = self._legs.pop()
        if last is not leg:
            self._legs[leg.index] = last
            last.index = leg.index
        leg.index = -1

    def aim(self, leg: Leg, layer: int) -> None:
        leg.target = layer
        if layer == NO_LAYER:
            leg.accepts = NO_LAYER

    def hold(self, layer: int) -> None:
        for leg in self._legs:
            if leg.accepts == layer:
                leg.accepts = NO_LAYER

    def redirect(self, leg: Leg, name: bytes) -> None:
        leg.name = name
        leg.name_cell = ffi.new("char[]", name)

    def sent(self, leg: Leg) -> Sent:
        return Sent(
            leg.packets,
            leg.octets,
            leg.last_timestamp,
            leg.highest,
            leg.accepts,
            leg.now,
            leg.before,
        )

    def push(  # noqa: PLR0917
        self,
        payload: Any,
        size: int,
        sequence: int,
        timestamp: int,
        marker: int,
        key: int,
        layer: int,
        level: int,
        /,
    ) -> None:
        self._packets.append((payload, size, sequence, timestamp, marker << 7, key, layer, level))

    def forward(self) -> None:
        self._send(self._legs)

    def forward_to(self, leg: Leg) -> None:
        self._send((leg,))

    def _send(self, legs: Sequence[Leg]) -> None:
        packets = self._packets
        put = self._outbox.put
        self._outbox.stamp()
        for leg in legs:
            for packet in packets:
                if packet[6] == leg.accepts or _takes(leg, packet):
                    put(leg, packet)
        packets.clear()
        self._outbox.flush()


def _takes(leg: Leg, packet: _Packet) -> bool:
    """Whether the leg changes over with this packet; its own numbers go on without a gap."""
    _, _, sequence, timestamp, _, key, layer, _ = packet
    if layer != leg.target or not key:
        return False
    behind = leg.last_timestamp - timestamp - leg.timestamp_offset & 0xFFFFFFFF
    later = behind + 1 if leg.packets and behind < 0x80000000 else 0
    leg.before = leg.now
    leg.now = Run(
        leg.highest + 1,
        leg.highest + 1 - sequence & 0xFFFF,
        leg.timestamp_offset + later & 0xFFFFFFFF,
        layer,
    )
    leg.accepts = layer
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
        self._send_time = bytes(3)
        self._runs: list[int] = [0] * SLOTS  # segments in each message
        self._segment = self._total = 0  # of the last message
        self._is_open = False  # whether the last message takes another segment
        self._pack = struct.Struct("!BBHII").pack_into

    def stamp(self) -> None:
        """The batch that begins is sent now."""
        self._send_time = send_time(time.monotonic()).to_bytes(3, "big")

    def put(self, leg: Leg, packet: _Packet) -> None:
        payload, size, sequence, timestamp, marker, _, _, level = packet
        filled = self._filled
        if filled == SLOTS:
            self.flush()
            filled = 0
        _, sequence_offset, timestamp_offset, _ = leg.now
        sequence = (sequence + sequence_offset) & 0xFFFF
        timestamp = (timestamp + timestamp_offset) & 0xFFFFFFFF
        slot, head = self._slots[filled], 12
        first = 0x80
        if leg.extension:
            first, head = 0x90, 12 + len(leg.extension)
            at = SLOT * filled + 12
            self._view[at : at + head - 12] = leg.extension
            if leg.time_at:
                self._view[at + leg.time_at : at + leg.time_at + 3] = self._send_time
            if leg.level_at:
                self._view[at + leg.level_at] = level
        kind = marker | leg.payload_type
        self._pack(self._view, SLOT * filled, first, kind, sequence, timestamp, leg.ssrc)
        ffi.memmove(slot + head, payload, size)
        ahead = (sequence - leg.highest) & 0xFFFF
        if ahead < 0x8000:
            leg.highest += ahead
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
        if self._send_singly(self._headers[at], self._runs[at]):  # else the address was to blame
            self._refusals += 1
            self.gso = self.gso and error != errno.EIO and self._refusals < _PATIENCE_WITH_GSO

    def _send_singly(self, header: Any, run: int) -> int:
        """How many of its pieces the kernel took."""
        first, before = header.msg_iov, self.sent
        header.msg_iovlen, header.msg_control, header.msg_controllen = 1, ffi.NULL, 0
        for i in range(run):
            header.msg_iov = first + i
            if libc.sendmsg(self._fd, ffi.addressof(header), socket.MSG_DONTWAIT) < 0:
                self.dropped += 1
            else:
                self.sent += 1
        return self.sent - before
