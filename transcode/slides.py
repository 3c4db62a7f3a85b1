"""Where the slides of a screen recording change: looked for in its key frames, two seconds apart.

A key frame becomes 64 x 36 cells of grey, and these become 16 x 9 blocks. A block *differs* if one of its
cells does. Blocks that differ all the time (a video in the corner) are not asked. A new slide is a picture
that stays and of whose inked blocks more than half differ from the slide before: so a cursor, a bullet
more, or half of a fade is none.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import av
import msgspec

from transcode import contents, manifest, shelf
from transcode.access_unit import VIDEO_TIMESCALE, TrackKind
from transcode.contents import Contents
from transcode.extras import SLIDES
from transcode.jobs import Told, untold
from transcode.rungs import PROGRAMME
from transcode.segments import Segment
from transcode.store import read_stretch

WIDTH: Final = 64  # cells
HEIGHT: Final = 36
_SIDE: Final = 4  # of a block, in cells
_ACROSS: Final = WIDTH // _SIDE
_BLOCKS: Final = _ACROSS * (HEIGHT // _SIDE)
_STEP: Final = 10  # of 255, by which cells differ
_SHARE: Final = 0.5  # of the inked blocks that a new slide changes
_LEAST: Final = 5  # blocks
_RESTLESS: Final = 0.6  # of the pictures around in which a block differs
_AROUND: Final = 6  # pictures on either side
_SHORTEST_MS: Final = 3_500  # that a slide is shown

Cells = bytes  # WIDTH x HEIGHT, row by row


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture, in milliseconds since the first moment recorded."""

    at_ms: int
    cells: Cells


class Slides(msgspec.Struct, frozen=True):
    """When slides began, as an edition counts."""

    at_ms: tuple[int, ...] = ()


def make(folder: Path, told: Told = untold) -> None:
    """Write slides.json."""
    screen = shelf.kept(contents.read(folder, TrackKind.SCREEN))
    begins = shelf.kept(contents.read(folder, PROGRAMME)).segments[0].starts
    shots: list[Shot] = []
    for number, segment in enumerate(screen.segments):
        if segment.is_independent:
            at_ms = max(0, (segment.starts - begins) * 1_000 // VIDEO_TIMESCALE)
            shots.append(Shot(at_ms, _cells(folder, screen, segment)))
        told(number / len(screen.segments))
    manifest.replace(folder / SLIDES, msgspec.json.encode(Slides(tuple(changes(shots)))))


def read(folder: Path) -> Slides:
    """None are known until they were looked for."""
    try:
        return msgspec.json.decode((folder / SLIDES).read_bytes(), type=Slides)
    except (OSError, msgspec.MsgspecError):
        return Slides()


def changes(shots: Sequence[Shot]) -> list[int]:
    """The times at which slides begin, the first one's included."""
    if not shots:
        return []
    differs = [_differing(a.cells, b.cells) for a, b in pairwise(shots)]
    restless = _restless(differs)
    began = [shots[0].at_ms]
    slide = shots[0].cells
    since: int | None = None  # when it began to look otherwise
    for number, shot in enumerate(shots):
        asked = frozenset(range(_BLOCKS)) - restless[number]
        if not _is_new(slide, shot.cells, asked):
            since = None
            stays = number + 1 >= len(shots) or not _differs(differs[number], asked)
            slide = shot.cells if stays else slide
            continue
        since = shot.at_ms if since is None else since
        if number + 1 < len(shots) and not _differs(differs[number], asked):
            slide = shot.cells
            if since - began[-1] >= _SHORTEST_MS:
                began.append(since)
            since = None
    return began


def _restless(differs: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """Of each picture the blocks that differ in most of those around it."""
    found: list[frozenset[int]] = []
    for number in range(len(differs) + 1):
        around = differs[max(0, number - _AROUND) : number + _AROUND]
        most = max(3.0, _RESTLESS * len(around))
        counts = [0] * _BLOCKS
        for blocks in around:
            for block in blocks:
                counts[block] += 1
        found.append(frozenset(block for block, count in enumerate(counts) if count >= most))
    return found


def _is_new(slide: Cells, shown: Cells, asked: frozenset[int]) -> bool:
    changed = _differing(slide, shown) & asked
    inked = (_inked(slide) | _inked(shown)) & asked | changed
    return len(changed) >= _LEAST and len(changed) > _SHARE * len(inked)


def _differs(blocks: frozenset[int], asked: frozenset[int]) -> bool:
    """More than a cursor moves."""
    return len(blocks & asked) >= _LEAST


def _differing(before: Cells, after: Cells) -> frozenset[int]:
    if before == after:
        return frozenset()
    cells = zip(before, after, strict=True)
    return _blocks(at for at, (a, b) in enumerate(cells) if not -_STEP <= a - b <= _STEP)


def _inked(cells: Cells) -> frozenset[int]:
    """Where neighbours differ: something is written or drawn there."""
    beside = pairwise(cells)
    return _blocks(at for at, (a, b) in enumerate(beside) if not -_STEP <= a - b <= _STEP)


def _blocks(cells: Iterable[int]) -> frozenset[int]:
    return frozenset(at // (WIDTH * _SIDE) * _ACROSS + at % WIDTH // _SIDE for at in cells)


def _cells(folder: Path, screen: Contents, segment: Segment) -> Cells:
    """Of the key frame with which the segment begins."""
    inits = {init.number: init for init in screen.inits}
    media = inits[segment.init].data + read_stretch(folder, screen.parts(segment.msn)[0].stretch)
    with av.open(io.BytesIO(media), "r") as container:
        picture = next(container.decode(video=0))
    return grey(picture)


def grey(picture: av.VideoFrame) -> Cells:
    plane = picture.reformat(WIDTH, HEIGHT, "gray", interpolation="AREA").planes[0]
    rows, width = memoryview(plane), plane.line_size
    return b"".join(rows[row * width : row * width + WIDTH] for row in range(HEIGHT))
