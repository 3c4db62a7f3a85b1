"""What a class watched, over HTTP: the curve for all, the table for hosts, the choice not to be in it."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from footprint.events import FootprintRead
from footprint.heatmap import Heatmap, Table, counted, curve, table
from footprint.uncounted import count, is_counted, uncounted_people
from footprint.viewings import viewings
from identity.rights import Action
from identity.sessions import require, require_person, viewer_of
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.web import CLOCK, DATABASE, RECORDER, decode, reply
from player.delivery import LIBRARY
from player.played import Segment
from schedule.asked import lecture_of
from schedule.lifecycle import Lecture
from transcode.recording import Recording, RecordingState
from transcode.revisions import Revisions

_LECTURE: Final = "/api/v1/lectures/{id}/heatmap"
_MINE: Final = "/api/v1/me/counting"
_MEMORY: Final = timedelta(seconds=60)  # reading a class's views takes a while
_REMEMBERED: Final = 200  # lectures

People = dict[UUID, list[Segment]]


class Counting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether I am counted in what a class watched."""

    is_counted: bool


@dataclass(slots=True)
class Curves:
    """The newest curves. Event loop only."""

    clock: Clock
    known: OrderedDict[UUID, tuple[Heatmap, float]]  # and until when, in monotonic seconds

    def recall(self, lecture: UUID, length_ms: int) -> Heatmap | None:
        found, until = self.known.get(lecture, (None, 0.0))
        is_fresh = found and found.length_ms == length_ms and until > self.clock.monotonic()
        return found if is_fresh else None

    def keep(self, lecture: UUID, made: Heatmap) -> None:
        self.known[lecture] = made, self.clock.monotonic() + _MEMORY.total_seconds()
        while len(self.known) > _REMEMBERED:
            self.known.popitem(last=False)


CURVES: Final = web.AppKey("heatmap curves", Curves)


async def opened(app: web.Application) -> AsyncIterator[None]:
    app[CURVES] = Curves(app[CLOCK], OrderedDict())
    yield


def routes() -> list[web.RouteDef]:
    return [
        web.get(_LECTURE, show_curve),
        web.get(f"{_LECTURE}/table", show_table),
        web.get(_MINE, show_counting),
        web.put(_MINE, choose_counting),
    ]


async def show_curve(request: web.Request) -> web.Response:
    """For whoever may watch; up to a minute old."""
    lecture, found = await _recorded(request, Action.WATCH_RECORDING)
    length_ms = _length_ms(found)
    curves = request.app[CURVES]
    made = curves.recall(lecture.id, length_ms)
    if made is None:
        made = curve(await _people(request, lecture, found), length_ms)
        curves.keep(lecture.id, made)
    return reply(made)


async def show_table(request: web.Request) -> web.Response:
    """For hosts, however few watched: they have the names, too. So it is on record."""
    lecture, found = await _recorded(request, Action.HOST_LECTURE)
    fact = FootprintRead(
        id=new_id(),
        at=request.app[CLOCK].now(),
        lecture=lecture.id,
        person=viewer_of(request).actor,
        what="viewings",
    )
    await request.app[RECORDER].record(fact)
    made: Table = table(await _people(request, lecture, found), _length_ms(found))
    return reply(made)


async def show_counting(request: web.Request) -> web.Response:
    person = _person(request)
    async with request.app[DATABASE].connect() as connection:
        return reply(Counting(await is_counted(connection, person)))


async def choose_counting(request: web.Request) -> web.Response:
    wanted, person = await decode(request, Counting), _person(request)
    async with request.app[DATABASE].begin() as connection:
        now = request.app[CLOCK].now()
        await count(connection, person, is_wanted=wanted.is_counted, at=now)
    request.app[CURVES].known.clear()
    return reply(wanted)


async def _recorded(request: web.Request, action: Action) -> tuple[Lecture, Recording]:
    """The lecture and its finished recording, for who may do that."""
    lecture = await lecture_of(request)
    require(request, action, lecture.subject)
    found = await request.app[LIBRARY].fetch(lecture.id)
    if found is None or found.state is not RecordingState.FINISHED:
        raise NotFound("There is no recording of this lecture.")
    return lecture, found


async def _people(request: web.Request, lecture: Lecture, found: Recording) -> People:
    """The class: without its lecturer, and without who does not want to be counted."""
    assert found.folder  # of what is finished
    revisions = await asyncio.to_thread(Revisions.read, found.folder)
    async with request.app[DATABASE].connect() as connection:
        left_out = await uncounted_people(connection) | {lecture.lecturer}
        return counted(await viewings(connection, lecture.id, revisions), left_out)


def _length_ms(found: Recording) -> int:
    return found.duration // timedelta(milliseconds=1)


def _person(request: web.Request) -> UUID:
    person = require_person(request).person_id
    assert person is not None  # it was required
    return person
