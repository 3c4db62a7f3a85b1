"""Attendance, marks and chat over HTTP."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from aiohttp import web

from footprint import (
    correction_views,
    erasure_views,
    export,
    helping_views,
    in_room_views,
    lrs,
    person_sheet_views,
    prewatch_views,
    privacy_views,
    profile_views,
    report_views,
    rulebook_pages,
    rulebook_views,
    term_report_views,
)
from footprint.attendance import Span
from footprint.correction_views import corrections_at
from footprint.corrections import State
from footprint.events import FootprintRead
from footprint.explanation import Explanation, explain
from footprint.judgement import window_of
from footprint.log import ChatLine, chat
from footprint.marks import NewMark, mark
from footprint.missed import missed
from footprint.polls import polls_of
from footprint.presence import presences
from footprint.purposes import Purpose, is_collected
from footprint.rulebook import policy_of
from footprint.sheets import Sheet, raw_intervals, sheet
from footprint.spreadsheets import Rows, format_of, spreadsheet
from identity.rights import Action, Subject, Viewer, allows
from identity.sessions import require, viewer_of
from kernel.errors import Forbidden
from kernel.ids import new_id
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, RECORDER, decode, path_id, query, reply
from player.delivery import Guard
from schedule.asked import lecture_of
from schedule.lifecycle import Lecture
from schedule.questions import Question
from schedule.series import list_series


class Asked(msgspec.Struct, frozen=True):
    """Which sheet is wanted first; as what file `spreadsheets` finds out."""

    sheet: Literal["people", "intervals"] = "people"


class Polled(msgspec.Struct, frozen=True):
    """A poll as everybody saw it, at its end."""

    id: UUID
    at: datetime
    question: Question
    answered: int
    counts: tuple[int, ...]


class Chat(msgspec.Struct, frozen=True):
    """A lecture's chat, and the polls whose results everybody was shown."""

    lines: list[ChatLine]
    polls: list[Polled]


class Missed(msgspec.Struct, frozen=True):
    """The times of day that somebody missed of a lecture in which they were."""

    spans: list[Span]


def routes(may_take_part: Guard) -> list[web.RouteDef]:
    """`may_take_part` raises if the viewer is not let into a lecture that runs."""

    async def chat_for_who_is_in(request: web.Request) -> web.Response:
        return await read_chat(request, may_take_part)

    return [
        *correction_views.routes(),  # first: `corrections` is nobody's id
        web.get("/api/v1/lectures/{id}/attendance", read_attendance),
        web.get("/api/v1/lectures/{id}/chat", chat_for_who_is_in),
        web.get("/api/v1/lectures/{id}/missed", read_missed),
        web.post("/api/v1/lectures/{id}/attendance/marks", add_mark),
        web.get("/api/v1/lectures/{id}/attendance/{person}", read_explanation),
        web.get("/lectures/{id}/attendance", show_attendance),
        web.get("/lectures/{id}/attendance/{person}", show_explanation),
        *erasure_views.routes(),
        *helping_views.routes(),
        *in_room_views.routes(),
        *person_sheet_views.routes(),
        *privacy_views.routes(),
        *prewatch_views.routes(),
        *profile_views.routes(),
        *report_views.routes(),
        *rulebook_pages.routes(),
        *rulebook_views.routes(),
        *term_report_views.routes(),
        *lrs.routes(),
    ]


async def read_attendance(request: web.Request) -> web.Response:
    """The sheet as JSON, CSV or a workbook. Who may not see it all sees their own row."""
    asked = query(request, Asked)
    lecture = await lecture_of(request)
    only = _only(request, lecture)
    await _note(request, lecture, "attendance", only)
    if format_of(request) != "json":
        return await _as_file(request, lecture, asked, only)
    return reply(await _sheet(request, lecture, only))


async def show_attendance(request: web.Request) -> web.Response:
    """The sheet as a page."""
    lecture = await lecture_of(request)
    only = _only(request, lecture)
    await _note(request, lecture, "attendance", only)
    found = await _sheet(request, lecture, only)
    asked = await corrections_at(request, lecture)
    moment = lecture.started_at or request.app[CLOCK].now()
    async with request.app[DATABASE].connect() as connection:
        series = await list_series(connection, lecture=lecture.id)
        was_recorded = await is_collected(connection, Purpose.ATTENDANCE, moment)
    return render(
        request,
        "attendance.html",
        lecture=lecture,
        sheet=found,
        rows=found.rows,
        totals=found.totals,
        is_own=only is not None,
        series=series,
        was_recorded=was_recorded,
        waiting=[one for one in asked if one.state is State.OPEN],
        may_mark=allows(viewer_of(request), Action.MARK_ATTENDANCE, lecture.subject),
        file_url=f"/api/v1/lectures/{lecture.id}/attendance?bom=true",
    )


