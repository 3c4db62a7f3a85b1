"""The page of a month: weeks from top to bottom, of each day its first classes and how many more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.pages import locale_of, render, zone_of
from kernel.web import CLOCK, DATABASE, query
from player.entrance import signed_in
from player.week import TeachingWeek, house_zone, other_weeks, teaching_week
from player.whose import Asked, choose, near
from schedule.academic import UNIVERSITY, holidays_between, monday
from schedule.lectures import Filter
from schedule.marks import Mark, list_marks
from schedule.national_days import in_language
from schedule.rhythm import Rhythm

SHOWN: Final = 4  # classes of a day; the week has them all
_MOST: Final = 10_000  # classes of one month
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_NO_WEEKS: Final = Rhythm(UNIVERSITY)


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A cell."""

    day: date
    noon: datetime  # to be shown in words
    is_inside: bool  # of the month
    is_today: bool
    holiday: str | None
    marks: list[Mark] = field(default_factory=list)

    @property
    def more(self) -> int:
        return max(0, len(self.marks) - SHOWN)


@dataclass(frozen=True, slots=True)
class MonthWeek:
    """A row; it has a number where it is a teaching week, and others where calendars differ."""

    teaching: TeachingWeek | None
    others: list[TeachingWeek]
    days: list[MonthDay]


def routes() -> list[web.RouteDef]:
    return [web.get("/month", show_month)]


async def show_month(request: web.Request) -> web.Response:
    signed_in(request)
    viewer, asked = require(request, Action.SEE_SCHEDULE), query(request, Asked)
    zone = zone_of(request)
    today = request.app[CLOCK].now().astimezone(zone).date()
    first = near(asked.on or today).replace(day=1)
    shown, until = monday(first), monday(after(first) - _DAY) + _WEEK
    which = Filter(since=_at(shown, zone), until=_at(until, zone))
    async with request.app[DATABASE].connect() as connection:
        choice = await choose(connection, asked, viewer, shown, until - _DAY)
        found = await list_marks(connection, choice.narrow(which, viewer), limit=_MOST)
        marks = [one for one in found if choice.has(one.course, one.groups)]
        rhythm = await choice.rhythm(connection, shown, until - _DAY, {one.course for one in marks})
        free = await holidays_between(connection, shown, until, calendar=rhythm.calendar)
    return render(
        request,
        "month.html",
        weeks=lay_out(marks, first, zone, free=free, today=today, rhythm=rhythm),
        choice=choice,
        named=partial(in_language, locale=locale_of(request)),
        first=first,
        noon=_at(first, zone, time(12)),
        house=house_zone(zone, _at(first, zone)),
        previous=(first - _DAY).replace(day=1),
        following=after(first),
        shown=SHOWN,
        is_this_month=first == today.replace(day=1),
    )


def lay_out(
    marks: Iterable[Mark],
    first: date,
    zone: ZoneInfo,
    *,
    free: Mapping[date, str] | None = None,
    today: date | None = None,
    rhythm: Rhythm = _NO_WEEKS,
) -> list[MonthWeek]:
    """The whole weeks that hold the month of `first`; each class on the day of its beginning."""
    of_day = {
        day: list(some)
        for day, some in groupby(marks, key=lambda one: one.starts_at.astimezone(zone).date())
    }

    def cell(day: date) -> MonthDay:
        return MonthDay(
            day=day,
            noon=_at(day, zone, time(12)),
            is_inside=day.month == first.month,
            is_today=day == today,
            holiday=(free or {}).get(day),
            marks=of_day.get(day, []),
        )

    begins = monday(first)
    count = (after(first) - begins + 6 * _DAY) // _WEEK

    def row(day: date) -> MonthWeek:
        teaching = teaching_week(rhythm.periods, day)
        others = other_weeks(rhythm.others, day, teaching)
        return MonthWeek(teaching, others, [cell(day + n * _DAY) for n in range(7)])

    return [row(begins + n * _WEEK) for n in range(count)]


def after(first: date) -> date:
    """The first day of the next month."""
    return (first.replace(day=28) + 4 * _DAY).replace(day=1)


def _at(day: date, zone: ZoneInfo, hour: time = time(0)) -> datetime:
    return datetime.combine(day, hour, zone)
