"""Played segments: which stretches of media time a player says it has played.

A segment is a half-open pair of whole milliseconds: whole numbers, because sums of float seconds
never quite reach 100 % (openfun/marsha#409).
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

Segment = tuple[int, int]  # [from, to) in milliseconds of media time

MAX_SPEED: Final = 3
TOLERANCE: Final = timedelta(seconds=3)  # clocks, buffering, a beacon that overtakes another


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def union(segments: Iterable[Segment]) -> list[Segment]:
    """The same media time as disjoint segments in order."""
    merged: list[Segment] = []
    for begin, end in sorted(segment for segment in segments if segment[0] < segment[1]):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def played_ms(segments: Iterable[Segment]) -> int:
    """Their lengths added up: what was played twice counts twice."""
    return sum(max(end - begin, 0) for begin, end in segments)


def is_plausible(segments: Iterable[Segment], elapsed: timedelta) -> bool:
    """Whether a player can have played all this within `elapsed` of wall time."""
    most = elapsed * MAX_SPEED + TOLERANCE
    return timedelta(milliseconds=played_ms(segments)) <= most


def newest(segments: Iterable[Segment], limit: timedelta) -> list[Segment]:
    """The last of the segments, as much of them as fits into `limit` of playing."""
    left = limit // timedelta(milliseconds=1)
    kept: list[Segment] = []
    for begin, end in reversed(list(segments)):
        length = min(end - begin, left)
        if length > 0:
            kept.append((end - length, end))
            left -= length
    return kept[::-1]
