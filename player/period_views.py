"""Pages of the whole term: the academic calendar with its weeks and holidays, the surge switch."""

from dataclasses import dataclass
from datetime import date

from aiohttp import web

from identity.rights import Action, Viewer, allows
from identity.sessions import require
from kernel.pages import render, zone_of
from kernel.web import CLOCK, DATABASE
from player.entrance import signed_in
from schedule.academic import (
    UNIVERSITY,
    Period,
    holidays_of,
    list_periods,
    week_count,
    week_of,
)
from schedule.courses import list_courses
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
    viewer = _reader(request)
    today = request.app[CLOCK].now().astimezone(zone_of(request)).date()
    async with request.app[DATABASE].connect() as connection:
        latest = list(reversed(await list_periods(connection)))[:_MOST]
        shown = [
            Shown(one, week_count(one), week_of(one, today), await holidays_of(connection, one))
            for one in latest
        ]
    return render(
        request,
        "periods.html",
        shown=shown,
        calendars=sorted({one.calendar for one in latest} | {UNIVERSITY}),
        can_manage=allows(viewer, Action.MANAGE_CALENDAR),
    )


def _reader(request: web.Request) -> Viewer:
    signed_in(request)
    return require(request, Action.SEE_SCHEDULE)