async def add_mark(request: web.Request) -> web.Response:
    """A judgement that stands against what was counted; answers the person's new row."""
    lecture = await lecture_of(request)
    viewer = require(request, Action.MARK_ATTENDANCE, lecture.subject)
    if viewer.person_id is None:
        raise Forbidden("A mark is a person's word: sign in as one.")
    new = await decode(request, NewMark)
    now = request.app[CLOCK].now()
    async with request.app[DATABASE].begin() as connection:
        await mark(connection, lecture, new, by=viewer.person_id, now=now)
    return reply((await _sheet(request, lecture, new.person)).rows[0], status=201)


async def read_explanation(request: web.Request) -> web.Response:
    """Why somebody's number is what it is, as JSON."""
    return reply(await _explanation(request, await lecture_of(request)))


async def show_explanation(request: web.Request) -> web.Response:
    """The same as a page."""
    lecture = await lecture_of(request)
    found = await _explanation(request, lecture)
    is_own = found.row.person == viewer_of(request).person_id
    asked = await corrections_at(request, lecture)
    return render(
        request,
        "explanation.html",
        lecture=lecture,
        found=found,
        is_own=is_own,
        corrections=[one for one in asked if one.person == found.row.person],
        may_mark=allows(viewer_of(request), Action.MARK_ATTENDANCE, lecture.subject),
    )


async def _explanation(request: web.Request, lecture: Lecture) -> Explanation:
    person = path_id(request, "person")
    viewer = viewer_of(request)
    is_own = viewer.person_id == person
    if not (is_own and _may_see_own(viewer, Subject(lecture=lecture.id, person=person))):
        require(request, Action.SEE_ATTENDANCE, lecture.subject)
        await _note(request, lecture, "attendance", None, of=person)
    async with request.app[DATABASE].connect() as connection:
        return await explain(connection, lecture, person, now=request.app[CLOCK].now())


async def read_chat(request: web.Request, may_take_part: Guard) -> web.Response:
    """The lecture's chat, for whoever may be in it; not for visitors of its recording."""
    lecture = await lecture_of(request)
    viewer = require(request, Action.JOIN_LECTURE, lecture.subject)
    await may_take_part(request, lecture.id)
    is_host = allows(viewer, Action.HOST_LECTURE, lecture.subject)
    async with request.app[DATABASE].connect() as connection:
        lines = await chat(connection, lecture.id, reader=viewer.actor, is_host=is_host)
        polls = await polls_of(connection, lecture.id)
    shown = [
        Polled(one.id, one.closed_at, one.question, one.answered, one.counts)
        for one in polls
        if one.is_shown and one.closed_at is not None
    ]
    return reply(Chat(lines, shown))


async def read_missed(request: web.Request) -> web.Response:
    """One's own gaps in a lecture that is over, to catch up on in its recording."""
    lecture = await lecture_of(request)
    viewer = require(request, Action.WATCH_RECORDING, lecture.subject)
    async with request.app[DATABASE].connect() as connection:
        policy = await policy_of(connection, lecture)
        window = window_of(lecture, request.app[CLOCK].now(), policy)
        all_present = await presences(connection, lecture.id)
    return reply(Missed(missed([p for p in all_present if p.person == viewer.actor], window)))


async def _sheet(request: web.Request, lecture: Lecture, only: UUID | None) -> Sheet:
    async with request.app[DATABASE].connect() as connection:
        return await sheet(connection, lecture, now=request.app[CLOCK].now(), only=only)


async def _as_file(
    request: web.Request, lecture: Lecture, asked: Asked, only: UUID | None
) -> web.Response:
    """CSV has the sheet that is asked for; a workbook has both."""
    async with request.app[DATABASE].connect() as connection:
        stays = await raw_intervals(connection, lecture.id, only=only)
    sheets: dict[str, Rows] = {
        "intervals": export.interval_rows(stays),
        "people": export.attendance_rows(await _sheet(request, lecture, only)),
    }
    first: dict[str, Rows] = {asked.sheet: sheets.pop(asked.sheet)}
    name = f"{asked.sheet}-{lecture.starts_at:%Y-%m-%d}-{lecture.id}"
    return await spreadsheet(request, name, first | sheets)


def _only(request: web.Request, lecture: Lecture) -> UUID | None:
    """The viewer, when their own row is all that they may see; None: everybody's."""
    viewer = viewer_of(request)
    own = Subject(lecture=lecture.id, person=viewer.person_id)
    if not allows(viewer, Action.SEE_ATTENDANCE, lecture.subject) and _may_see_own(viewer, own):
        return viewer.person_id
    require(request, Action.SEE_ATTENDANCE, lecture.subject)
    return None


def _may_see_own(viewer: Viewer, own: Subject) -> bool:
    return viewer.is_signed_in and allows(viewer, Action.SEE_OWN_FOOTPRINT, own)


async def _note(
    request: web.Request,
    lecture: Lecture,
    what: str,
    only: UUID | None,
    *,
    of: UUID | None = None,
) -> None:
    """Whoever reads others' footprint leaves one."""
    if only is not None:
        return
    fact = FootprintRead(
        id=new_id(),
        at=request.app[CLOCK].now(),
        lecture=lecture.id,
        person=viewer_of(request).actor,
        what=what,
        of=of,
    )
    await request.app[RECORDER].record(fact)
