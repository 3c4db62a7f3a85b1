"""The log of tutors and volunteers over HTTP: of a course for who sees its attendance, and one's own."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from aiohttp import web

from footprint.events import FootprintRead
from footprint.expected import all_enrolments_of
from footprint.export import Cell
from footprint.helping import Helped, helped_by, helped_in_course
from footprint.profile_views import person_of
from footprint.spreadsheets import format_of, spreadsheet
from identity.rights import Action
from identity.sessions import require, viewer_of
from kernel.ids import new_id
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, RECORDER, path_id, reply
from schedule.courses import Course, course_by_id
from schedule.enrolment_api import course_subject

_MINE, _THEIRS = "/me/helping", "/people/{person}/helping"
_COURSE = "/courses/{id}/helping"


class Log(msgspec.Struct, frozen=True):
    """Classes with what helpers did there, oldest first."""

    helped: Sequence[Helped]


def routes() -> list[web.RouteDef]:
    return [
        web.get(_COURSE, show_course),
        web.get(f"/api/v1{_COURSE}", read_course),
        *(web.get(path, show_person) for path in (_MINE, _THEIRS)),
        *(web.get(f"/api/v1{path}", read_person) for path in (_MINE, _THEIRS)),
    ]


async def show_course(request: web.Request) -> web.Response:
    """All helpers of a course."""
    course, found = await _of_course(request)
    return render(
        request,
        "helping.html",
        title=course.title,
        back_url=f"/courses/{course.id}",
        helped=list(reversed(found)),
        has_names=True,
        file_url=f"/api/v1/courses/{course.id}/helping?bom=true",
    )


async def read_course(request: web.Request) -> web.Response:
    """The same as JSON, CSV or a workbook."""
    course, found = await _of_course(request)
    return await _answer(request, found, f"helping-{course.id}")


async def show_person(request: web.Request) -> web.Response:
    """What one helper did, over all courses."""
    person = await person_of(request)
    is_own = person.id == viewer_of(request).person_id
    path = "/me" if is_own else f"/people/{person.id}"
    return render(
        request,
        "helping.html",
        title=person.name,
        back_url=f"{path}/footprint",
        helped=list(reversed(await _of_person(request, person.id))),
        has_names=False,
        file_url=f"/api/v1{path}/helping?bom=true",
    )


async def read_person(request: web.Request) -> web.Response:
    """The same as JSON, CSV or a workbook."""
    person = await person_of(request)
    return await _answer(request, await _of_person(request, person.id), f"helping-{person.id}")


async def _answer(request: web.Request, found: Sequence[Helped], name: str) -> web.Response:
    if format_of(request) == "json":
        return reply(Log(found))
    return await spreadsheet(request, name, {"helping": _rows(found)})


async def _of_course(request: web.Request) -> tuple[Course, list[Helped]]:
    now = request.app[CLOCK].now()
    async with request.app[DATABASE].connect() as connection:
        course = await course_by_id(connection, path_id(request))
        subject = await course_subject(request, connection, course.id)
    viewer = require(request, Action.SEE_ATTENDANCE, subject)
    fact = FootprintRead(id=new_id(), at=now, person=viewer.actor, what="attendance")
    await request.app[RECORDER].record(fact)
    async with request.app[DATABASE].connect() as connection:
        return course, await helped_in_course(connection, course.id)


async def _of_person(request: web.Request, person: UUID) -> list[Helped]:
    async with request.app[DATABASE].connect() as connection:
        enrolments = await all_enrolments_of(connection, person)
        return await helped_by(connection, enrolments)


def _rows(found: Sequence[Helped]) -> list[list[Cell]]:
    head: list[Cell] = [
        "lecture", "title", "starts_at", "person", "name", "part", "minutes", "lines_of_chat",
        "floor", "mutes", "recording", "attendance",
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [
            str(one.lecture),
            one.title,
            one.starts_at,
            str(one.person),
            one.name,
            one.part,
            one.minutes,
            one.lines,
            one.floor,
            one.mutes,
            one.recording,
            one.attendance,
        ]
        for one in found
    ]
    return [head, *lines]
