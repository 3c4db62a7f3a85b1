"""Where a moment of the day lies in a recording as it is played: pauses and cuts take no time."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Self

from transcode.recording import Recording

Stretch = tuple[datetime, datetime]  # that is played without a hole


class MediaTime:
    """Built once, asked often."""

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        """Stretches come in order."""
        self._stretches = list(stretches)
        lengths = (ends - begins for begins, ends in self._stretches)
        self._before = list(accumulate(lengths, initial=timedelta(0)))

    @classmethod
    def of(cls, found: Recording) -> Self:
        timeline = found.programme.timeline
        return cls((timeline.at(each.starts), timeline.at(each.ends)) for each in found.played)

    def position_ms(self, moment: datetime) -> int:
        """What was said in a hole lies where the hole is; what was said before or after, at that end."""
        number = bisect_right(self._stretches, moment, key=lambda stretch: stretch[0]) - 1
        if number < 0:
            return 0
        begins, ends = self._stretches[number]
        return (self._before[number] + min(moment, ends) - begins) // timedelta(milliseconds=1)
