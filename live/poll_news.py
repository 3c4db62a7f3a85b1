"""New answers to a poll are told a few times a second: of each one alone, a crowd would be as many
messages to everybody."""

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

TOLD_EVERY: Final = 0.3  # seconds


class PollNews:
    """Event loop only."""

    def __init__(self, tell: Callable[[UUID], None]) -> None:
        """`tell` is called with a poll that has new answers."""
        self._tell = tell
        self._waiting: set[UUID] = set()
        self._timer: asyncio.TimerHandle | None = None

    def take(self, poll: UUID) -> None:
        """The poll has a new answer: the first is told at once."""
        self._waiting.add(poll)
        if self._timer is None:
            self._turn()

    def close(self) -> None:
        """Nobody is told any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _turn(self) -> None:
        self._timer = None
        if self._waiting:
            polls, self._waiting = self._waiting, set()
            for poll in polls:
                self._tell(poll)
            self._timer = asyncio.get_running_loop().call_later(TOLD_EVERY, self._turn)
