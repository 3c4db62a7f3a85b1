"""Small pictures of a recording, all on one sheet, and a WebVTT file that says which is when.

Each cue names a part of the sheet by a media fragment (`#xywh=`, W3C Media Fragments 4.2.2). Times are
those of the recording as it is played.
"""

import io
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Final

import av

from transcode import edition, manifest, shelf
from transcode.access_unit import VIDEO_TIMESCALE
from transcode.contents import Contents
from transcode.extras import STORYBOARD, STORYBOARD_SHEET
from transcode.poster import jpeg
from transcode.rungs import PROGRAMME
from transcode.segments import Segment
from transcode.store import read_stretch

_WIDTH: Final = 160
_HEIGHT: Final = 90
_COLUMNS: Final = 10
_MOST: Final = 240  # pictures
_SHORTEST: Final = Fraction(5)  # seconds between two


def make(folder: Path) -> None:
    """Write storyboard.jpg, then storyboard.vtt."""
    programme = shelf.played(shelf.load(folder), edition.read(folder)[-1])[PROGRAMME]
    chosen = _chosen(programme.segments)
    rows = ceil(len(chosen) / _COLUMNS)
    sheet = _Sheet(min(len(chosen), _COLUMNS) * _WIDTH, rows * _HEIGHT)
    for number, (_, segment) in enumerate(chosen):
        sheet.put(_picture(folder, programme, segment), *_place(number))
    manifest.replace(folder / STORYBOARD_SHEET, jpeg(sheet.frame))
    total = Fraction(sum(each.duration for each in programme.segments), VIDEO_TIMESCALE)
    times = [at for at, _ in chosen] + [total]
    manifest.replace(folder / STORYBOARD, _cues(times).encode())


def _chosen(segments: Sequence[Segment]) -> list[tuple[Fraction, Segment]]:
    """Segments about evenly apart, each with the second at which it is played."""
    total = Fraction(sum(segment.duration for segment in segments), VIDEO_TIMESCALE)
    apart = max(_SHORTEST, total / _MOST)
    chosen: list[tuple[Fraction, Segment]] = []
    at = Fraction(0)
    for segment in segments:
        if segment.is_independent and (not chosen or at - chosen[-1][0] >= apart):
            chosen.append((at if chosen else Fraction(0), segment))
        at += Fraction(segment.duration, VIDEO_TIMESCALE)
    return chosen


def _picture(folder: Path, programme: Contents, segment: Segment) -> av.VideoFrame:
    """The key frame with which the segment begins."""
    inits = {init.number: init for init in programme.inits}
    first = programme.parts(segment.msn)[0]
    media = inits[segment.init].data + read_stretch(folder, first.stretch)
    with av.open(io.BytesIO(media), "r") as container:
        picture = next(container.decode(video=0))
    return picture.reformat(_WIDTH, _HEIGHT, "yuvj420p", interpolation="AREA")


def _place(number: int) -> tuple[int, int]:
    return number % _COLUMNS * _WIDTH, number // _COLUMNS * _HEIGHT


class _Sheet:
    """One large picture that small ones are put on."""

    def __init__(self, width: int, height: int) -> None:
        self.frame = av.VideoFrame(width, height, "yuvj420p")
        for plane, grey in zip(self.frame.planes, (16, 128, 128), strict=True):
            plane.update(bytes([grey]) * plane.buffer_size)

    def put(self, picture: av.VideoFrame, left: int, top: int) -> None:
        for mine, its, scale in zip(self.frame.planes, picture.planes, (1, 2, 2), strict=True):
            target, source = memoryview(mine), memoryview(its)
            for row in range(its.height):
                starts = (top // scale + row) * mine.line_size + left // scale
                begins = row * its.line_size
                target[starts : starts + its.width] = source[begins : begins + its.width]


def _cues(times: Sequence[Fraction]) -> str:
    lines = ["WEBVTT", ""]
    for number, (starts, ends) in enumerate(pairwise(times)):
        left, top = _place(number)
        lines += [
            f"{_clock(starts)} --> {_clock(ends)}",
            f"{STORYBOARD_SHEET}#xywh={left},{top},{_WIDTH},{_HEIGHT}",
            "",
        ]
    return "\n".join(lines)


def _clock(seconds: Fraction) -> str:
    """hh:mm:ss.mmm"""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
