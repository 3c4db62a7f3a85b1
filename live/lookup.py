"""Lectures as the database has them now, asked for once by all who come at once."""

import asyncio
from typing import Final
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from kernel.database import Database
from kernel.errors import DarisError
from schedule.lectures import lecture_by_id
from schedule.lifecycle import Lecture

_REST_SECONDS: Final = 0.02  # between two queries for one lecture


class Lookup:
    """While a query for a lecture runs, and a moment after it, whoever asks for it waits for the next
    one, together: the answer is never older than the question, and a full room costs a few queries.
    Event loop only.
    """

    def __init__(self, database: Database, tasks: asyncio.TaskGroup) -> None:
        self._database = database
        self._tasks = tasks
        self._waiting: dict[UUID, asyncio.Future[Lecture]] = {}
        self._asking: set[UUID] = set()

    async def lecture(self, identifier: UUID) -> Lecture:
        """NotFound when there is none; the database's own error when it is away."""
        answer = self._waiting.get(identifier)
        if answer is None:
            answer = self._waiting[identifier] = asyncio.get_running_loop().create_future()
            if identifier not in self._asking:
                self._asking.add(identifier)
                self._tasks.create_task(self._ask(identifier), name=f"lookup of {identifier}")
        return await asyncio.shield(answer)

    async def _ask(self, identifier: UUID) -> None:
        """Query after query, as long as somebody waits."""
        try:
            while answer := self._waiting.pop(identifier, None):
                await self._answer(identifier, answer)
                await asyncio.sleep(_REST_SECONDS)
        finally:
            self._asking.discard(identifier)

    async def _answer(self, identifier: UUID, answer: asyncio.Future[Lecture]) -> None:
        try:
            async with self._database.connect() as connection:
                lecture = await lecture_by_id(connection, identifier)
        except (DarisError, SQLAlchemyError, OSError) as error:
            answer.set_exception(error)
            answer.exception()  # heard, also when nobody waits any more
        else:
            answer.set_result(lecture)
