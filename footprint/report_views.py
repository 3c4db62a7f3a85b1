"""Courses and lectures as sheets and charts, over HTTP. Whoever reads them leaves a fact."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from aiohttp import web

from footprint import charts, export
from footprint.charts import Column
from footprint.course import Course, course_sheet, series_sheet
from footprint.events import FootprintRead
from footprint.missed_list import MissedBy, missed_list
from footprint.policy import Status
from footprint.report import Report, report
from footprint.report_sheets import report_sheets
from footprint.spreadsheets import Rows, format_of, spreadsheet
from identity.rights import Action
from identity.sessions import require, viewer_of
from kernel.ids import new_id
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, RECORDER, path_id, query, reply
from player.delivery import LIBRARY
from schedule.asked import lecture_of
from schedule.courses import course_by_id
from schedule.enrolment_api import course_subject
from schedule.lifecycle import Lecture
from schedule.series import Series, series_by_id
from transcode.marks import slides_in

_STACK = (Status.PRESENT, Status.LATE, Status.WATCHED, Status.EXCUSED, Status.ABSENT)


class Asked(msgspec.Struct, frozen=True):
    """Which sheet of a report is wanted first."""

    sheet: Literal["timeline", "stage", "missed", "polls", "answers"] = "timeline"


class Missing(msgspec.Struct, frozen=True):
    """Who missed a minute or more, those who missed most first."""

    people: list[MissedBy]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/series/{id}/attendance", show_series),
        web.get("/api/v1/series/{id}/attendance", read_series),
        web.get("/courses/{id}/attendance", show_course),
        web.get("/api/v1/courses/{id}/attendance", read_course),
        web.get("/lectures/{id}/report", show_report),
        web.get("/api/v1/lectures/{id}/report", read_report),
        web.get("/api/v1/lectures/{id}/report/missed", read_missing),
    ]


async def show_series(request: web.Request) -> web.Response:
    """A series as charts, with the sheet below."""
    series = await _series(request)
    return await _page(request, await _series_sheet(request, series), series.lecturer_name)


async def read_series(request: web.Request) -> web.Response:
    """The same as JSON, or the sheet as CSV or a workbook."""
    return await _answer(request, await _series_sheet(request, await _series(request)))


async def show_course(request: web.Request) -> web.Response:
    """All classes of a course, whatever series they are of."""
    return await _page(request, await _course_sheet(request), "")


async def read_course(request: web.Request) -> web.Response:
    """The same as JSON, or the sheet as CSV or a workbook."""
    return await _answer(request, await _course_sheet(request))


async def _page(request: web.Request, found: Course, lecturer_name: str) -> web.Response:
    weeks = [
        Column(str(one.week), [(status, one.statuses.get(status, 0)) for status in _STACK])
        for one in found.classes
    ]
    asked = [
        Column(str(one.week), [("hands", one.questions), ("lines", one.lines)])
        for one in found.classes
    ]
    stayed = [Column(str(one.week), [("came", round(one.stayed_percent))]) for one in found.classes]
    good = [
        Column(str(one.week), [("good", round(one.good_percent or 0))]) for one in found.classes
    ]
    answered = [
        Column(str(one.week), [("came", round(one.answered_percent or 0))]) for one in found.classes
    ]
    is_polled = any(one.polls for one in found.classes)
    is_measured = any(one.good_percent is not None for one in found.classes)
    return render(
        request,
        "course.html",
        course=found,
        lecturer_name=lecturer_name,
        attendance=charts.bars(weeks),
        questions=charts.bars(asked),
        stayed=charts.bars(stayed, top=100),
        answered=charts.bars(answered, top=100) if is_polled else None,
        good=charts.bars(good, top=100) if is_measured else None,
        file_url=f"/api/v1{request.path}?bom=true",
    )


async def _answer(request: web.Request, found: Course) -> web.Response:
    if format_of(request) == "json":
        return reply(found)
    sheets = {"learners": export.course_rows(found), "classes": export.class_rows(found)}
    name = f"course-{found.series or found.course}"
    return await spreadsheet(request, name, sheets, heads=2)


async def show_report(request: web.Request) -> web.Response:
    """How one lecture went."""
    lecture = await lecture_of(request)
    found = await _report(request, lecture)
    minutes = [str(n * found.step_seconds // 60) for n in range(len(found.present))]
    talk = [
        Column(label, [("hands", hands), ("lines", lines)])
        for label, hands, lines in zip(minutes, found.hands, found.lines, strict=True)
    ]
    return render(
        request,
        "report.html",
        lecture=lecture,
        report=found,
        missing=await _missing(request, lecture),
        minutes=minutes,
        present=charts.curve(found.present, minutes),
        moves=charts.bars(_moves(found, minutes)),
        talk=charts.bars(talk),
        connections=charts.bars(_grades(found, minutes)) if any(found.connections) else None,
        file_url=f"/api/v1/lectures/{lecture.id}/report?bom=true",
    )


async def read_report(request: web.Request) -> web.Response:
    """The same as JSON, CSV or a workbook."""
    lecture = await lecture_of(request)
    found = await _report(request, lecture)
    if format_of(request) == "json":
        return reply(found)
    sheets = report_sheets(found, await _missing(request, lecture))
    asked = query(request, Asked).sheet
    first: dict[str, Rows] = {asked: sheets[asked]}
    name = f"{asked}-{lecture.starts_at:%Y-%m-%d}-{lecture.id}"
    return await spreadsheet(request, name, first | sheets)


async def read_missing(request: web.Request) -> web.Response:
    """Who missed how much."""
    lecture = await lecture_of(request)
    require(request, Action.SEE_ATTENDANCE, lecture.subject)
    await _note(request, lecture.id)
    return reply(Missing(await _missing(request, lecture)))


def _moves(found: Report, minutes: Sequence[str]) -> list[Column]:
    steps = zip(minutes, found.came, found.left, strict=True)
    return [Column(label, [("came", came), ("left", left)]) for label, came, left in steps]


def _grades(found: Report, minutes: Sequence[str]) -> list[Column]:
    return [
        Column(
            label,
            [(g, round(getattr(lines, g))) for g in ("good", "fair", "poor")] if lines else [],
        )
        for label, lines in zip(minutes, found.connections, strict=True)
    ]


async def _missing(request: web.Request, lecture: Lecture) -> list[MissedBy]:
    async with request.app[DATABASE].connect() as connection:
        return await missed_list(connection, lecture, now=request.app[CLOCK].now())


async def _series_sheet(request: web.Request, series: Series) -> Course:
    require(request, Action.SEE_ATTENDANCE, series.subject)
    await _note(request)
    async with request.app[DATABASE].connect() as connection:
        return await series_sheet(connection, series, now=request.app[CLOCK].now())


async def _course_sheet(request: web.Request) -> Course:
    now = request.app[CLOCK].now()
    async with request.app[DATABASE].connect() as connection:
        course = await course_by_id(connection, path_id(request))
        subject = await course_subject(request, connection, course.id)
    require(request, Action.SEE_ATTENDANCE, subject)
    await _note(request)
    async with request.app[DATABASE].connect() as connection:
        return await course_sheet(connection, course.id, course.title, now=now)


async def _report(request: web.Request, lecture: Lecture) -> Report:
    require(request, Action.SEE_ATTENDANCE, lecture.subject)
    await _note(request, lecture.id)
    slides, now = await _slides(request, lecture.id), request.app[CLOCK].now()
    async with request.app[DATABASE].connect() as connection:
        return await report(connection, lecture, now=now, slides=slides)


async def _slides(request: web.Request, lecture: UUID) -> list[datetime]:
    """When the slides of the recording began; none before it is finished."""
    found = await request.app[LIBRARY].fetch(lecture)
    if found is None or found.folder is None or (begins := found.starts_at) is None:
        return []
    times = await asyncio.to_thread(slides_in, found.folder)
    return [begins + timedelta(milliseconds=at_ms) for at_ms in times]


async def _note(request: web.Request, lecture: UUID | None = None) -> None:
    viewer = viewer_of(request)
    at = request.app[CLOCK].now()
    fact = FootprintRead(
        id=new_id(), at=at, lecture=lecture, person=viewer.actor, what="attendance"
    )
    await request.app[RECORDER].record(fact)


async def _series(request: web.Request) -> Series:
    async with request.app[DATABASE].connect() as connection:
        return await series_by_id(connection, path_id(request))
