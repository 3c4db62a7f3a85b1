"""The timetable: each thing that can be done to a lecture, as one transaction that is announced.

Views, the rooms and the agenda all go through here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.bus import Bus
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Conflict
from kernel.facts import Recorder
from schedule import lectures, planning, recordings, repeating, teaching
from schedule.announcer import Announcer
from schedule.lifecycle import Lecture, Move, Policy, RecordingState, Visibility
from schedule.planning import Author, Changes, Plan
from schedule.repeating import Outcome, SeriesPlan


class Timetable:
    """What happens when. On return the change is committed, its fact kept, its bell rung."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        bus: Bus,
        clock: Clock,
        policy: Policy | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self._database = database
        self._clock = clock
        self._announcer = Announcer(database, recorder, bus, clock)

    async def plan(self, wanted: Plan, by: Author) -> Lecture:
        async with self._changing() as connection:
            return await planning.plan(connection, wanted, by)

    async def change(
        self, lecture_id: UUID, changes: Changes, by: Author, *, revision: int
    ) -> Lecture:
        async with self._changing() as connection:
            return await planning.change(
                connection, lecture_id, changes, by, revision=revision, policy=self.policy
            )

    async def cancel(self, lecture_id: UUID, by: Author, *, reason: str = "") -> Lecture:
        async with self._changing() as connection:
            return await planning.cancel(connection, lecture_id, by, reason=reason)

    async def plan_series(
        self, wanted: SeriesPlan, by: Author, *, is_preview: bool = False
    ) -> Outcome:
        """All of its classes or none: Conflict has a finding for each that does not fit."""
        async with self.reviewing(is_preview=is_preview) as connection:
            outcome = await repeating.plan_series(connection, wanted, by, self.policy)
            return _whole(outcome, is_preview=is_preview)

    async def change_series(
        self,
        series_id: UUID,
        wanted: SeriesPlan,
        by: Author,
        *,
        revision: int,
        is_preview: bool = False,
    ) -> Outcome:
        """As `plan_series`; classes that somebody touched stay as they are."""
        async with self.reviewing(is_preview=is_preview) as connection:
            outcome = await repeating.change_series(
                connection, series_id, wanted, by, revision=revision, policy=self.policy
            )
            return _whole(outcome, is_preview=is_preview)

    async def end_series(self, series_id: UUID, by: Author) -> Outcome:
        async with self._changing() as connection:
            return await repeating.end_series(connection, series_id, by, policy=self.policy)

    async def start(self, lecture_id: UUID, *, by: UUID | None) -> Lecture:
        async with self._changing() as connection:
            return await teaching.start(
                connection, lecture_id, at=self._clock.now(), by=by, policy=self.policy
            )

    async def stop(self, lecture_id: UUID, *, by: UUID | None) -> Lecture:
        async with self._changing() as connection:
            return await teaching.stop(connection, lecture_id, at=self._clock.now(), by=by)

    async def mark_recording(self, lecture_id: UUID, recording: RecordingState) -> Lecture:
        """The room's word on the recording; READY, FAULTED or NONE publishes an ended lecture."""
        async with self._changing() as connection:
            return await teaching.mark_recording(
                connection, lecture_id, recording, at=self._clock.now()
            )

    async def share_recording(
        self,
        lecture_id: UUID,
        visibility: Visibility,
        *,
        by: UUID | None,
        renews_link: bool = False,
    ) -> Lecture:
        """Say who may watch; see `recordings.share`."""
        async with self._changing() as connection:
            return await recordings.share(
                connection,
                lecture_id,
                visibility,
                at=self._clock.now(),
                by=by,
                renews_link=renews_link,
            )

    async def keep_recording(
        self, lecture_id: UUID, *, by: UUID | None, until: datetime | None, is_for_ever: bool
    ) -> Lecture:
        """Say how long the recording is kept; see `recordings.keep`."""
        async with self._changing() as connection:
            return await recordings.keep(
                connection,
                lecture_id,
                until=until,
                is_for_ever=is_for_ever,
                at=self._clock.now(),
                by=by,
            )

    async def still_taught(self, lecture_id: UUID) -> None:
        """The room's proof, every minute or so, that somebody teaches: it may overrun."""
        async with self._database.begin() as connection:
            await lectures.touch_taught(connection, lecture_id, at=self._clock.now())

    async def make(self, lecture: Lecture, move: Move) -> Lecture | None:
        """The schedule's own move; None when another process made it first."""
        async with self._changing() as connection:
            return await teaching.make(connection, lecture, move, at=self._clock.now(), by=None)

    async def due(self) -> list[Lecture]:
        """The lectures that might have to move now."""
        async with self._database.connect() as connection:
            return await lectures.lectures_to_move(
                connection, now=self._clock.now(), opens_before=self.policy.opens_before
            )

    async def announce(self) -> int:
        """Announce what a process that died has left; how many."""
        return await self._announcer.announce()

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[AsyncConnection]:
        async with self._database.begin() as connection:
            yield connection
        await self._announcer.announce()

    @asynccontextmanager
    async def reviewing(self, *, is_preview: bool) -> AsyncIterator[AsyncConnection]:
        """A transaction whose changes are announced; a preview is undone at its end."""
        async with self._changing() as connection, connection.begin_nested() as trial:
            yield connection
            if is_preview:
                await trial.rollback()


def _whole(outcome: Outcome, *, is_preview: bool) -> Outcome:
    """The outcome, unless a class is missing from it and it is meant."""
    if outcome.findings and not is_preview:
        raise Conflict("Some classes do not fit; nothing is saved.", findings=outcome.findings)
    return outcome


TIMETABLE = web.AppKey("timetable", Timetable)
