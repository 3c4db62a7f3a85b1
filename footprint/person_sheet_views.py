"""All classes of one person on one sheet, over HTTP: one's own at once, another's by right."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from aiohttp import web

from footprint import export
from footprint.events import FootprintRead
from footprint.person_classes import PersonClass, person_classes
from footprint.policy import Status
from footprint.presence import presences_of
from footprint.profile_views import person_of
from footprint.spreadsheets import format_of, spreadsheet
from identity.people import Person, person_by_id
from identity.rights import Action, Subject
from identity.sessions import require, viewer_of
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, RECORDER, path_id, reply
from schedule.enrolment_api import course_subject
from schedule.enrolments import members_of

_MINE, _THEIRS = "/me/attendance", "/people/{person}/attendance"
_OF_COURSE = "/courses/{id}/attendance/{person}"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One class. A lecturer's own has no status; nor one of which nothing is known."""

    lecture: UUID
    title: str
    course: UUID | None
    course_title: str
    period: str
    week: int | None
    starts_at: datetime
    is_teacher: bool
    status: Status | None
    minutes: float
    percent: float
    policy: str | None
    is_marked: bool


class PersonSheet(msgspec.Struct, frozen=True):
    """All classes of one person, oldest first."""

    person: UUID
    classes: Sequence[Line]


def routes() -> list[web.RouteDef]:
    return [
        route
        for path, show, read in (
            (_MINE, show_sheet, read_sheet),
            (_THEIRS, show_sheet, read_sheet),
            (_OF_COURSE, show_part, read_part),
        )
        for route in (web.get(path, show), web.get(f"/api/v1{path}", read))
    ]


async def show_sheet(request: web.Request) -> web.Response:
    """The sheet as a page, newest first."""
    person = await person_of(request)
    path = "/me" if _is_own(request, person) else f"/people/{person.id}"
    back_url = f"{path}/footprint"
    return _page(
        request, person, await _classes(request, person.id), f"{path}/attendance", back_url
    )


async def read_sheet(request: web.Request) -> web.Response:
    """The sheet as JSON, CSV or a workbook."""
    person = await person_of(request)
    return await _answer(request, person, await _classes(request, person.id))


async def show_part(request: web.Request) -> web.Response:
    """What of it is of one course, for who sees that course's attendance."""
    person, course = await _of_course(request)
    found = [one for one in await _classes(request, person.id) if one.course == course]
    back_url = f"/courses/{course}/attendance"
    return _page(request, person, found, f"{back_url}/{person.id}", back_url)


async def read_part(request: web.Request) -> web.Response:
    """The same as JSON, CSV or a workbook."""
    person, course = await _of_course(request)
    found = [one for one in await _classes(request, person.id) if one.course == course]
    return await _answer(request, person, found)


async def _of_course(request: web.Request) -> tuple[Person, UUID]:
    """NotFound for whom the course never had, so that nobody is looked up by it."""
    course, whose, viewer = path_id(request), path_id(request, "person"), viewer_of(request)
    async with request.app[DATABASE].connect() as connection:
        subject = await course_subject(request, connection, course)
        members = {one.enrolment.person for one in await members_of(connection, course)}
    if whose == viewer.person_id:
        require(request, Action.SEE_OWN_FOOTPRINT, Subject(person=whose))
    else:
        require(request, Action.SEE_ATTENDANCE, subject)
        at = request.app[CLOCK].now()
        fact = FootprintRead(id=new_id(), at=at, person=viewer.actor, what="attendance", of=whose)
        await request.app[RECORDER].record(fact)
    if whose not in members:
        raise NotFound("This person is not of this course.")
    async with request.app[DATABASE].connect() as connection:
        return await person_by_id(connection, whose), course


def _page(
    request: web.Request,
    person: Person,
    classes: Sequence[PersonClass],
    path: str,
    back_url: str,
) -> web.Response:
    return render(
        request,
        "person_sheet.html",
        person=person,
        lines=[_line(one) for one in reversed(classes)],
        is_own=_is_own(request, person),
        back_url=back_url,
        file_url=f"/api/v1{path}?bom=true",
    )


async def _answer(
    request: web.Request, person: Person, classes: Sequence[PersonClass]
) -> web.Response:
    if format_of(request) == "json":
        return reply(PersonSheet(person.id, [_line(one) for one in classes]))
    sheets = {"classes": export.person_rows(classes)}
    return await spreadsheet(request, f"attendance-{person.id}", sheets)


def _is_own(request: web.Request, person: Person) -> bool:
    return person.id == viewer_of(request).person_id


async def _classes(request: web.Request, person: UUID) -> list[PersonClass]:
    async with request.app[DATABASE].connect() as connection:
        stays = await presences_of(connection, person)
        now = request.app[CLOCK].now()
        return await person_classes(connection, person, stays, now=now)


def _line(one: PersonClass) -> Line:
    row = None if one.is_teacher else one.attendance
    return Line(
        lecture=one.lecture,
        title=one.title,
        course=one.course,
        course_title=one.course_title,
        period=one.period,
        week=one.week,
        starts_at=one.starts_at,
        is_teacher=one.is_teacher,
        status=row.status if row else None,
        minutes=round(row.minutes, 1) if row else 0.0,
        percent=round(row.percent, 1) if row else 0.0,
        policy=row.policy if row else None,
        is_marked=bool(row and row.mark),
    )
