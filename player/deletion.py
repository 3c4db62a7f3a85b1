"""Deleting recordings: one by hand, or those that are older than the rule allows. Files, what was made
of them and the lecture's mark go; the facts stay, and say who deleted what and why."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from identity.rights import Action
from identity.sessions import require
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Conflict, DarisError, NotFound
from kernel.facts import Recorder
from kernel.ids import new_id
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, path_id, reply
from player.delivery import LIBRARY
from player.events import RecordingDeleted
from schedule.lectures import Filter, lecture_by_id, list_lectures
from schedule.lifecycle import Lecture, LectureState, RecordingState
from schedule.teaching import mark_recording
from transcode.library import Library

log = structlog.get_logger()

_ID: Final = "{id:[0-9a-fA-F-]{32,36}}"
_LOOK_AGAIN: Final = timedelta(hours=1)
_AT_ONCE: Final = 100  # lectures of one look


class Due(msgspec.Struct, frozen=True):
    """A recording whose time is over."""

    lecture: UUID
    title: str
    ended_at: datetime | None


class DueList(msgspec.Struct, frozen=True):
    """What the next look would delete; `days` 0: nothing is ever deleted by itself."""

    days: int
    due: list[Due]


class Shredder:
    """Deletes. What a crash leaves half done is done by the next look. Event loop only."""

    def __init__(
        self, library: Library, database: Database, recorder: Recorder, clock: Clock
    ) -> None:
        self._library = library
        self._database = database
        self._recorder = recorder
        self._clock = clock

    async def delete(self, lecture: UUID, *, by: UUID | None, reason: str) -> None:
        """The fact first: what is gone is known to be gone. Conflict while it is being recorded."""
        if self._library.is_live(lecture):
            raise Conflict("This lecture is being recorded.")
        now = self._clock.now()
        fact = RecordingDeleted(id=new_id(), at=now, lecture=lecture, person=by, reason=reason)
        await self._recorder.record(fact)
        async with self._database.begin() as connection:
            await mark_recording(connection, lecture, RecordingState.NONE, at=now)
        await asyncio.to_thread(self._library.delete, lecture)
        log.info("player.recording_deleted", lecture=str(lecture), reason=reason)

    async def due(self, days: int) -> list[Lecture]:
        """Recordings of lectures that ended more than `days` ago; none for 0."""
        if not days:
            return []
        until = self._clock.now() - timedelta(days=days)
        which = Filter(until=until, states=(LectureState.PUBLISHED,), has_recording=True)
        async with self._database.connect() as connection:
            return [
                lecture
                for lecture in await list_lectures(connection, which, limit=_AT_ONCE)
                if (lecture.ended_at or lecture.ends_at) < until
            ]

    async def run(self, days: int) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(SQLAlchemyError, OSError, DarisError):
                for lecture in await self.due(days):
                    await self.delete(lecture.id, by=None, reason=f"older than {days} days")
            await asyncio.sleep(_LOOK_AGAIN.total_seconds())


SHREDDER: Final = web.AppKey("shredder", Shredder)


async def opened(app: web.Application) -> AsyncIterator[None]:
    shredder = app[SHREDDER] = Shredder(app[LIBRARY], app[DATABASE], app[RECORDER], app[CLOCK])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(shredder.run(app[SETTINGS].recording_days), name="retention")
        yield
        running.cancel()


def routes() -> list[web.RouteDef]:
    return [
        web.delete(f"/api/v1/lectures/{_ID}/recording", delete),
        web.get("/api/v1/recordings/due", show_due),
    ]


async def delete(request: web.Request) -> web.Response:
    """204; there is no way back."""
    async with request.app[DATABASE].connect() as connection:
        lecture = await lecture_by_id(connection, path_id(request))
    viewer = require(request, Action.HOST_LECTURE, lecture.subject)
    if lecture.recording is RecordingState.NONE:
        raise NotFound("There is no recording of this lecture.")
    await request.app[SHREDDER].delete(lecture.id, by=viewer.actor, reason="by hand")
    return web.Response(status=204)


async def show_due(request: web.Request) -> web.Response:
    """The dry run of the rule."""
    require(request, Action.MANAGE_PEOPLE)
    days = request.app[SETTINGS].recording_days
    due = await request.app[SHREDDER].due(days)
    return reply(DueList(days, [Due(each.id, each.title, each.ended_at) for each in due]))
