"""Rosters and class lists over HTTP: a file comes in with a preview, and goes out again.

A body is a sheet (text/csv) or, for classes, a calendar (text/calendar). With findings nothing is
saved; a preview (`dry_run`) tells them too, and what would come of it.
"""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action, Subject, allows
from identity.sessions import require, viewer_of
from kernel.errors import Refused, TooLarge, Unsupported
from kernel.pages import zone_of
from kernel.web import CLOCK, DATABASE, SETTINGS, path_id, query
from schedule import ical
from schedule.class_list import ClassesTaken, take_classes
from schedule.class_sheet import read_classes, write_calendar, write_classes
from schedule.courses import course_by_id
from schedule.enrolment_api import course_subject
from schedule.enrolments import members_of
from schedule.ical_reading import read_calendar
from schedule.import_stream import answered
from schedule.imports import RIGHTS, Import
from schedule.lectures import Filter, list_lectures
from schedule.planning import Author, in_utc
from schedule.policy_versions import POLICY_VERSIONS
from schedule.progress import Progress
from schedule.roster import Importer, MayManage, Taken, read_roster, take_roster, write_roster
from schedule.sheet import MOST_ROWS, Finding, Findings, ImportQuery
from schedule.timetable import TIMETABLE

MOST_BYTES: Final = 16 << 20
_SHEETS: Final = {"text/csv", "text/tab-separated-values", "application/vnd.ms-excel"}
_BEHIND, _AHEAD = timedelta(days=30), timedelta(days=366)


class Imported(msgspec.Struct, frozen=True):
    """What came of a file, or would; `findings` are the first ones, `errors` counts all."""

    taken: Taken | ClassesTaken
    findings: list[Finding]
    errors: int


class Take(Protocol):
    """Take the rows of a file; the transaction is the caller's."""

    async def __call__(
        self, connection: AsyncConnection, /, *, progress: Progress
    ) -> Taken | ClassesTaken: ...


class ClassesQuery(ImportQuery, frozen=True):
    """The query string: `lecturer` is the login for events that name none."""

    lecturer: str | None = None


class ExportQuery(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """The query string of the class list."""

    since: datetime | None = None
    until: datetime | None = None


def routes() -> list[web.RouteDef]:
    return [
        web.post("/api/v1/import/roster", import_roster),
        web.post("/api/v1/import/classes", import_classes),
        web.get("/api/v1/courses/{id}/roster.csv", export_roster),
        web.get("/api/v1/classes.{form:csv|ics}", export_classes),
    ]


async def import_roster(request: web.Request) -> web.StreamResponse:
    asked, now = query(request, ImportQuery), request.app[CLOCK].now()
    viewer = require(request, RIGHTS[Import.ROSTER])
    if request.content_type not in _SHEETS:
        raise Unsupported("Send the roster as text/csv.")
    rows, findings = await asyncio.to_thread(read_roster, await _body(request))
    by = Importer(
        at=now,
        today=now.astimezone(zone_of(request)).date(),
        may_add_people=allows(viewer, Action.MANAGE_PEOPLE),
        may_manage=_may_manage(request),
    )
    take = partial(take_roster, rows=rows, findings=findings, by=by)
    return await _taken(request, take, findings, is_preview=asked.is_preview)


async def import_classes(request: web.Request) -> web.StreamResponse:
    asked = query(request, ClassesQuery)
    require(request, RIGHTS[Import.CLASSES])
    zone, body = zone_of(request), await _body(request)
    if request.content_type == "text/calendar":
        rows, findings = await asyncio.to_thread(read_calendar, body, zone, lecturer=asked.lecturer)
    elif request.content_type in _SHEETS:
        rows, findings = await asyncio.to_thread(read_classes, body, zone)
    else:
        raise Unsupported("Send the classes as text/csv or text/calendar.")
    async with request.app[DATABASE].connect() as connection:
        versions = await request.app[POLICY_VERSIONS](connection)
    take = partial(
        take_classes,
        rows=rows,
        findings=findings,
        by=Author(viewer_of(request).person_id, request.app[CLOCK].now(), zone),
        policy=request.app[TIMETABLE].policy,
        versions=versions,
        may_manage=_may_manage(request),
    )
    return await _taken(request, take, findings, is_preview=asked.is_preview)


async def export_roster(request: web.Request) -> web.Response:
    async with request.app[DATABASE].connect() as connection:
        subject = await course_subject(request, connection, path_id(request))
        require(request, Action.MANAGE_COURSE, subject)
        course = await course_by_id(connection, path_id(request))
        members = await members_of(connection, course.id)
    return _file(write_roster(course, members), f"{course.key}.csv")


async def export_classes(request: web.Request) -> web.Response:
    """From a month back to a year ahead, if nothing else is said."""
    asked, now = query(request, ExportQuery), request.app[CLOCK].now()
    require(request, Action.PLAN_LECTURE)
    which = Filter(
        since=in_utc(asked.since) if asked.since else now - _BEHIND,
        until=in_utc(asked.until) if asked.until else now + _AHEAD,
    )
    async with request.app[DATABASE].connect() as connection:
        planned = await list_lectures(connection, which, limit=MOST_ROWS)
        if request.match_info["form"] == "csv":
            return _file(await write_classes(connection, planned), "classes.csv")
        content = await write_calendar(
            connection, planned, ical.Pages.at(request.app[SETTINGS].address)
        )
    return _file(content, "classes.ics", ical.CONTENT_TYPE)


async def _taken(
    request: web.Request,
    take: Take,
    findings: Findings,
    *,
    is_preview: bool,
) -> web.StreamResponse:
    async def run(progress: Progress) -> Imported:
        async with request.app[TIMETABLE].reviewing(is_preview=is_preview) as connection:
            taken = await take(connection, progress=progress)
            if findings.count and not is_preview:
                raise Refused("Some rows do not fit; nothing is saved.", findings=findings.found)
        return Imported(taken, findings.found, findings.count)

    return await answered(request, run, is_preview=is_preview)


def _may_manage(request: web.Request) -> MayManage:
    viewer = viewer_of(request)
    return lambda of: allows(viewer, Action.MANAGE_COURSE, Subject(coordinators=of))


async def _body(request: web.Request) -> bytes:
    body = bytearray()
    async for part in request.content.iter_chunked(1 << 16):
        body += part
        if len(body) > MOST_BYTES:
            raise TooLarge("The file is larger than 16 MiB; send it in parts.")
    return bytes(body)


def _file(content: bytes, name: str, content_type: str = "text/csv") -> web.Response:
    return web.Response(
        body=content,
        content_type=content_type,
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{_ascii(name)}"'},
    )


def _ascii(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
