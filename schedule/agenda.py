"""The agenda: moves lectures through their lives when their time has come.

Any number of processes may run it. Each move is one compare-and-set, so it is made once.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NoReturn

import structlog
from aiohttp import web
from prometheus_client import Counter, Histogram

from kernel.clock import Clock
from kernel.web import BUS, CLOCK, DATABASE, RECORDER, SETTINGS
from schedule.lifecycle import Lecture, Policy, next_move
from schedule.timetable import TIMETABLE, Timetable

log = structlog.get_logger()

MOVES = Counter("daris_schedule_moves", "Lectures moved by the schedule", ["to"])
STEP_SECONDS = Histogram("daris_schedule_step_seconds", "Time of one look at the timetable")

_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=30)


class Agenda:
    """Looks at the timetable every `interval`."""

    def __init__(
        self, timetable: Timetable, clock: Clock, *, interval: timedelta = timedelta(seconds=1)
    ) -> None:
        self._timetable = timetable
        self._clock = clock
        self._interval = interval

    async def supervise(self) -> NoReturn:
        """Keep one attempt going; after a failure pause, longer each time."""
        pause = _SHORTEST_PAUSE
        while True:
            began = self._clock.monotonic()
            try:
                await self.attempt()
            except Exception:
                log.exception("schedule.agenda_failed", pause_seconds=pause.total_seconds())
            lasted = self._clock.monotonic() - began
            if lasted > _LONGEST_PAUSE.total_seconds():
                pause = _SHORTEST_PAUSE
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def attempt(self) -> NoReturn:
        """Step after step, until something fails."""
        while True:
            with STEP_SECONDS.time():
                await self.step()
            await asyncio.sleep(self._interval.total_seconds())

    async def step(self) -> list[Lecture]:
        """Announce what others left behind, and make every move that is due; those made here."""
        await self._timetable.announce()
        return [
            moved
            for lecture in await self._timetable.due()
            for moved in await self._bring_up_to_date(lecture)
        ]

    async def _bring_up_to_date(self, lecture: Lecture) -> list[Lecture]:
        """All moves that one lecture needs; several after a long standstill."""
        made: list[Lecture] = []
        while move := next_move(lecture, self._clock.now(), self._timetable.policy):
            moved = await self._timetable.make(lecture, move)
            if moved is None:
                break  # another process was faster
            MOVES.labels(move.to).inc()
            log.info("schedule.lecture_moved", lecture=str(lecture.id), to=move.to)
            made.append(moved)
            lecture = moved
        return made


async def opened(app: web.Application) -> AsyncIterator[None]:
    """A cleanup context behind DATABASE, BUS and RECORDER: the timetable, and its agenda."""
    settings = app[SETTINGS]
    policy = Policy(
        opens_before=timedelta(minutes=settings.room_opens_minutes),
        overrun=timedelta(minutes=settings.overrun_minutes),
    )
    timetable = Timetable(app[DATABASE], app[RECORDER], app[BUS], app[CLOCK], policy)
    app[TIMETABLE] = timetable
    async with asyncio.TaskGroup() as tasks:
        agenda = tasks.create_task(Agenda(timetable, app[CLOCK]).supervise(), name="agenda")
        yield
        agenda.cancel()
