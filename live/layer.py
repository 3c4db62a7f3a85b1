"""One layer of a published track: its packets in one unbroken numbering, its pace and its picture.

A track without simulcast has one layer. Publishers come back with another SSRC, sequence and time;
here they become one stream, whose RTP times count our monotonic clock, as those of all layers do.
"""

import secrets
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from live.keyframes import KeyframeRequests
from live.packet_cache import Cached, PacketCache
from live.rtp_clock import RtpClock

_SETTLE: Final = 0.8  # what of an older, higher pace is kept at each measurement


class Entry(NamedTuple):
    """Where a receiver may begin: the first packet of a key picture."""

    sequence: int
    timestamp: int
    at: float  # monotonic seconds


class Layer:
    """Event loop only; `place` is called once a packet."""

    def __init__(self, index: int, rid: str, *, capacity: int) -> None:
        self.index = index
        self.rid = rid
        self.cache = PacketCache(capacity)
        self.requests = KeyframeRequests()
        self.bps = 0.0
        """Recent bits a second, payload only."""
        self.height = 0
        """Of the last key picture, in pixels; 0 before the first."""
        self.entry: Entry | None = None
        """The newest, of the stream that feeds the layer now."""
        self.last_at = float("-inf")
        """Monotonic seconds of the last packet."""
        self.needed_at = float("-inf")
        """When somebody last wanted it."""
        self.ask: Callable[[], None] | None = None
        self._capacity = capacity
        self._highest = secrets.randbits(15)
        self._sequence_shift = self._timestamp_shift = 0
        self._is_beginning = True
        self._clock: RtpClock | None = None
        self._bytes = 0
        self._measured_at: float | None = None

    def begin(self, clock: RtpClock, ask_keyframe: Callable[[], None] | None) -> None:
        """Another stream feeds the layer from its next packet on."""
        self.begin_again()
        self._clock = clock
        self.ask = ask_keyframe

    def begin_again(self) -> None:
        """The same stream goes on after a pause, whatever its numbers did meanwhile."""
        self._is_beginning = True
        self.entry = None

    def place(self, sequence: int, timestamp: int, ticks: int) -> tuple[int, int] | None:
        """The packet's numbers in the unbroken stream; None when it is too late for the cache."""
        if self._is_beginning:
            self._sequence_shift = self._highest + 1 - sequence
            self._timestamp_shift = ticks - timestamp
            self._is_beginning = False
        sequence = (sequence + self._sequence_shift) & 0xFFFF
        ahead = (sequence - self._highest) & 0xFFFF
        if ahead < 0x8000:
            self._highest = sequence
        elif 0x10000 - ahead >= self._capacity:
            return None
        return sequence, (timestamp + self._timestamp_shift) & 0xFFFFFFFF

    def keep(self, sequence: int, timestamp: int, marker: int, payload: Any, size: int, /) -> Any:
        """Cache the placed packet and return where its payload stands now; None for a duplicate."""
        where = self.cache.put(sequence, timestamp, marker, payload, size)
        if where is not None:
            self._bytes += size
        return where

    def enter(self, sequence: int, timestamp: int, now: float) -> None:
        """A receiver may begin with this packet; a key picture may have several of them."""
        before = self.entry
        if before is None or before.timestamp != timestamp:
            self.entry = Entry(sequence, timestamp, now)
        elif (sequence - before.sequence) & 0xFFFF >= 0x8000:
            self.entry = before._replace(sequence=sequence)

    def since(self, sequence: int) -> Iterator[tuple[int, Cached]]:
        """The cached packets from this one on, with their numbers."""
        for ahead in range(((self._highest - sequence) & 0xFFFF) + 1):
            number = (sequence + ahead) & 0xFFFF
            cached = self.cache.get(number)
            if cached is not None:
                yield number, cached

    def timestamp_at(self, now: float) -> int | None:
        """The RTP time of our moment `now`, by the publisher's reports; None before the first."""
        rtp = self._clock.rtp_at(now) if self._clock is not None else None
        return None if rtp is None else (rtp + self._timestamp_shift) & 0xFFFFFFFF

    def measure(self, now: float) -> None:
        """Take the pace since the last call; it falls slowly, since pictures come in bursts."""
        before, self._measured_at = self._measured_at, now
        if before is not None and now > before:
            pace = self._bytes * 8 / (now - before)
            self.bps = max(pace, self.bps * _SETTLE)
        self._bytes = 0
