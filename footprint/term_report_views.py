"""The report of a term over HTTP: a page, JSON, CSV and a workbook; and the norms that it rests on."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import Final, Literal
from uuid import UUID

import msgspec
from aiohttp import web

from footprint.events import FootprintRead
from footprint.term_report import TermReport, tables, term_report
from footprint.workbook import CONTENT_TYPE, workbook
from identity.rights import Action, Viewer, allows
from identity.sessions import require, require_person
from kernel.errors import Invalid, Refused, Unsupported
from kernel.ids import new_id
from kernel.pages import render, zone_of
from kernel.web import CLOCK, DATABASE, RECORDER, query, reply
from player.entrance import signed_in
from schedule.academic import Period, list_periods, period_by_id, period_on
from schedule.imports import RIGHTS, Import
from schedule.norms import Norm, NormsTaken, list_norms, read_norms, take_norms, write_norms
from schedule.sheet import Finding, ImportQuery, write_sheet

_USUAL: Final = timedelta(days=120)  # up to today, where there is no period
_LONGEST: Final = timedelta(days=400)


class ReportQuery(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """The query string: a period, or days; today's period if nothing is said."""

    period: UUID | None = None
    since: date | None = None
    until: date | None = None
    format: Literal["json", "csv", "xlsx"] = "json"


class NormList(msgspec.Struct, frozen=True):
    """All norms, by kind, the oldest first."""

    norms: list[Norm]


class NormsImported(msgspec.Struct, frozen=True):
    """What came of a sheet, or would; `findings` are the first ones, `errors` counts all."""

    taken: NormsTaken
    findings: list[Finding]
    errors: int


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are asked for, both included."""

    since: date
    until: date
    period: Period | None


def routes() -> list[web.RouteDef]:
    return [
        web.get("/reports", show),
        web.get("/api/v1/reports", read_all),
        web.get("/api/v1/reports/{what:hours|volunteers|coverage}", read_one),
        web.get("/api/v1/norms", list_all_norms),
        web.get("/api/v1/norms.csv", export_norms),
        web.post("/api/v1/import/norms", import_norms),
    ]


async def show(request: web.Request) -> web.Response:
    """The report as a page."""
    viewer = signed_in(request)
    asked, span = query(request, ReportQuery), await _span(request)
    found = await _report(request, span, viewer)
    async with request.app[DATABASE].connect() as connection:
        periods = list(reversed(await list_periods(connection)))
        norms = await list_norms(connection)
    return render(
        request,
        "term_report.html",
        report=found,
        period=span.period,
        periods=periods,
        norms=norms,
        is_asked_by_days=asked.since is not None,
        may_import=allows(viewer, RIGHTS[Import.NORMS]),
    )


async def read_all(request: web.Request) -> web.Response:
    """All three as JSON, or as one workbook."""
    asked, span = query(request, ReportQuery), await _span(request)
    found = await _report(request, span, require_person(request))
    if asked.format == "json":
        return reply(found)
    if asked.format == "csv":
        raise Invalid("A CSV file holds one table: ask for hours, volunteers or coverage.")
    content = await asyncio.to_thread(workbook, tables(found).values())
    return _file(content, CONTENT_TYPE, f"report-{span.since}-{span.until}.xlsx")


async def read_one(request: web.Request) -> web.Response:
    """One of the tables."""
    asked, span = query(request, ReportQuery), await _span(request)
    what = request.match_info["what"]
    found = await _report(request, span, require_person(request))
    if asked.format == "json":
        return reply({what: getattr(found, what)})
    table, name = tables(found)[what], f"{what}-{span.since}-{span.until}.{asked.format}"
    if asked.format == "csv":
        return _file(write_sheet(table.columns, table.rows), "text/csv", name)
    return _file(await asyncio.to_thread(workbook, [table]), CONTENT_TYPE, name)


async def list_all_norms(request: web.Request) -> web.Response:
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        return reply(NormList(await list_norms(connection)))


async def export_norms(request: web.Request) -> web.Response:
    """A sheet that can be read again."""
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        return _file(write_norms(await list_norms(connection)), "text/csv", "norms.csv")


async def import_norms(request: web.Request) -> web.Response:
    """All rows or none; with `dry_run` only what would come of it."""
    asked = query(request, ImportQuery)
    require(request, RIGHTS[Import.NORMS])
    if request.content_type != "text/csv":
        raise Unsupported("Send the norms as text/csv.")
    norms, findings = await asyncio.to_thread(read_norms, await request.read())
    is_preview = asked.is_preview
    if findings.count and not is_preview:
        raise Refused("Some rows do not fit; nothing is saved.", findings=findings.found)
    async with request.app[DATABASE].begin() as connection, connection.begin_nested() as trial:
        taken = await take_norms(connection, norms)
        if is_preview:
            await trial.rollback()
    return reply(NormsImported(taken, findings.found, findings.count), status=HTTPStatus.OK)


async def _report(request: web.Request, span: Span, viewer: Viewer) -> TermReport:
    """Whoever reads others' footprint leaves one."""
    async with request.app[DATABASE].connect() as connection:
        found = await term_report(connection, span.since, span.until, viewer, span.period)
    others = (one for one in found.volunteers if one.person != viewer.person_id)
    if next(others, None) is not None:
        now = request.app[CLOCK].now()
        fact = FootprintRead(id=new_id(), at=now, person=viewer.actor, what="hours")
        await request.app[RECORDER].record(fact)
    return found


async def _span(request: web.Request) -> Span:
    asked = query(request, ReportQuery)
    today = request.app[CLOCK].now().astimezone(zone_of(request)).date()
    async with request.app[DATABASE].connect() as connection:
        if asked.since or asked.until:
            return _days(asked, today)
        if asked.period is not None:
            period: Period | None = await period_by_id(connection, asked.period)
        else:
            period = await period_on(connection, today, today)
    if period is None:
        return Span(today - _USUAL, today, None)
    return Span(period.starts_on, period.ends_on, period)


def _days(asked: ReportQuery, today: date) -> Span:
    if asked.period is not None:
        raise Invalid("A report is of a period, or from one day to another.")
    until = asked.until or today
    since = asked.since or until - _USUAL
    if not timedelta(0) <= until - since <= _LONGEST:
        raise Invalid(f"A report takes {_LONGEST.days} days at most, and ends after it begins.")
    if not 1900 < since.year <= until.year < 2200:
        raise Invalid("This time lies outside of the calendar.")
    return Span(since, until, None)


def _file(content: bytes, content_type: str, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, content_type=content_type, headers=headers)
