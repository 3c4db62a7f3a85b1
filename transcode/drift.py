"""A room's clock is its sender's, and runs a little faster or slower than a channel's. Pure.

Up to a second that is let be, so that two nodes which condition one room put the same moment into the
same slot. What is more is made good in a pause of the voice, where nobody hears it, by whole slots: two nodes
that began with the room are apart only until both have done so, and hold the same slots again then.
"""

from collections import deque
from typing import Final

from transcode.house import SLOT_SECONDS

_MEMORY: Final = (
    10  # seconds whose earliest arrivals are minded: what came late came late on its way
)
_SLOT: Final = float(SLOT_SECONDS)
_TOLERANCE: Final = 1.0  # seconds; more than a slot, so that what was made good does not swing back
_LARGE: Final = 2.5  # seconds; then no pause is waited for


class Drift:
    """Tell of each arrival; `shift` seconds are to be added to the room's times."""

    def __init__(self) -> None:
        self.shift = 0.0
        self._usual: float | None = None  # how late what comes is, as the room began
        self._earliest: deque[tuple[int, float]] = deque(maxlen=_MEMORY)  # by whole second

    def arrived(self, late: float, now: float) -> None:
        """`late`: now, less the moment in the room, both in seconds since its epoch."""
        second = int(now)
        if self._earliest and self._earliest[-1][0] == second:
            late = min(late, self._earliest.pop()[1])
        self._earliest.append((second, late))

    def settle(self, *, is_pause: bool) -> None:
        """Make good what has added up, if it is time to."""
        if len(self._earliest) < _MEMORY:
            return
        earliest = min(late for _, late in self._earliest)
        if self._usual is None:
            self._usual = earliest
        error = earliest - self._usual - self.shift
        if abs(error) > (_TOLERANCE if is_pause else _LARGE):
            self.shift += int(error / _SLOT) * _SLOT
            self._earliest.clear()
