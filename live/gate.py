"""A gate in front of seats and handshakes: who joins must not disturb those who are in.

A join takes milliseconds of the loop that forwards packets. A crowd is let in one by one, in the
order in which it came; who would wait too long is told to come back.
"""

import asyncio
import math
from datetime import timedelta
from typing import Final

from prometheus_client import Counter

from kernel.clock import Clock
from kernel.errors import Unavailable

CROWDED = Counter("daris_live_joins_put_off", "Joins that were told to try again later")

AT_ONCE: Final = 8
LONGEST_WAIT: Final = 5.0  # seconds


class Crowded(Unavailable):
    """Too many wait already."""

    code = "crowded"

    def __init__(self) -> None:
        super().__init__(
            "Many are joining at this moment; please try again.", retry_after=timedelta(seconds=2)
        )


class Gate:
    """One a process. Event loop only.

    Each who comes is given a time at once: `AT_ONCE` of them now, the others one after another. Who
    gives up leaves a gap.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        per_second: float = 200,
        at_once: int = AT_ONCE,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._clock = clock
        self._every = 1 / per_second
        self._ahead = (at_once - 1) * self._every
        self._longest_wait = longest_wait
        self._next = -math.inf

    async def enter(self) -> None:
        """Wait for one's turn; Crowded instead of a long wait."""
        wait = self.take()
        if wait:
            await asyncio.sleep(wait)

    def take(self) -> float:
        """Seconds until the turn that is now the caller's; Crowded when there is none."""
        now = self._clock.monotonic()
        if self._next - now > self._longest_wait:
            CROWDED.inc()
            raise Crowded
        turn = max(self._next, now - self._ahead)
        self._next = turn + self._every
        return max(0.0, turn - now)
