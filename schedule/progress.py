"""How far an import is: its rows are checked one by one, then what is new of them is saved."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final, TypeVar

_AT_ONCE: Final = 500  # rows between two words on the progress

T = TypeVar("T")


class Step(StrEnum):
    """What is done to rows."""

    CHECKED = auto()
    SAVED = auto()


Progress = Callable[[Step, int, int], Awaitable[None]]  # what is done, to how many, of how many


async def no_progress(_step: Step, _done: int, _of: int) -> None:
    """For those who do not look; whatever else waits for the event loop has its turn."""
    await asyncio.sleep(0)


@dataclass(slots=True)
class Walk:
    """A step on its way through `of` rows, which may be of several kinds."""

    progress: Progress
    step: Step
    of: int
    done: int = 0

    async def over(self, rows: Sequence[T]) -> AsyncIterator[Sequence[T]]:
        """Some hundreds at a time; they are told to be done when the next are asked for."""
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            yield some
            self.done += len(some)
            await self.progress(self.step, self.done, self.of)
