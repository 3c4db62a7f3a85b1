"""What a class watched of a recording, moment by moment. Pure.

A bin counts how many people saw it, and how often it was played. The curve that all may see has heights
only, and exists only when so many watched that nobody is recognized in it.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from footprint.watching import View, distinct_viewers, heatmap
from player.played import Segment

FEWEST: Final = 5  # people, for the curve
_SHORTEST_BIN_MS: Final = 5_000
_MOST_BINS: Final = 200
_MOST_PLAYS: Final = 3  # of one person that raise the curve: one alone draws no peak


class Bin(msgspec.Struct, frozen=True):
    """A stretch of the recording."""

    begin_ms: int
    end_ms: int
    viewers: int
    plays: int


class Heatmap(msgspec.Struct, frozen=True):
    """`curve`: a height of 0 to 100 for each bin; null while fewer than FEWEST watched."""

    length_ms: int
    bin_ms: int
    curve: list[int] | None


class Table(msgspec.Struct, frozen=True):
    """What the curve is drawn of. `viewers` are all whose watching counts."""

    viewers: int
    bins: list[Bin]


def counted(views: Iterable[View], left_out: Collection[UUID]) -> dict[UUID, list[Segment]]:
    """What each person played, without those who are left out and those who played nothing."""
    people: dict[UUID, list[Segment]] = {}
    for view in views:
        if view.person not in left_out and view.segments:
            people.setdefault(view.person, []).extend(view.segments)
    return people


def curve(people: dict[UUID, list[Segment]], length_ms: int) -> Heatmap:
    bin_ms = _bin_ms(length_ms)
    if len(people) < FEWEST:
        return Heatmap(length_ms, bin_ms, None)
    heat = [0] * _bins(length_ms, bin_ms)
    for segments in people.values():
        plays = heatmap(segments, length_ms, bin_ms=bin_ms)
        heat = [sum_ + min(one, _MOST_PLAYS) for sum_, one in zip(heat, plays, strict=True)]
    top = max(heat, default=0) or 1
    return Heatmap(length_ms, bin_ms, [round(100 * each / top) for each in heat])


def table(people: dict[UUID, list[Segment]], length_ms: int) -> Table:
    bin_ms = _bin_ms(length_ms)
    every = [segment for segments in people.values() for segment in segments]
    plays = heatmap(every, length_ms, bin_ms=bin_ms)
    viewers = distinct_viewers(people, length_ms, bin_ms=bin_ms)
    return Table(len(people), _rows(viewers, plays, length_ms, bin_ms))


def _rows(viewers: Sequence[int], plays: Sequence[int], length_ms: int, bin_ms: int) -> list[Bin]:
    return [
        Bin(number * bin_ms, min((number + 1) * bin_ms, length_ms), seen, played)
        for number, (seen, played) in enumerate(zip(viewers, plays, strict=True))
    ]


def _bin_ms(length_ms: int) -> int:
    """As many seconds as keep the bins few enough to draw."""
    return _SHORTEST_BIN_MS * max(1, -(-length_ms // (_SHORTEST_BIN_MS * _MOST_BINS)))


def _bins(length_ms: int, bin_ms: int) -> int:
    return -(-length_ms // bin_ms)
