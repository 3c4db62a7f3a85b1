"""Time, passed in: the wall for people, the monotonic clock for waiting."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that a test moves."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._seconds

    def advance(self, by: timedelta) -> None:
        self._at += by
        self._seconds += by.total_seconds()
