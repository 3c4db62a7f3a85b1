import pytest

from live.datagrams import ffi
from live.packet_cache import PacketCache


def put(cache, sequence, payload=b"payload"):
    return cache.put(sequence, sequence * 10, 1, ffi.from_buffer(payload), len(payload))


def test_what_was_put_is_got():
    cache = PacketCache(16)
    assert put(cache, 5, b"five") is not None
    found = cache.get(5)
    assert bytes(ffi.buffer(found.payload, found.size)) == b"five"
    assert (found.timestamp, found.marker) == (50, 1)


def test_a_packet_is_taken_once():
    cache = PacketCache(16)
    put(cache, 5)
    assert put(cache, 5) is None


def test_the_ring_forgets_the_oldest():
    cache = PacketCache(16)
    for sequence in range(20):
        put(cache, sequence)
    assert cache.get(3) is None
    assert cache.get(4) is not None


def test_the_capacity_is_a_power_of_two():
    with pytest.raises(AssertionError):
        PacketCache(100)
