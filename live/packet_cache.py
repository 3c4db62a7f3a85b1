"""The last packets of one track, by sequence number: for batches, NACKs and duplicates."""

from typing import Any, NamedTuple

from live.datagrams import ffi
from live.leg import LONGEST_PAYLOAD


class Cached(NamedTuple):
    """A packet in the cache; the payload is overwritten when the ring comes round."""

    payload: Any
    size: int
    timestamp: int
    marker: int


class PacketCache:
    """A ring of `capacity` packets, a power of two. The payloads never move."""

    def __init__(self, capacity: int) -> None:
        assert capacity & (capacity - 1) == 0, "a power of two"
        self._mask = capacity - 1
        self._arena = ffi.new("char[]", LONGEST_PAYLOAD * capacity)
        self._pointers: list[Any] = [self._arena + LONGEST_PAYLOAD * i for i in range(capacity)]
        self._sequences = [-1] * capacity
        self._sizes = [0] * capacity
        self._timestamps = [0] * capacity
        self._markers = [0] * capacity

    def put(self, sequence: int, timestamp: int, marker: int, payload: Any, size: int, /) -> Any:
        """Copy a packet in and return where its payload now stands; None for a duplicate."""
        at = sequence & self._mask
        if self._sequences[at] == sequence:
            return None
        pointer = self._pointers[at]
        ffi.memmove(pointer, payload, size)
        self._sequences[at] = sequence
        self._sizes[at] = size
        self._timestamps[at] = timestamp
        self._markers[at] = marker
        return pointer

    def get(self, sequence: int) -> Cached | None:
        at = sequence & self._mask
        if self._sequences[at] != sequence:
            return None
        return Cached(self._pointers[at], self._sizes[at], self._timestamps[at], self._markers[at])
