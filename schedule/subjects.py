"""Lectures as subjects of rights, remembered for a few seconds: streams ask for each part."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from identity.rights import Subject
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import NotFound
from kernel.web import CLOCK, DATABASE
from schedule.lectures import lecture_by_id
from schedule.lifecycle import LectureState

_FRESH: Final = timedelta(seconds=15)  # how long somebody who was struck off still sees parts
_HELD: Final = frozenset({LectureState.OPEN, LectureState.LIVE})
_MOST: Final = 2000  # lectures remembered; the oldest go


@dataclass(frozen=True, slots=True)
class _Known:
    subject: Subject
    has_waiting_room: bool
    read_at: datetime


class Subjects:
    """What rights need to know of each lecture that is being watched. Event loop only."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[UUID, _Known] = {}

    def remembered(self, lecture: UUID) -> Subject | None:
        """None: it is not known, or no longer surely; ask `of`."""
        known = self._known.get(lecture)
        is_fresh = known is not None and self._clock.now() - known.read_at < _FRESH
        return known.subject if known is not None and is_fresh else None

    def has_waiting_room(self, lecture: UUID) -> bool:
        """As it last was: whether the schedule plans one, and people are in the lecture now."""
        known = self._known.get(lecture)
        return known is not None and known.has_waiting_room

    async def of(self, lecture: UUID) -> Subject:
        """As it was a moment ago; as it last was, while the database is away."""
        return self.remembered(lecture) or await self._read(lecture)

    def forget(self, lecture: UUID) -> None:
        """It has just changed."""
        self._known.pop(lecture, None)

    async def _read(self, lecture: UUID) -> Subject:
        try:
            subject, has_waiting_room = await self._ask(lecture)
        except (SQLAlchemyError, OSError):
            last = self._known.get(lecture)
            if last is None:
                raise
            subject, has_waiting_room = last.subject, last.has_waiting_room
        self._known.pop(lecture, None)
        while len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        self._known[lecture] = _Known(subject, has_waiting_room, self._clock.now())
        return subject

    async def _ask(self, lecture: UUID) -> tuple[Subject, bool]:
        async with self._database.connect() as connection:
            try:
                found = await lecture_by_id(connection, lecture)
            except NotFound:
                return Subject(lecture=lecture), False
        return found.subject, found.work.waiting_room and found.state in _HELD


async def opened(app: web.Application) -> AsyncIterator[None]:
    app[SUBJECTS] = Subjects(app[DATABASE], app[CLOCK])
    yield


SUBJECTS: Final = web.AppKey("subjects", Subjects)
