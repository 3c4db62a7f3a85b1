"""Who joins is told to everybody: at once, or together where many come."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from live.messages import JoinedPeople, PersonInfo

GATHERED_FOR: Final = 0.1
"""Seconds from one telling to the next: a crowd of N would else be N squared messages."""


class Joins:
    """Event loop only."""

    def __init__(self, tell: Callable[[JoinedPeople], None]) -> None:
        self._tell = tell
        self._waiting: list[PersonInfo] = []
        self._timer: asyncio.TimerHandle | None = None

    def take(self, people: Iterable[PersonInfo]) -> None:
        """These people have come."""
        self._waiting.extend(people)
        if self._timer is None:
            self._turn()

    def flush(self) -> None:
        """Tell who waits: what comes next may be about them."""
        if self._waiting:
            joined, self._waiting = tuple(self._waiting), []
            self._tell(JoinedPeople(joined))

    def _turn(self) -> None:
        """The moment has passed; while people come there is another one."""
        self._timer = None
        if self._waiting:
            self.flush()
            self._timer = asyncio.get_running_loop().call_later(GATHERED_FOR, self._turn)
