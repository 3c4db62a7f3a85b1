"""What tests of the media engine share.

times     (presentation time, decode time, duration) of each sample in fragments
"""

from collections.abc import Callable, Iterator
from struct import iter_unpack, unpack_from

import pytest

Times = list[tuple[int, int, int]]


@pytest.fixture
def times() -> Callable[[bytes], Times]:
    return lambda data: [sample for moof in _boxes(data, b"moof") for sample in _samples(moof)]


def _samples(moof: bytes) -> Iterator[tuple[int, int, int]]:
    (traf,) = _boxes(moof, b"traf")
    (tfdt,), (trun,) = _boxes(traf, b"tfdt"), _boxes(traf, b"trun")
    (decoded,) = unpack_from(">Q", tfdt, 4)
    has_shift = unpack_from(">I", trun)[0] & 0x800
    for duration, _, _, *shift in iter_unpack(">IIIi" if has_shift else ">III", trun[12:]):
        yield decoded + sum(shift), decoded, duration
        decoded += duration


def _boxes(data: bytes, name: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        size, kind = unpack_from(">I4s", data, at)
        if kind == name:
            found.append(data[at + 8 : at + size])
        at += size
    return found
