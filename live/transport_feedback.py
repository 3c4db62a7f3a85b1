"""Transport-wide congestion control: when each packet of a publisher came.

Chromium estimates its bandwidth from it and climbs (draft-holmer-rmcat-transport-wide-cc-extensions-01).
"""

import struct
from collections.abc import Sequence
from typing import Final

_RTPFB: Final = 205
_FMT: Final = 15
_TICK_SECONDS: Final = 0.00025
_REFERENCE_TICKS: Final = 256  # 64 ms
_MOST_PACKETS: Final = 400  # in one feedback; fits a datagram
_MOST_FEEDBACKS: Final = 4  # at a time
_FARTHEST: Final = 2000  # sequence numbers; a jump beyond it begins anew
_SYMBOLS: Final = 7  # two-bit symbols in a chunk
_VECTOR: Final = 0xC000


class ArrivalLog:
    """Notes arrivals by transport-wide sequence number and reports them in batches."""

    def __init__(self) -> None:
        self._arrivals: dict[int, float] = {}  # unwrapped sequence number -> seconds
        self._next: int | None = None  # the first one that was not reported
        self._newest = 0
        self._feedbacks = 0

    def note(self, sequence: int, at: float) -> None:
        if self._next is None:
            self._next = self._newest = sequence
        ahead = _signed(sequence - self._newest)
        unwrapped = self._newest + ahead
        if abs(ahead) > _FARTHEST:
            self._arrivals.clear()
            self._next = self._newest = unwrapped
        self._newest = max(self._newest, unwrapped)
        if len(self._arrivals) < 4 * _MOST_PACKETS:
            self._arrivals.setdefault(unwrapped, at)

    def reports(self, own: int, media: int) -> list[bytes]:
        """The feedback packets that are due; [] when nothing came."""
        found: list[bytes] = []
        while self._arrivals and self._next is not None and len(found) < _MOST_FEEDBACKS:
            first = min(self._arrivals)
            base = first if first < self._next or first - self._next > _MOST_PACKETS else self._next
            end = min(max(self._arrivals) + 1, base + _MOST_PACKETS)
            times = [self._arrivals.pop(sequence, None) for sequence in range(base, end)]
            found.append(write_feedback(own, media, base, times, self._feedbacks))
            self._feedbacks += 1
            self._next = max(self._next, end)
        self._arrivals.clear()  # what is left had numbers far apart, as no sender counts
        return found


def write_feedback(
    own: int, media: int, base: int, times: Sequence[float | None], count: int
) -> bytes:
    """One feedback for the packets from `base` on; None stands for one that did not come."""
    earliest = min(time for time in times if time is not None)
    reference = int(earliest / _TICK_SECONDS) // _REFERENCE_TICKS
    symbols, deltas = _deltas(times, reference * _REFERENCE_TICKS)
    fci = struct.pack(
        "!HHI",
        base & 0xFFFF,
        len(times),
        (reference & 0xFFFFFF) << 8 | count & 0xFF,
    )
    body = struct.pack("!II", own, media) + fci + _chunks(symbols) + deltas
    body += bytes(-len(body) % 4)
    return struct.pack("!BBH", 0x80 | _FMT, _RTPFB, len(body) // 4) + body


def _deltas(times: Sequence[float | None], before: int) -> tuple[list[int], bytes]:
    """A symbol for each packet, and the encoded distance from the one before."""
    symbols: list[int] = []
    deltas = bytearray()
    for time in times:
        if time is None:
            symbols.append(0)
            continue
        ticks = int(time / _TICK_SECONDS)
        delta = max(-0x8000, min(0x7FFF, ticks - before))
        before += delta
        if 0 <= delta <= 0xFF:
            symbols.append(1)
            deltas.append(delta)
        else:
            symbols.append(2)
            deltas += struct.pack("!h", delta)
    return symbols, bytes(deltas)


def _chunks(symbols: Sequence[int]) -> bytes:
    chunks = bytearray()
    for at in range(0, len(symbols), _SYMBOLS):
        chunk = _VECTOR
        for place, symbol in enumerate(symbols[at : at + _SYMBOLS]):
            chunk |= symbol << (12 - 2 * place)
        chunks += struct.pack("!H", chunk)
    return bytes(chunks)


def _signed(distance: int) -> int:
    return (distance + 0x8000 & 0xFFFF) - 0x8000
