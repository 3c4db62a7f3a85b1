"""Numbers of segments that were never used before, whatever was forgotten: the clock is ahead of them."""

from datetime import UTC, datetime, timedelta
from typing import Final

_BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SHORTEST_SEGMENT: Final = timedelta(milliseconds=100)  # on the average
_SHORTEST_LIFE: Final = timedelta(minutes=1)  # of a server; larger numbers cost hls.js seconds


def unused_segment(at: datetime) -> int:
    """Where segments and initialization segments of a life that begins then count from."""
    return (at - _BEGAN) // _SHORTEST_SEGMENT


def unused_discontinuity(at: datetime) -> int:
    """The same of discontinuities."""
    return (at - _BEGAN) // _SHORTEST_LIFE
