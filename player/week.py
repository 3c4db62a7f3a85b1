"""The page of a person's week: a grid of hours on wide screens, an agenda on the phone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action, Role, Viewer
from identity.sessions import require
from kernel.errors import Invalid
from kernel.pages import locale_of, render, zone_of
from kernel.web import CLOCK, DATABASE, query
from player.entrance import signed_in
from schedule.academic import Period, holidays_between, is_odd, monday, period_on, week_of
from schedule.courses import list_groups
from schedule.enrolments import Enrolment, enrolments_of
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import Lecture
from schedule.national_days import in_language
from schedule.stretches import stretches_of
from schedule.study_work import Kind

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_USUAL_HOURS = range(9, 18)  # the grid shows these at least
_MOST = 1000  # lectures on one page; the page says when there are more


@dataclass(slots=True)
class Block:
    """A place in a day's column: from row `first` on, `rows` high; what overlaps shares one."""

    first: int
    rows: int
    lectures: list[Lecture]


@dataclass(frozen=True, slots=True)
class Day:
    """A column."""

    noon: datetime  # to be shown in words
    is_today: bool
    holiday: str | None
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Week:
    """A week in the viewer's zone. Rows are hours, counted from 1."""

    days: list[Day]
    hours: range


@dataclass(frozen=True, slots=True)
class TeachingWeek:
    """Where the week lies in its period."""

    period: str
    number: int
    is_odd: bool
    is_midterm: bool


class WeekQuery(msgspec.Struct, frozen=True):
    """The query string: any day of the week, and whose lectures."""

    on: date | None = None
    whose: Literal["mine", "all"] | None = None
    group: UUID | None = None  # instead: those of a group
    auditorium: str | None = None  # or in an auditorium


def routes() -> list[web.RouteDef]:
    return [web.get("/week", show_week)]


async def show_week(request: web.Request) -> web.Response:
    signed_in(request)
    viewer, asked = require(request, Action.SEE_SCHEDULE), query(request, WeekQuery)
    zone = zone_of(request)
    today = request.app[CLOCK].now().astimezone(zone).date()
    first = monday(_near(asked.on or today))
    which = Filter(since=_at(first, zone), until=_at(first + _WEEK, zone))
    async with request.app[DATABASE].connect() as connection:
        own = await _enrolments(connection, viewer, first)
        whose = asked.whose or ("mine" if own or _teaches(viewer) else "all")
        lectures = await list_lectures(
            connection, _narrowed(which, asked, viewer, whose, own), limit=_MOST + 1
        )
        groups = await list_groups(connection)
        period = await period_on(connection, first, first + 6 * _DAY)
        free = await holidays_between(connection, first, first + 6 * _DAY)
        stretches = [] if period is None else await stretches_of(connection, period)
    if whose == "mine" and not _teaches(viewer) and not _is_of_something(asked):
        lectures = [one for one in lectures if _is_for(one, own)]
    return render(
        request,
        "week.html",
        week=lay_out(lectures[:_MOST], first, zone, free=free, today=today),
        teaching=period and teaching_week(period, first),
        stretches=[one for one in stretches if one.touches(first, first + 6 * _DAY)],
        named=partial(in_language, locale=locale_of(request)),
        whose=None if _is_of_something(asked) else whose,
        teaches=_teaches(viewer),
        has_own=_teaches(viewer) or bool(own),
        group=next((one for one in groups if one.id == asked.group), None),
        groups=groups,
        auditorium=asked.auditorium,
        previous=first - _WEEK,
        following=first + _WEEK,
        first=first,
        most=_MOST if len(lectures) > _MOST else None,
        kinds=list(Kind),
        is_this_week=first == monday(today),
    )


def lay_out(
    lectures: Iterable[Lecture],
    first: date,
    zone: ZoneInfo,
    *,
    free: Mapping[date, str] | None = None,
    today: date | None = None,
) -> Week:
    """The seven days from Monday `first`, each lecture on the day of its beginning."""
    days = [first + n * _DAY for n in range(7)]
    of_day: dict[date, list[Lecture]] = {day: [] for day in days}
    for lecture in sorted(lectures, key=lambda one: one.starts_at):
        day = lecture.starts_at.astimezone(zone).date()
        if day in of_day:
            of_day[day].append(lecture)
    spans = [_span(lecture, zone) for shown in of_day.values() for lecture in shown]
    hours = range(
        min([_USUAL_HOURS.start, *(span.start for span in spans)]),
        max([_USUAL_HOURS.stop, *(span.stop for span in spans)]),
    )
    columns = [
        Day(
            noon=_at(day, zone, time(12)),
            is_today=day == today,
            holiday=(free or {}).get(day),
            blocks=_blocks(of_day[day], hours.start, zone),
        )
        for day in days
    ]
    return Week(columns, hours)


def teaching_week(period: Period, first: date) -> TeachingWeek:
    """Of the week that begins on Monday `first` and touches the period."""
    number = week_of(period, max(first, period.starts_on))
    assert number is not None  # it touches the period
    return TeachingWeek(period.name, number, is_odd(number), number == period.midterm_week)


def _span(lecture: Lecture, zone: ZoneInfo) -> range:
    """The hours that it touches, on the day of its beginning."""
    starts, ends = lecture.starts_at.astimezone(zone), lecture.ends_at.astimezone(zone)
    last = 24 if ends.date() > starts.date() else ends.hour + (ends.minute > 0)
    return range(starts.hour, max(last, starts.hour + 1))


def _blocks(lectures: Sequence[Lecture], earliest: int, zone: ZoneInfo) -> list[Block]:
    blocks: list[Block] = []
    for lecture in lectures:
        span = _span(lecture, zone)
        first = span.start - earliest + 1
        last = blocks[-1] if blocks else None
        if last is not None and first < last.first + last.rows:
            last.rows = max(last.rows, first + len(span) - last.first)
            last.lectures.append(lecture)
        else:
            blocks.append(Block(first, len(span), [lecture]))
    return blocks


async def _enrolments(
    connection: AsyncConnection, viewer: Viewer, first: date
) -> dict[UUID, list[Enrolment]]:
    """The viewer's in the week, by course."""
    assert viewer.person_id is not None  # they are signed in
    by_course: dict[UUID, list[Enrolment]] = {}
    for one in await enrolments_of(connection, viewer.person_id, first, first + 6 * _DAY):
        by_course.setdefault(one.course, []).append(one)
    return by_course


def _narrowed(
    which: Filter,
    asked: WeekQuery,
    viewer: Viewer,
    whose: Literal["mine", "all"],
    own: Collection[UUID],
) -> Filter:
    if _is_of_something(asked):
        return replace(which, group=asked.group, auditorium=asked.auditorium)
    if whose == "all":
        return which
    if _teaches(viewer):
        return replace(which, lecturer=viewer.person_id)
    return replace(which, courses=own)


def _is_of_something(asked: WeekQuery) -> bool:
    return asked.group is not None or asked.auditorium is not None


def _is_for(lecture: Lecture, own: Mapping[UUID, list[Enrolment]]) -> bool:
    course = lecture.work.course
    return course is not None and any(one.has(lecture.work.groups) for one in own.get(course, []))


def _teaches(viewer: Viewer) -> bool:
    return Role.LECTURER in viewer.roles


def _at(day: date, zone: ZoneInfo, hour: time = time(0)) -> datetime:
    return datetime.combine(day, hour, zone)


def _near(day: date) -> date:
    if not 1900 < day.year < 2200:
        raise Invalid("This time lies outside of the calendar.")
    return day
