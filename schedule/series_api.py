"""Weekly series over HTTP."""

from datetime import datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import check_zone
from identity.rights import Action, Subject
from identity.sessions import require, viewer_of
from kernel.pages import HOUSE_ZONE, zone_of
from kernel.web import CLOCK, DATABASE, SETTINGS, decode, path_id, query, reply
from schedule.lifecycle import LectureState
from schedule.planning import Author
from schedule.policy_versions import check_pin
from schedule.repeating import (
    Finding,
    Held,
    Outcome,
    SeriesPlan,
    change_series,
    outcome_of,
    plan_series,
)
from schedule.series import Pattern, Series, Weeks, list_series, series_by_id
from schedule.series_review import SeriesReview, review_series
from schedule.timetable import TIMETABLE
from schedule.work_columns import as_row, work_of
from schedule.work_fields import NewWork, ShownWork, WorkPatch

Weekday = Annotated[int, msgspec.Meta(ge=1, le=7)]  # 1 is Monday
WallTime = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=720)]
Week = Annotated[int, msgspec.Meta(ge=1, le=60)]
_NOTHING = SeriesReview()


class NewSeries(NewWork, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A series to plan. Whoever plans it teaches it, unless `lecturer` says who does."""

    period: UUID
    title: str
    weekday: Weekday
    begins: WallTime
    minutes: Minutes
    first_week: Week
    last_week: Week
    weeks: Weeks = Weeks.ALL
    zone: str = HOUSE_ZONE
    summary: str = ""
    lecturer: UUID | None = None
    is_recorded: bool = True


class SeriesPatch(WorkPatch, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What shall change. `revision` is the one that was read."""

    revision: int
    title: str | None = None
    weekday: Weekday | None = None
    begins: WallTime | None = None
    minutes: Minutes | None = None
    first_week: Week | None = None
    last_week: Week | None = None
    weeks: Weeks | None = None
    zone: str | None = None
    summary: str | None = None
    lecturer: UUID | None = None
    is_recorded: bool | None = None


class ClassBody(msgspec.Struct, frozen=True, kw_only=True):
    """A class of a series. In a preview the lecture's id is not kept."""

    lecture: UUID
    week: int
    starts_at: datetime
    ends_at: datetime
    state: LectureState
    is_exception: bool


class SeriesBody(ShownWork, frozen=True, kw_only=True):
    """A series as the API shows it."""

    id: UUID
    period: UUID
    title: str
    summary: str
    lecturer: UUID
    lecturer_name: str
    is_recorded: bool
    weekday: int
    begins: str
    minutes: int
    zone: str
    weeks: Weeks
    first_week: int
    last_week: int
    revision: int
    ended_at: datetime | None


class SeriesAnswer(msgspec.Struct, frozen=True):
    """A series with its classes; findings are those of a preview, which also tells all obstacles."""

    series: SeriesBody
    classes: list[ClassBody]
    findings: list[Finding]
    review: SeriesReview = _NOTHING


class SeriesList(msgspec.Struct, frozen=True):
    """Series without their classes."""

    series: list[SeriesBody]


class ListQuery(msgspec.Struct, frozen=True):
    """The query string of the list."""

    period: UUID | None = None
    lecturer: UUID | None = None
    lecture: UUID | None = None  # a class of it
    course: UUID | None = None


class Trial(msgspec.Struct, frozen=True):
    """The query string of what can be previewed."""

    dry_run: Literal["true", "false"] = "false"


def routes() -> list[web.RouteDef]:
    one = "/api/v1/series/{id}"
    return [
        web.get("/api/v1/series", list_all),
        web.post("/api/v1/series", plan),
        web.get(one, show),
        web.patch(one, change),
        web.delete(one, end),
    ]


async def list_all(request: web.Request) -> web.Response:
    asked = query(request, ListQuery)
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        found = await list_series(
            connection,
            period=asked.period,
            lecturer=asked.lecturer,
            lecture=asked.lecture,
            course=asked.course,
        )
    return reply(SeriesList([_body(series) for series in found]))


async def show(request: web.Request) -> web.Response:
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        series = await series_by_id(connection, path_id(request))
        return _answer(await outcome_of(connection, series))


async def plan(request: web.Request) -> web.Response:
    wanted, is_preview = await decode(request, NewSeries), _is_preview(request)
    lecturer = wanted.lecturer or viewer_of(request).person_id
    require(request, Action.PLAN_LECTURE, Subject(lecturer=lecturer))
    assert lecturer is not None  # nobody without a person may plan
    series = SeriesPlan(
        period=wanted.period,
        title=wanted.title,
        summary=wanted.summary,
        lecturer=lecturer,
        is_recorded=wanted.is_recorded,
        work=work_of(wanted),
        pattern=_pattern(wanted),
    )
    await check_pin(request, series.work)
    timetable = request.app[TIMETABLE]
    if not is_preview:
        outcome = await timetable.plan_series(series, _author(request))
        return _answer(outcome, status=HTTPStatus.CREATED)
    async with timetable.reviewing(is_preview=True) as connection:
        outcome = await plan_series(connection, series, _author(request), timetable.policy)
        return _answer(outcome, await _review(request, connection, outcome))


async def change(request: web.Request) -> web.Response:
    patch, is_preview = await decode(request, SeriesPatch), _is_preview(request)
    series = await _series(request)
    require(request, Action.CHANGE_LECTURE, series.subject)
    if patch.lecturer is not None:
        require(request, Action.PLAN_LECTURE, Subject(lecturer=patch.lecturer))
    timetable, by, wanted = request.app[TIMETABLE], _author(request), _patched(series, patch)
    await check_pin(request, wanted.work)
    if not is_preview:
        return _answer(
            await timetable.change_series(series.id, wanted, by, revision=patch.revision)
        )
    async with timetable.reviewing(is_preview=True) as connection:
        outcome = await change_series(
            connection, series.id, wanted, by, revision=patch.revision, policy=timetable.policy
        )
        return _answer(outcome, await _review(request, connection, outcome))


async def end(request: web.Request) -> web.Response:
    series = await _series(request)
    require(request, Action.CHANGE_LECTURE, series.subject)
    return _answer(await request.app[TIMETABLE].end_series(series.id, _author(request)))


async def _review(
    request: web.Request, connection: AsyncConnection, outcome: Outcome
) -> SeriesReview:
    return await review_series(
        connection,
        outcome,
        zone_of(request),
        now=request.app[CLOCK].now(),
        most_seats=request.app[SETTINGS].most_seats,
    )


async def _series(request: web.Request) -> Series:
    async with request.app[DATABASE].connect() as connection:
        return await series_by_id(connection, path_id(request))


def _is_preview(request: web.Request) -> bool:
    return query(request, Trial).dry_run == "true"


def _author(request: web.Request) -> Author:
    return Author(viewer_of(request).person_id, request.app[CLOCK].now(), zone_of(request))


def _pattern(wanted: NewSeries) -> Pattern:
    return Pattern(
        weekday=wanted.weekday,
        begins=time.fromisoformat(wanted.begins),
        length=timedelta(minutes=wanted.minutes),
        zone=ZoneInfo(check_zone(wanted.zone) or HOUSE_ZONE),
        weeks=wanted.weeks,
        first_week=wanted.first_week,
        last_week=wanted.last_week,
    )


def _patched(series: Series, patch: SeriesPatch) -> SeriesPlan:
    """The series as it shall be: what the patch leaves out is as it was."""
    before = msgspec.structs.asdict(_body(series))
    said = msgspec.structs.asdict(patch).items()
    given = {k: v for k, v in said if v is not None and v is not msgspec.UNSET}
    names = NewSeries.__struct_fields__
    merged = NewSeries(**{name: (before | given)[name] for name in names})
    return SeriesPlan(
        period=series.period,
        title=merged.title,
        summary=merged.summary,
        lecturer=merged.lecturer or series.lecturer,
        is_recorded=merged.is_recorded,
        work=work_of(patch, series.work),
        pattern=_pattern(merged),
    )


def _answer(
    outcome: Outcome, review: SeriesReview = _NOTHING, *, status: int = HTTPStatus.OK
) -> web.Response:
    classes = [_class(one) for one in outcome.classes]
    answer = SeriesAnswer(_body(outcome.series), classes, outcome.findings, review)
    return reply(answer, status=status)


def _class(one: Held) -> ClassBody:
    return ClassBody(
        lecture=one.lecture.id,
        week=one.of.week,
        starts_at=one.lecture.starts_at,
        ends_at=one.lecture.ends_at,
        state=one.lecture.state,
        is_exception=one.is_exception,
    )


def _body(series: Series) -> SeriesBody:
    pattern = series.pattern
    return SeriesBody(
        id=series.id,
        period=series.period,
        title=series.title,
        summary=series.summary,
        lecturer=series.lecturer,
        lecturer_name=series.lecturer_name,
        is_recorded=series.is_recorded,
        **as_row(series.work),
        weekday=pattern.weekday,
        begins=f"{pattern.begins:%H:%M}",
        minutes=pattern.length // timedelta(minutes=1),
        zone=pattern.zone.key,
        weeks=pattern.weeks,
        first_week=pattern.first_week,
        last_week=pattern.last_week,
        revision=series.revision,
        ended_at=series.ended_at,
    )
