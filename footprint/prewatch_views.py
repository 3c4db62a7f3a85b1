"""What is to be watched before class, over HTTP: assigned by who teaches, seen by who learns."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.events import FootprintRead
from footprint.prewatch import Watched, how_far, who_has
from identity.rights import Action, Viewer, allows
from identity.sessions import require, require_person
from kernel.ids import new_id
from kernel.web import CLOCK, DATABASE, RECORDER, decode, path_id, reply
from schedule.asked import lecture_of
from schedule.assignments import (
    Assignment,
    assign,
    assignment_by_id,
    assignments_of,
    assignments_with,
    withdraw,
)
from schedule.audience import is_for
from schedule.enrolments import enrolments_of
from schedule.events import AssignmentMade, AssignmentWithdrawn
from schedule.lectures import Filter, lecture_by_id, list_lectures
from schedule.lifecycle import AHEAD, Lecture
from schedule.planning import in_utc

_BEHIND, _AHEAD_OF_NOW = timedelta(days=366), timedelta(days=21)
_MOST: Final = 200


class NewAssignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall be watched; the deadline is the beginning of the class if it is left out."""

    recording: UUID
    percent: int = 80
    deadline: datetime | None = None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An assignment with how far the reader is; `watched_percent` is null for who teaches."""

    id: UUID
    lecture: UUID
    title: str  # of the class
    starts_at: datetime
    recording: UUID
    recording_title: str
    percent: int
    deadline: datetime
    watched_percent: float | None
    is_done: bool


class Choice(msgspec.Struct, frozen=True):
    """A recording that may be assigned."""

    id: UUID
    title: str
    starts_at: datetime


class Assignments(msgspec.Struct, frozen=True, kw_only=True):
    """Of a lecture: what is to be watched before it; before what its recording is to be watched; and,
    for who may assign, what could be."""

    before: list[Shown]
    of_recording: list[Shown]
    choices: list[Choice]


class Mine(msgspec.Struct, frozen=True):
    """What I have to watch before the classes of the next three weeks."""

    assignments: list[Shown]


class Progress(msgspec.Struct, frozen=True):
    """How far everybody is; who is furthest behind first."""

    people: list[Watched]


def routes() -> list[web.RouteDef]:
    lecture = "/api/v1/lectures/{id}/assignments"
    return [
        web.get(lecture, show),
        web.post(lecture, add),
        web.get("/api/v1/me/assignments", show_mine),
        web.delete("/api/v1/assignments/{id}", remove),
        web.get("/api/v1/assignments/{id}/progress", show_progress),
    ]


async def show(request: web.Request) -> web.Response:
    lecture = await lecture_of(request)
    viewer = require(request, Action.JOIN_LECTURE, lecture.subject)
    may_assign = lecture.state in AHEAD and allows(viewer, Action.CHANGE_LECTURE, lecture.subject)
    async with request.app[DATABASE].connect() as connection:
        before = await assignments_of(connection, [lecture.id])
        of_recording = await assignments_with(connection, lecture.id)
        body = Assignments(
            before=await _shown(connection, before, viewer),
            of_recording=await _shown(connection, of_recording, viewer, only_theirs=True),
            choices=await _choices(connection, lecture) if may_assign else [],
        )
    return reply(body)


async def add(request: web.Request) -> web.Response:
    wanted, lecture = await decode(request, NewAssignment), await lecture_of(request)
    viewer = require(request, Action.CHANGE_LECTURE, lecture.subject)
    now = request.app[CLOCK].now()
    async with request.app[DATABASE].begin() as connection:
        recording = await lecture_by_id(connection, wanted.recording)
        require(request, Action.WATCH_RECORDING, recording.subject)
        made = await assign(
            connection,
            lecture,
            recording,
            percent=wanted.percent,
            deadline=in_utc(wanted.deadline or lecture.starts_at),
            by=viewer.person_id,
            at=now,
        )
        (shown,) = await _shown(connection, [made], viewer)
        fact = AssignmentMade(
            id=new_id(),
            at=now,
            lecture=lecture.id,
            person=viewer.actor,
            recording=made.recording,
            percent=made.percent,
            deadline=made.deadline,
        )
        await request.app[RECORDER].record(fact)
    return reply(shown, status=HTTPStatus.CREATED)


async def remove(request: web.Request) -> web.Response:
    async with request.app[DATABASE].begin() as connection:
        found = await assignment_by_id(connection, path_id(request))
        lecture = await lecture_by_id(connection, found.lecture)
        viewer = require(request, Action.CHANGE_LECTURE, lecture.subject)
        await withdraw(connection, found.id)
        fact = AssignmentWithdrawn(
            id=new_id(),
            at=request.app[CLOCK].now(),
            lecture=lecture.id,
            person=viewer.actor,
            recording=found.recording,
        )
        await request.app[RECORDER].record(fact)
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def show_mine(request: web.Request) -> web.Response:
    viewer, now = require_person(request), request.app[CLOCK].now()
    assert viewer.person_id is not None  # it was required
    async with request.app[DATABASE].connect() as connection:
        last = now + _AHEAD_OF_NOW
        enrolled = await enrolments_of(connection, viewer.person_id, now.date(), last.date())
        courses = {one.course for one in enrolled}
        which = Filter(since=now, until=last, courses=courses, states=AHEAD)
        classes = await list_lectures(connection, which, limit=_MOST)
        own = [one.id for one in classes if is_for(one, enrolled)]
        found = await assignments_of(connection, own)
        return reply(Mine(await _shown(connection, found, viewer)))


async def show_progress(request: web.Request) -> web.Response:
    """Whoever reads others' footprint leaves one."""
    async with request.app[DATABASE].connect() as connection:
        found = await assignment_by_id(connection, path_id(request))
        lecture = await lecture_by_id(connection, found.lecture)
        viewer = require(request, Action.SEE_ATTENDANCE, lecture.subject)
        people = await who_has(connection, found, lecture)
    now = request.app[CLOCK].now()
    fact = FootprintRead(
        id=new_id(), at=now, lecture=lecture.id, person=viewer.actor, what="prewatch"
    )
    await request.app[RECORDER].record(fact)
    return reply(Progress(people))


