"""The programme and its voice as one MP4: the pictures copied, the AAC that was made for it.

Where the programme goes from camera to screen the picture's size changes. The track is as large as
the largest; the parameter sets that stand before each key frame tell decoders the rest.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import av

from transcode import cutting, edition, shelf
from transcode.access_unit import VIDEO_TIMESCALE
from transcode.cutting import Span
from transcode.extras import AAC, SINGLE_FILE
from transcode.rungs import PROGRAMME
from transcode.store import media_file
from transcode.vod import Extent, ExtentReader, read_recording

_Timed = tuple[Fraction, "av.Packet[Any]"]  # second since the epoch, decoding
_TICK: Final = Fraction(1, VIDEO_TIMESCALE)


def make(folder: Path, track: str = PROGRAMME, name: str = SINGLE_FILE) -> None:
    """Write the file `name` of the pictures of that track; the AAC must be there. It begins with the
    sound, so that two such files are in step."""
    runs = read_recording(folder / f"{track}.m3u8").pictures
    fresh = folder / f".{name}.new"
    options = {"movflags": "+faststart"}
    with ExitStack() as stack:
        largest = max((_opened(stack, run[:2]) for run in _distinct(runs)), key=_pixels)
        sound = stack.enter_context(av.open(folder / media_file(AAC), "r"))
        target = stack.enter_context(av.open(fresh, "w", format="mp4", options=options))
        picture = target.add_stream_from_template(largest.streams.video[0])
        picture.time_base = _TICK
        voice = target.add_stream_from_template(sound.streams.audio[0])
        times = _Times(_spans(folder))
        tracks = ((times.moved(_pictures(runs)), picture), (times.moved(_packets(sound)), voice))
        _copy(target, tracks)
    fresh.replace(folder / name)


def _copy(
    target: av.container.OutputContainer, tracks: Sequence[tuple[Iterator[_Timed], Any]]
) -> None:
    """In the order of decoding, from second 0 on."""
    begins: Fraction | None = None
    last: dict[int, int] = {}
    merged = heapq.merge(
        *(_of(stream, packets) for packets, stream in tracks),
        key=lambda timed: timed[0],
    )
    for at, stream, packet in merged:
        begins = at if begins is None else begins
        shift = round(begins / packet.time_base)
        assert packet.dts is not None
        assert packet.pts is not None
        packet.dts = max(packet.dts - shift, last.get(stream.index, -1) + 1)
        packet.pts = max(packet.pts - shift, packet.dts)
        last[stream.index] = packet.dts
        packet.stream = stream
        target.mux(packet)


class _Times:
    """Moves what comes after a pause or a cut to where the time before ended."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._lost = [spans[0].starts - spans[0].starts]
        for before, after in pairwise(spans):
            self._lost.append(self._lost[-1] + after.starts - before.ends)

    def moved(self, packets: Iterator[_Timed]) -> Iterator[_Timed]:
        """Without those that lie between, such as the last of a sound that was cut."""
        for at, packet in packets:
            place = max(0, bisect_right(self._spans, at, key=lambda span: span.starts) - 1)
            if place < len(self._spans) - 1 and at >= self._spans[place].ends:
                continue
            ticks = round(self._lost[place] / packet.time_base)
            assert packet.dts is not None
            assert packet.pts is not None
            packet.dts, packet.pts = packet.dts - ticks, packet.pts - ticks
            yield at - self._lost[place], packet


def _spans(folder: Path) -> list[Span]:
    """When there is something to see, in seconds since the epoch."""
    shown = shelf.played(shelf.load(folder), edition.read(folder)[-1])
    return cutting.spans(shown[PROGRAMME].segments, VIDEO_TIMESCALE)


def _of(stream: Any, packets: Iterator[_Timed]) -> Iterator[tuple[Fraction, Any, "av.Packet[Any]"]]:
    for at, packet in packets:
        yield at, stream, packet


def _pictures(runs: Sequence[Sequence[Extent]]) -> Iterator[_Timed]:
    for run in runs:
        with ExtentReader(run) as file, av.open(file, "r") as container:
            yield from _packets(container)


def _packets(container: av.container.InputContainer) -> Iterator[_Timed]:
    for packet in container.demux():
        if packet.dts is not None and packet.pts is not None:
            yield packet.dts * packet.time_base, packet


def _distinct(runs: Sequence[Sequence[Extent]]) -> list[Sequence[Extent]]:
    """One run of each set-up."""
    return list({run[0]: run for run in runs}.values())


def _opened(stack: ExitStack, extents: Sequence[Extent]) -> av.container.InputContainer:
    return stack.enter_context(av.open(stack.enter_context(ExtentReader(extents)), "r"))


def _pixels(container: av.container.InputContainer) -> int:
    video = container.streams.video[0]
    return video.width * video.height
