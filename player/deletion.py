"""Deleting recordings: one by hand, those whose own day has come, those that the house's rule no longer
keeps. Files, what was made of them, also for television, and the lecture's mark go; the facts stay, and say
who deleted what and why."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
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
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, reply
from player import places
from player.delivery import LIBRARY
from player.events import RecordingDeleted
from schedule.asked import lecture_of
from schedule.channels import drop_house_items
from schedule.lectures import lectures_past_keeping
from schedule.lifecycle import Lecture, RecordingState
from schedule.places import house_folder
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
    """What the next look would delete; `days` 0: the house deletes nothing by itself."""

    days: int
    due: list[Due]


class Shredder:
    """Deletes. What a crash leaves half done is done by the next look. Event loop only."""

    def __init__(
        self,
        library: Library,
        database: Database,
        recorder: Recorder,
        clock: Clock,
        *,
        house: Path,
    ) -> None:
        """`house` is the folder of what was made of recordings for television."""
        self._library = library
        self._database = database
        self._recorder = recorder
        self._clock = clock
        self._house = house

    async def delete(self, lecture: UUID, *, by: UUID | None, reason: str) -> None:
        """The fact first: what is gone is known to be gone. Conflict while it is being recorded."""
        if self._library.is_live(lecture):
            raise Conflict("This lecture is being recorded.")
        now = self._clock.now()
        fact = RecordingDeleted(id=new_id(), at=now, lecture=lecture, person=by, reason=reason)
        await self._recorder.record(fact)
        await asyncio.to_thread(self._library.withdraw, lecture)
        await self._finish(lecture)
        log.info("player.recording_deleted", lecture=str(lecture), reason=reason)

    async def due(self, days: int) -> list[Lecture]:
        """Recordings whose own day has come, and those that the house's rule no longer keeps."""
        async with self._database.connect() as connection:
            return await lectures_past_keeping(
                connection, now=self._clock.now(), days=days, limit=_AT_ONCE
            )

    async def run(self, days: int) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look(days)
            except (SQLAlchemyError, OSError, DarisError) as error:
                log.warning("player.retention_failed", reason=str(error))
            await asyncio.sleep(_LOOK_AGAIN.total_seconds())

    async def look(self, days: int) -> None:
        """One round: first what a crash interrupted, then what is due."""
        for lecture in await asyncio.to_thread(self._library.withdrawn):
            await self._finish(lecture)
        for due in await self.due(days):
            reason = "its day has come" if due.kept_until else f"older than {days} days"
            await self.delete(due.id, by=None, reason=reason)

    async def _finish(self, lecture: UUID) -> None:
        """Of what is withdrawn already."""
        async with self._database.begin() as connection:
            await mark_recording(connection, lecture, RecordingState.NONE, at=self._clock.now())
            await places.forget(connection, lecture)
            conditioned = await drop_house_items(connection, f"recording:{lecture}")
        await asyncio.to_thread(self._remove, lecture, conditioned)

    def _remove(self, lecture: UUID, conditioned: Sequence[str]) -> None:
        for file in conditioned:
            (self._house / file).unlink(missing_ok=True)
        self._library.shred(lecture)


SHREDDER: Final = web.AppKey("shredder", Shredder)


async def opened(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    shredder = app[SHREDDER] = Shredder(
        app[LIBRARY],
        app[DATABASE],
        app[RECORDER],
        app[CLOCK],
        house=house_folder(settings),
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(shredder.run(settings.recording_days), name="retention")
        yield
        running.cancel()


def routes() -> list[web.RouteDef]:
    return [
        web.delete(f"/api/v1/lectures/{_ID}/recording", delete),
        web.get("/api/v1/recordings/due", show_due),
    ]


async def delete(request: web.Request) -> web.Response:
    """204; there is no way back."""
    lecture = await lecture_of(request)
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
