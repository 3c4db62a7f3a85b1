"""A track as it was taken, whatever was cut since: runs of bytes for a decoder."""

from itertools import groupby
from pathlib import Path

from transcode import contents, shelf
from transcode.segments import Stretch
from transcode.vod import Extent

Run = list[Extent]  # set-up and segments: a file of its own


def runs(folder: Path, name: str) -> list[Run]:
    """What was written of the rendition, cut wherever the decoder's set-up changes."""
    held = shelf.kept(contents.read(folder, name))
    inits = {init.number: _extent(folder, init.stretch) for init in held.inits}
    return [
        [inits[number], *(_extent(folder, segment.stretch) for segment in segments)]
        for number, segments in groupby(held.segments, lambda segment: segment.init)
    ]


def _extent(folder: Path, stretch: Stretch) -> Extent:
    return Extent(folder / stretch.file, stretch.offset, stretch.size)
