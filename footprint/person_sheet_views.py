"""All classes of one person on one sheet, over HTTP: one's own at once, another's by right."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from aiohttp import web

from footprint import export
from footprint.person_classes import PersonClass, person_classes
from footprint.policy import Status
from footprint.presence import presences_of
from footprint.profile_views import person_of
from footprint.spreadsheets import format_of, spreadsheet
from identity.sessions import viewer_of
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, reply

_MINE, _THEIRS = "/me/attendance", "/people/{person}/attendance"


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
        for path in (_MINE, _THEIRS)
        for route in (
            web.get(path, show_sheet),
            web.get(f"/api/v1{path}", read_sheet),
        )
    ]


async def show_sheet(request: web.Request) -> web.Response:
    """The sheet as a page, newest first."""
    person = await person_of(request)
    is_own = person.id == viewer_of(request).person_id
    path = _MINE if is_own else _THEIRS.format(person=person.id)
    classes = await _classes(request, person.id)
    return render(
        request,
        "person_sheet.html",
        person=person,
        lines=[_line(one) for one in reversed(classes)],
        is_own=is_own,
        footprint_url=path.removesuffix("attendance") + "footprint",
        file_url=f"/api/v1{path}?bom=true",
    )


async def read_sheet(request: web.Request) -> web.Response:
    """The sheet as JSON, CSV or a workbook."""
    person = await person_of(request)
    classes = await _classes(request, person.id)
    if format_of(request) == "json":
        return reply(PersonSheet(person.id, [_line(one) for one in classes]))
    sheets = {"classes": export.person_rows(classes)}
    return await spreadsheet(request, f"attendance-{person.id}", sheets)


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
