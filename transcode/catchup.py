"""What a channel showed, as a playlist of the segments that are still kept."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from transcode.channel_window import (
    WINDOW,
    Segment,
    SetUp,
    entries,
    newest_in,
    read_set_ups,
)
from transcode.house import SLOTS_PER_SEGMENT, slot_at, slot_from


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
    first = slot_at(since) // SLOTS_PER_SEGMENT
    last = (slot_from(until) - 1) // SLOTS_PER_SEGMENT
    # A channel that stands still publishes nothing: what it owes is a gap before long.
    edge = max(newest_in(folder), slot_at(now) // SLOTS_PER_SEGMENT - WINDOW)
    wanted = range(first, min(last, edge) + 1)
    present = {msn for msn in wanted if (folder / f"{msn}.m4s").exists()}
    return Excerpt(run(wanted, present, read_set_ups(folder)), is_over=edge >= last)


def run(wanted: range, present: Collection[int], set_ups: Sequence[SetUp]) -> tuple[Segment, ...]:
    """A segment or a gap for each number."""
    firsts = [one.msn for one in set_ups]
    inits = (set_ups[max(0, bisect_right(firsts, msn) - 1)].init for msn in wanted if set_ups)
    return tuple(
        Segment(msn, init, is_gap=msn not in present)
        for msn, init in zip(wanted, inits, strict=False)
    )


def _lines(part: Excerpt) -> Iterator[str]:
    yield "#EXTM3U"
    yield "#EXT-X-VERSION:8"
    yield "#EXT-X-INDEPENDENT-SEGMENTS"
    yield "#EXT-X-TARGETDURATION:4"
    yield f"#EXT-X-PLAYLIST-TYPE:{'VOD' if part.is_over else 'EVENT'}"
    yield f"#EXT-X-MEDIA-SEQUENCE:{part.segments[0].msn}"
    yield "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES"
    yield from entries(part.segments)
    if part.is_over:
        yield "#EXT-X-ENDLIST"
