"""Lectures over HTTP."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web

from identity.rights import Action, Role, Subject
from identity.sessions import require, viewer_of
from identity.tickets import TICKETS, Ticket
from kernel.errors import Invalid, PreconditionFailed
from kernel.pages import zone_of
from kernel.web import CLOCK, DATABASE, SETTINGS, decode, page_of, query, reply
from schedule import ical
from schedule.asked import lecture_of
from schedule.free_times import free_times
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import AHEAD, Lecture, LectureState, RecordingState
from schedule.planning import Author, Changes, Plan, in_utc
from schedule.policy_versions import check_pin
from schedule.study_work import StudyWork
from schedule.timetable import TIMETABLE
from schedule.work_columns import as_row, work_of
from schedule.work_fields import NewWork, ShownWork, WorkPatch

_PROPOSED = 8  # free times
Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # RFC 3339 with an offset


class NewLecture(NewWork, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A lecture to plan. Whoever plans it teaches it, unless `lecturer` says who does."""

    title: str
    starts_at: Moment
    ends_at: Moment
    summary: str = ""
    lecturer: UUID | None = None
    is_recorded: bool = True


class LecturePatch(WorkPatch, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What shall change. `revision` is the one that was read; or send it as If-Match."""

    revision: int | None = None
    title: str | None = None
    summary: str | None = None
    lecturer: UUID | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    is_recorded: bool | None = None


class LectureBody(ShownWork, frozen=True, kw_only=True):
    """A lecture as the API shows it."""

    id: UUID
    title: str
    summary: str
    lecturer: UUID
    lecturer_name: str
    starts_at: datetime
    ends_at: datetime
    state: LectureState
    is_recorded: bool
    recording: RecordingState
    revision: int
    opened_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    page: str
    hls: str


class LectureList(msgspec.Struct, frozen=True):
    """One page of lectures; `after` asks for the next, null: this was the last."""

    lectures: list[LectureBody]
    after: UUID | None


class ListQuery(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """The query string of the list; `state` may name several, with commas."""

    since: Moment | None = None
    until: Moment | None = None
    state: str = ""
    lecturer: UUID | None = None
    course: UUID | None = None
    group: UUID | None = None
    auditorium: str | None = None
    channel: str | None = None


class FreeTime(msgspec.Struct, frozen=True):
    """A time at which nothing is in the lecture's way."""

    starts_at: datetime
    ends_at: datetime


class FreeTimes(msgspec.Struct, frozen=True):
    """Soonest first."""

    times: list[FreeTime]


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A guest to let in."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 240


class Invited(msgspec.Struct, frozen=True):
    """The guest's pass, and the link that carries it."""

    ticket: str
    url: str
    expires_at: datetime


def routes() -> list[web.RouteDef]:
    lecture = "/api/v1/lectures/{id}"
    return [
        web.get("/api/v1/lectures", list_all),
        web.post("/api/v1/lectures", plan),
        web.get(lecture, show),
        web.patch(lecture, change),
        web.delete(lecture, cancel),
        web.get(f"{lecture}/free-times", show_free_times),
        web.post(f"{lecture}/start", start),
        web.post(f"{lecture}/stop", stop),
        web.post(f"{lecture}/tickets", invite),
        web.get("/lectures/{id}.ics", show_ical),
    ]


async def list_all(request: web.Request) -> web.Response:
    asked, page = query(request, ListQuery), page_of(request)
    require(request, Action.SEE_SCHEDULE)
    which = Filter(
        since=asked.since and in_utc(asked.since),
        until=asked.until and in_utc(asked.until),
        states=_states(asked.state),
        lecturer=asked.lecturer,
        courses=None if asked.course is None else [asked.course],
        group=asked.group,
        auditorium=asked.auditorium,
        channel=asked.channel,
    )
    async with request.app[DATABASE].connect() as connection:
        found = await list_lectures(connection, which, limit=page.limit, after=page.after)
    after = found[-1].id if len(found) == page.limit else None
    return reply(LectureList([body(lecture) for lecture in found], after))


async def plan(request: web.Request) -> web.Response:
    wanted = await decode(request, NewLecture)
    lecturer = wanted.lecturer or viewer_of(request).person_id
    require(request, Action.PLAN_LECTURE, Subject(lecturer=lecturer))
    assert lecturer is not None  # nobody without a person may plan
    work = work_of(wanted)
    await check_pin(request, work)
    lecture = await request.app[TIMETABLE].plan(
        Plan(
            title=wanted.title,
            summary=wanted.summary,
            lecturer=lecturer,
            starts_at=wanted.starts_at,
            ends_at=wanted.ends_at,
            is_recorded=wanted.is_recorded,
            work=work,
        ),
        _author(request),
    )
    return _answer(lecture, status=HTTPStatus.CREATED)


async def show(request: web.Request) -> web.Response:
    lecture = await lecture_of(request)
    _require_sight(request, lecture)
    return _answer(lecture)


async def change(request: web.Request) -> web.Response:
    patch = await decode(request, LecturePatch)
    lecture = await lecture_of(request)
    require(request, Action.CHANGE_LECTURE, lecture.subject)
    if patch.lecturer is not None:
        require(request, Action.PLAN_LECTURE, Subject(lecturer=patch.lecturer))
    work = work_of(patch, lecture.work)
    await _check_pin(request, lecture, work)
    changes = Changes(
        title=patch.title,
        summary=patch.summary,
        lecturer=patch.lecturer,
        starts_at=patch.starts_at,
        ends_at=patch.ends_at,
        is_recorded=patch.is_recorded,
        work=work,
    )
    changed = await request.app[TIMETABLE].change(
        lecture.id, changes, _author(request), revision=_revision(request, patch)
    )
    return _answer(changed)


async def cancel(request: web.Request) -> web.Response:
    lecture = await lecture_of(request)
    require(request, Action.CHANGE_LECTURE, lecture.subject)
    reason = request.query.get("reason", "")[:500]
    return _answer(await request.app[TIMETABLE].cancel(lecture.id, _author(request), reason=reason))


async def show_free_times(request: web.Request) -> web.Response:
    lecture = await lecture_of(request)
    require(request, Action.CHANGE_LECTURE, lecture.subject)
    async with request.app[DATABASE].connect() as connection:
        now = request.app[CLOCK].now()
        found = await free_times(connection, lecture, now, at_most=_PROPOSED)
    return reply(FreeTimes([FreeTime(span.starts_at, span.ends_at) for span in found]))


async def start(request: web.Request) -> web.Response:
    lecture = await lecture_of(request)
    viewer = require(request, Action.HOST_LECTURE, lecture.subject)
    return _answer(await request.app[TIMETABLE].start(lecture.id, by=viewer.person_id))


async def stop(request: web.Request) -> web.Response:
    lecture = await lecture_of(request)
    viewer = require(request, Action.HOST_LECTURE, lecture.subject)
    return _answer(await request.app[TIMETABLE].stop(lecture.id, by=viewer.person_id))


async def invite(request: web.Request) -> web.Response:
    wanted = await decode(request, Invitation)
    lecture = await lecture_of(request)
    require(request, Action.MODERATE_ROOM, lecture.subject)
    life = timedelta(minutes=wanted.minutes)
    guest = Ticket(lecture=lecture.id, name=wanted.name, roles=frozenset({Role.GUEST}))
    ticket = request.app[TICKETS].issue(guest, life)
    url = f"{request.app[SETTINGS].address}/lectures/{lecture.id}?ticket={ticket}"
    expires_at = request.app[CLOCK].now() + life
    return reply(Invited(ticket, url, expires_at), status=HTTPStatus.CREATED)


async def show_ical(request: web.Request) -> web.Response:
    lecture = await lecture_of(request)
    _require_sight(request, lecture)
    text = ical.calendar(lecture, ical.Pages.at(request.app[SETTINGS].address))
    return web.Response(text=text, content_type=ical.CONTENT_TYPE)


def body(lecture: Lecture) -> LectureBody:
    """The lecture for JSON."""
    return LectureBody(
        id=lecture.id,
        title=lecture.title,
        summary=lecture.summary,
        lecturer=lecture.lecturer,
        lecturer_name=lecture.lecturer_name,
        starts_at=lecture.starts_at,
        ends_at=lecture.ends_at,
        state=lecture.state,
        is_recorded=lecture.is_recorded,
        **as_row(lecture.work),
        recording=lecture.recording,
        revision=lecture.revision,
        opened_at=lecture.opened_at,
        started_at=lecture.started_at,
        ended_at=lecture.ended_at,
        page=f"/lectures/{lecture.id}",
        hls=f"/hls/{lecture.id}/index.m3u8",
    )


def _require_sight(request: web.Request, lecture: Lecture) -> None:
    """Who sees the timetable sees every lecture; a guest sees the one they were invited to."""
    if viewer_of(request).lecture is None:
        require(request, Action.SEE_SCHEDULE)
    else:
        require(request, Action.JOIN_LECTURE, lecture.subject)


async def _check_pin(request: web.Request, lecture: Lecture, work: StudyWork) -> None:
    """Once a class has begun, its rule is changed only by who makes rules."""
    if work.attendance_policy == lecture.work.attendance_policy:
        return
    if lecture.state not in AHEAD:
        require(request, Action.MANAGE_CALENDAR)
    await check_pin(request, work)


def _author(request: web.Request) -> Author:
    now = request.app[CLOCK].now()
    return Author(viewer_of(request).person_id, now, zone_of(request))


def _answer(lecture: Lecture, *, status: int = HTTPStatus.OK) -> web.Response:
    return reply(body(lecture), status=status, headers={"ETag": f'"{lecture.revision}"'})


def _revision(request: web.Request, patch: LecturePatch) -> int:
    """The revision that the caller has read, from the body or from If-Match."""
    if patch.revision is not None:
        return patch.revision
    tag = request.headers.get("If-Match")
    if tag is None:
        raise Invalid("Say which revision you change: as `revision`, or as If-Match.")
    try:
        return int(tag.strip().strip('"'))
    except ValueError as error:
        raise PreconditionFailed("If-Match does not fit; reload the lecture.") from error


def _states(text: str) -> list[LectureState]:
    try:
        return [LectureState(name) for name in text.split(",") if name]
    except ValueError as error:
        known = ", ".join(LectureState)
        raise Invalid(f"There is no such state; choose from {known}.") from error
