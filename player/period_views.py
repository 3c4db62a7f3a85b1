"""The page of the academic calendar: periods with their teaching weeks, midterms and holidays."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from aiohttp import web

from identity.rights import Action, allows
from identity.sessions import require, viewer_of
from kernel.pages import render, zone_of
from kernel.web import CLOCK, DATABASE
from schedule.academic import (
    UNIVERSITY,
    Period,
    holidays_of,
    list_periods,
    week_count,
    week_of,
)

_MOST = 60  # periods on the page, the latest


@dataclass(frozen=True, slots=True)
class Shown:
    """A period with what is counted of it."""

    period: Period
    weeks: int
    week: int | None  # today's
    holidays: dict[date, str]


def routes() -> list[web.RouteDef]:
    return [web.get("/periods", show_periods)]


async def show_periods(request: web.Request) -> web.Response:
    if not viewer_of(request).is_signed_in:
        raise web.HTTPSeeOther(f"/login?next={quote(request.path_qs, safe='')}")
    viewer = require(request, Action.SEE_SCHEDULE)
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