async def _shown(
    connection: AsyncConnection,
    found: Iterable[Assignment],
    viewer: Viewer,
    *,
    only_theirs: bool = False,
) -> list[Shown]:
    """With `only_theirs` those before a class that is for the viewer."""
    listed = list(found)
    ids = {one.lecture for one in listed} | {one.recording for one in listed}
    lectures = await list_lectures(connection, Filter(ids=ids), limit=max(len(ids), 1))
    known = {one.id: one for one in lectures}
    if only_theirs:
        listed = [one for one in listed if await _is_theirs(connection, known[one.lecture], viewer)]
    return [await _one(connection, one, known, viewer) for one in listed]


async def _one(
    connection: AsyncConnection, one: Assignment, known: dict[UUID, Lecture], viewer: Viewer
) -> Shown:
    lecture, recording = known[one.lecture], known[one.recording]
    percent, is_done = None, False
    if viewer.person_id is not None and viewer.person_id != lecture.lecturer:
        percent, is_done = await how_far(connection, one, viewer.person_id)
    return Shown(
        id=one.id,
        lecture=lecture.id,
        title=lecture.title,
        starts_at=lecture.starts_at,
        recording=recording.id,
        recording_title=recording.title,
        percent=one.percent,
        deadline=one.deadline,
        watched_percent=percent,
        is_done=is_done,
    )


async def _is_theirs(connection: AsyncConnection, lecture: Lecture, viewer: Viewer) -> bool:
    if viewer.person_id is None or lecture.state not in AHEAD:
        return False
    day = lecture.starts_at.date()
    around = day - timedelta(days=1), day + timedelta(days=1)
    return is_for(lecture, await enrolments_of(connection, viewer.person_id, *around))


async def _choices(connection: AsyncConnection, lecture: Lecture) -> list[Choice]:
    """Recordings of the same course; the newest first."""
    if lecture.work.course is None:
        return []
    since = lecture.starts_at - _BEHIND
    which = Filter(since=since, courses=[lecture.work.course], has_recording=True)
    found = [one for one in await list_lectures(connection, which, limit=_MOST) if one.is_watchable]
    assigned = {one.recording for one in await assignments_of(connection, [lecture.id])}
    return [
        Choice(one.id, one.title, one.starts_at)
        for one in reversed(found)
        if one.id not in assigned
    ]
