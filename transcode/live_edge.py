"""What a rendition gets while it is live, fragment by fragment. Event loop only."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Final

from transcode.segments import Init, Part
from transcode.window import Window

_PATIENCE: Final = timedelta(seconds=10)


class LiveEdge:
    """One reader of a rendition, from the last whole segment on. Who reads too slowly misses what is
    forgotten."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._msn = window.segments[-1].msn if window.has_listed else window.next_msn
        self._number = 0

    def ready(self) -> Iterator[tuple[Init, Part]]:
        """What is there and was not taken yet."""
        while True:
            parts = self._window.parts(self._msn) or ()
            if self._number < len(parts):
                part, init = parts[self._number], self._window.init_of(self._msn)
                assert init is not None
                self._number += 1
                yield init, part
            elif self._msn < self._window.next_msn:
                self._msn, self._number = self._msn + 1, 0
            else:
                return

    async def fragments(self) -> AsyncIterator[tuple[Init, Part]]:
        """Each as it comes, until the rendition ends."""
        while True:
            for each in self.ready():
                yield each
            if self._window.is_ended:
                return
            await self._window.reach(self._msn, self._number, _PATIENCE)

    def seconds_of(self, part: Part) -> Fraction:
        """When it begins, on the timeline that all renditions of a recording share."""
        return Fraction(part.starts, self._window.timeline.timescale)
