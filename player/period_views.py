"""Pages of the whole term: the academic calendar with its weeks and holidays, the surge switch."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action, Viewer, allows
from identity.sessions import require
from kernel.pages import locale_of, render, zone_of
from kernel.web import CLOCK, DATABASE, query
from player.entrance import signed_in
from schedule.academic import (
    UNIVERSITY,
    Period,
    first_day,
    holidays_of,
    list_periods,
    week_count,
    week_of,
)
from schedule.courses import list_courses
from schedule.national_days import in_language
from schedule.stretches import Purpose, Stretch, moved_days_of, stretches_of
from schedule.study_work import Mode
from schedule.surges import list_surges

_MOST = 60  # periods on the page, the latest


@dataclass(frozen=True, slots=True)
class Shown:
    """A period with what is counted of it."""

    period: Period
    weeks: int
    week: int | None  # today's
    holidays: dict[date, str]
    stretches: list[Stretch]
    moved_days: dict[date, date]

    @property
    def teaching_weeks(self) -> int:
        """Those that no session or practice has a day of."""
        return sum(self.purpose(week) is None for week in range(1, self.weeks + 1))

    def purpose(self, week: int) -> Purpose | None:
        """What the week's first stretch is for that takes classes away from it."""
        first = first_day(self.period, week)
        last = first + timedelta(days=6)
        taken = (one for one in self.stretches if not one.has_classes)
        return next((one.kind for one in taken if one.touches(first, last)), None)


class PeriodsQuery(msgspec.Struct, frozen=True):
    """The query string: one calendar instead of all."""

    calendar: str | None = None


def routes() -> list[web.RouteDef]:
    return [web.get("/periods", show_periods), web.get("/surges", show_surges)]


async def show_surges(request: web.Request) -> web.Response:
    """The surge switch, for who manages courses."""
    _reader(request)
    viewer = require(request, Action.MANAGE_COURSE)
    async with request.app[DATABASE].connect() as connection:
        courses = await list_courses(connection, limit=100_000)
        surges = await list_surges(connection)
    return render(
        request,
        "surges.html",
        surges=surges,
        faculties=sorted({one.faculty for one in courses if one.faculty}),
        may_switch_all=allows(viewer, Action.MANAGE_PEOPLE),
        modes=list(Mode),
    )


async def show_periods(request: web.Request) -> web.Response:
    viewer, asked = _reader(request), query(request, PeriodsQuery)
    today = request.app[CLOCK].now().astimezone(zone_of(request)).date()
    async with request.app[DATABASE].connect() as connection:
        everything = list(reversed(await list_periods(connection)))
        latest = [one for one in everything if asked.calendar in {None, one.calendar}][:_MOST]
        shown = [await _shown(connection, one, today) for one in latest]
    return render(
        request,
        "periods.html",
        shown=shown,
        calendars=sorted({one.calendar for one in everything} | {UNIVERSITY}),
        calendar=asked.calendar,
        purposes=list(Purpose),
        named=partial(in_language, locale=locale_of(request)),
        can_manage=allows(viewer, Action.MANAGE_CALENDAR),
    )


async def _shown(connection: AsyncConnection, period: Period, today: date) -> Shown:
    return Shown(
        period,
        week_count(period),
        week_of(period, today),
        await holidays_of(connection, period),
        await stretches_of(connection, period),
        await moved_days_of(connection, period),
    )


def _reader(request: web.Request) -> Viewer:
    signed_in(request)
    return require(request, Action.SEE_SCHEDULE)
