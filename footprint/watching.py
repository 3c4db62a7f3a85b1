"""Watching: how much of a recording was seen, and how often each moment, from played segments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from uuid import UUID

from player.played import Segment, played_ms, union


@dataclass(frozen=True, slots=True)
class Watched:
    """One person and one recording, over all tabs and all days."""

    person: UUID
    segments: tuple[Segment, ...]  # disjoint, in order
    played_ms: int  # with repeats
    views: int

    @property
    def covered_ms(self) -> int:
        return played_ms(self.segments)


@dataclass(frozen=True, slots=True)
class View:
    """What one view of a recording reported."""

    person: UUID
    segments: Sequence[Segment]


def watched(views: Iterable[View], length_ms: int) -> list[Watched]:
    """Each person's views as one; segments are cut to the recording's length."""
    by_person: dict[UUID, list[Sequence[Segment]]] = {}
    for view in views:
        by_person.setdefault(view.person, []).append(_cut(view.segments, length_ms))
    return [_watched(person, parts) for person, parts in by_person.items()]


def coverage(segments: Iterable[Segment], length_ms: int) -> float:
    """The share of the recording that was played at least once, 0 to 1."""
    if length_ms <= 0:
        return 0.0
    return min(1.0, played_ms(union(_cut(segments, length_ms))) / length_ms)


def heatmap(segments: Iterable[Segment], length_ms: int, *, bin_ms: int = 5_000) -> list[int]:
    """How often each bin of the recording was touched: a difference array, so it costs one step
    per segment. Feed it raw segments for plays, each person's union for distinct viewers."""
    bins = -(-length_ms // bin_ms)
    steps = [0] * (bins + 1)
    for begin, end in _cut(segments, length_ms):
        steps[begin // bin_ms] += 1
        steps[-(-end // bin_ms)] -= 1
    return list(accumulate(steps[:bins]))


def distinct_viewers(
    rows: Mapping[UUID, Iterable[Segment]], length_ms: int, *, bin_ms: int = 5_000
) -> list[int]:
    """How many people saw each bin; a bin that one person entered twice counts once."""
    total = [0] * -(-length_ms // bin_ms)
    for segments in rows.values():
        plays = heatmap(segments, length_ms, bin_ms=bin_ms)
        total = [before + (count > 0) for before, count in zip(total, plays, strict=True)]
    return total


def _watched(person: UUID, parts: Sequence[Sequence[Segment]]) -> Watched:
    everything = [segment for part in parts for segment in part]
    return Watched(person, tuple(union(everything)), played_ms(everything), len(parts))


def _cut(segments: Iterable[Segment], length_ms: int) -> list[Segment]:
    cut = ((max(begin, 0), min(end, length_ms)) for begin, end in segments)
    return [(begin, end) for begin, end in cut if begin < end]
