"""What a channel showed, as a playlist of the segments that are still kept."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from transcode.channel_window import (
    TARGET_SECONDS,
    WINDOW,
    Segment,
    SetUp,
    entries,
    newest_in,
    read_set_ups,
)
from transcode.house import FRAMES_PER_SEGMENT, picture_at, picture_from


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A run of segments, gaps where one is missing. Until `is_over` more will come."""

    segments: Sequence[Segment]
    is_over: bool

    @property
    def is_lost(self) -> bool:
        return all(segment.is_gap for segment in self.segments)

    def playlist(self) -> str:
        return "\n".join(_lines(self)) + "\n"


def excerpt(folder: Path, since: datetime, until: datetime, now: datetime) -> Excerpt:
    """The segments of `[since, until)` in a channel's folder, as far as they are on air by `now`."""
    set_ups = read_set_ups(folder)
    first = _number_at(picture_at(since), set_ups)
    last = _number_at(picture_from(until) - 1, set_ups)
    # A channel that stands still publishes nothing: what it owes is a gap before long.
    edge = max(newest_in(folder), picture_at(now) // FRAMES_PER_SEGMENT - WINDOW)
    wanted = range(first, min(last, edge) + 1)
    present = {msn for msn in wanted if (folder / f"{msn}.m4s").exists()}
    return Excerpt(run(wanted, present, set_ups), is_over=edge >= last)


def segment_in(folder: Path, number: int) -> Segment | None:
    """The one of that number, if it is kept."""
    if not (folder / f"{number}.m4s").exists():
        return None
    return next(iter(run(range(number, number + 1), {number}, read_set_ups(folder))), None)


def run(wanted: range, present: Collection[int], set_ups: Sequence[SetUp]) -> tuple[Segment, ...]:
    """A segment or a gap for each number."""
    return tuple(_segment(msn, set_ups, is_gap=msn not in present) for msn in wanted if set_ups)


def _segment(msn: int, set_ups: Sequence[SetUp], *, is_gap: bool) -> Segment:
    now, then = _set_up_of(msn, set_ups), _set_up_of(msn + 1, set_ups)
    pictures = FRAMES_PER_SEGMENT + then.phase - now.phase
    return Segment(msn, now.init, is_gap=is_gap, phase=now.phase, pictures=pictures)


def _set_up_of(msn: int, set_ups: Sequence[SetUp]) -> SetUp:
    return set_ups[max(0, bisect_right(set_ups, msn, key=lambda one: one.msn) - 1)]


def _number_at(picture: int, set_ups: Sequence[SetUp]) -> int:
    """Of the segment that the picture is in, which may have begun before its own moment came."""
    msn, place = divmod(picture, FRAMES_PER_SEGMENT)
    return msn - 1 if set_ups and place < _set_up_of(msn, set_ups).phase else msn


def _lines(part: Excerpt) -> Iterator[str]:
    yield "#EXTM3U"
    yield "#EXT-X-VERSION:8"
    yield "#EXT-X-INDEPENDENT-SEGMENTS"
    yield f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}"
    yield f"#EXT-X-PLAYLIST-TYPE:{'VOD' if part.is_over else 'EVENT'}"
    yield f"#EXT-X-MEDIA-SEQUENCE:{part.segments[0].msn}"
    yield "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES"
    yield from entries(part.segments)
    if part.is_over:
        yield "#EXT-X-ENDLIST"
