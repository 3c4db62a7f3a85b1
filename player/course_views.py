"""Pages of courses: all of them, and one with its classes, people and recordings."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action, Viewer, allows
from identity.sessions import require
from kernel.pages import render, zone_of
from kernel.web import CLOCK, DATABASE, path_id
from player.entrance import signed_in
from player.extras import posters
from player.import_views import kinds_for
from schedule.academic import list_periods
from schedule.courses import Course, course_by_id, list_courses, list_groups
from schedule.enrolment_api import course_subject
from schedule.enrolments import (
    CATEGORIES,
    Part,
    count_learners,
    enrolments_of,
    members_of,
)
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import OVER, Lecture, LectureState
from schedule.rhythm import calendar_of

_BEHIND, _AHEAD = timedelta(days=366), timedelta(days=366)
_MOST: Final = 500  # classes or recordings of a course on its page
_ID: Final = "{id:[0-9a-fA-F-]{32,36}}"


@dataclass(frozen=True, slots=True)
class Card:
    """A course in the list."""

    course: Course
    learners: int
    is_mine: bool


def routes() -> list[web.RouteDef]:
    return [
        web.get("/courses", show_courses),
        web.get(f"/courses/{_ID}", show_course),
    ]


async def show_courses(request: web.Request) -> web.Response:
    viewer = _reader(request)
    today = _today(request)
    async with request.app[DATABASE].connect() as connection:
        cards = await _cards(connection, viewer, today)
        calendars = sorted({one.calendar for one in await list_periods(connection)})
    return render(
        request,
        "courses.html",
        mine=[card for card in cards if card.is_mine],
        others=[card for card in cards if not card.is_mine],
        calendars=calendars,
        can_manage=allows(viewer, Action.MANAGE_COURSE),
        may_import=bool(kinds_for(viewer)),
    )


async def show_course(request: web.Request) -> web.Response:
    viewer, now = _reader(request), request.app[CLOCK].now()
    async with request.app[DATABASE].connect() as connection:
        course = await course_by_id(connection, path_id(request))
        subject = await course_subject(request, connection, course.id)
        members = await members_of(connection, course.id)
        groups = await list_groups(connection)
        calendar = await calendar_of(connection, course.id)
        coming, recorded = await _classes(connection, course.id, now)
    today = _today(request)
    present = [one for one in members if one.enrolment.is_in_force(today)]
    may_watch = allows(viewer, Action.WATCH_RECORDING, subject)
    return render(
        request,
        "course_page.html",
        course=course,
        calendar=calendar,
        coming=coming,
        recorded=recorded if may_watch else [],
        posters=await posters(request.app, recorded if may_watch else []),
        staff=[one for one in present if one.enrolment.part is not Part.LEARNER],
        learners=sum(one.enrolment.part is Part.LEARNER for one in present),
        members=members if allows(viewer, Action.SEE_ROLL, subject) else [],
        today=today,
        groups={group.id: group for group in groups},
        may_enter=allows(viewer, Action.JOIN_LECTURE, subject),
        can_manage=allows(viewer, Action.MANAGE_COURSE, subject),
        may_see_attendance=allows(viewer, Action.SEE_ATTENDANCE, subject),
        categories=CATEGORIES,
        parts=list(Part),
    )


async def _cards(connection: AsyncConnection, viewer: Viewer, today: date) -> list[Card]:
    assert viewer.person_id is not None  # they are signed in
    mine = {one.course for one in await enrolments_of(connection, viewer.person_id, today)}
    found = await list_courses(connection)
    own = await list_courses(connection, ids=mine)
    courses = {course.id: course for course in (*own, *found)}
    learners = await count_learners(connection, courses.keys(), today)
    return [
        Card(course, learners.get(course.id, 0), course.id in mine) for course in courses.values()
    ]


async def _classes(
    connection: AsyncConnection, course: UUID, now: datetime
) -> tuple[list[Lecture], list[Lecture]]:
    """What is live or to come, by time; what was recorded, the newest first."""
    coming = Filter(courses=[course], since=now, until=now + _AHEAD)
    over = Filter(courses=[course], since=now - _BEHIND, has_recording=True)
    ahead = await list_lectures(connection, coming, limit=_MOST)
    recorded = await list_lectures(connection, over, limit=_MOST)
    is_to_come = (one for one in ahead if one.state not in OVER - {LectureState.CANCELLED})
    return list(is_to_come), [one for one in reversed(recorded) if one.is_watchable]


def _reader(request: web.Request) -> Viewer:
    signed_in(request)
    return require(request, Action.SEE_SCHEDULE)


def _today(request: web.Request) -> date:
    return request.app[CLOCK].now().astimezone(zone_of(request)).date()
