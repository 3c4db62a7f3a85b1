"""What tests of the media engine share.

times     (presentation time, decode time, duration) of each sample in fragments
record    the folder of a finished recording of these tracks
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from struct import iter_unpack, unpack_from
from uuid import UUID

import pytest

from bench import clips
from transcode.access_unit import AccessUnit
from transcode.library import Library

Times = list[tuple[int, int, int]]


@pytest.fixture
def times() -> Callable[[bytes], Times]:
    return lambda data: [sample for moof in _boxes(data, b"moof") for sample in _samples(moof)]


@pytest.fixture
def record(tmp_path) -> Callable[..., Path]:
    def recorded(**tracks: list[AccessUnit]) -> Path:
        epoch = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
        opened = Library(tmp_path).open_recording(UUID(int=7), epoch, post=lambda call: call())
        for kind, unit in clips.interleaved(**tracks):
            opened.push(kind, unit)
        opened.finish()
        assert opened.folder
        return opened.folder

    return recorded


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
