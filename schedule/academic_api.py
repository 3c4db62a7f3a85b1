"""The academic calendar over HTTP."""

from dataclasses import replace
from datetime import date, time
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.ids import new_id
from kernel.web import DATABASE, decode, path_id, query, reply
from schedule.academic import (
    CLOSES,
    MIDTERM_WEEK,
    OPENS,
    UNIVERSITY,
    Period,
    add_period,
    change_period,
    list_periods,
    period_by_id,
    week_count,
)
from schedule.series_api import WallTime

Week = Annotated[int, msgspec.Meta(ge=1, le=60)]


class NewPeriod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A period to add; `ends_on` is its last day."""

    name: str
    starts_on: date
    ends_on: date
    calendar: str = UNIVERSITY
    midterm_week: Week | msgspec.UnsetType | None = msgspec.UNSET
    opens: WallTime = f"{OPENS:%H:%M}"
    closes: WallTime = f"{CLOSES:%H:%M}"


class PeriodPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall change. `revision` is the one that was read."""

    revision: int
    name: str | msgspec.UnsetType = msgspec.UNSET
    starts_on: date | msgspec.UnsetType = msgspec.UNSET
    ends_on: date | msgspec.UnsetType = msgspec.UNSET
    midterm_week: Week | msgspec.UnsetType | None = msgspec.UNSET
    opens: WallTime | msgspec.UnsetType = msgspec.UNSET
    closes: WallTime | msgspec.UnsetType = msgspec.UNSET


class PeriodBody(msgspec.Struct, frozen=True, kw_only=True):
    """A period as the API shows it."""

    id: UUID
    calendar: str
    name: str
    starts_on: date
    ends_on: date
    weeks: int
    midterm_week: int | None
    opens: str
    closes: str
    revision: int


class PeriodList(msgspec.Struct, frozen=True):
    """All periods that were asked for, by start."""

    periods: list[PeriodBody]


class PeriodQuery(msgspec.Struct, frozen=True, rename={"since": "from"}):
    """The query string of the list."""

    calendar: str | None = None
    since: date | None = None


def routes() -> list[web.RouteDef]:
    period = "/api/v1/periods/{id}"
    return [
        web.get("/api/v1/periods", list_all),
        web.post("/api/v1/periods", add),
        web.get(period, show),
        web.patch(period, change),
    ]


async def list_all(request: web.Request) -> web.Response:
    asked = query(request, PeriodQuery)
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        found = await list_periods(connection, calendar=asked.calendar, since=asked.since)
    return reply(PeriodList([_body(period) for period in found]))


async def show(request: web.Request) -> web.Response:
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        return reply(_body(await period_by_id(connection, path_id(request))))


async def add(request: web.Request) -> web.Response:
    wanted = await decode(request, NewPeriod)
    require(request, Action.MANAGE_CALENDAR)
    period = Period(
        id=new_id(),
        calendar=wanted.calendar,
        name=wanted.name,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        midterm_week=None,
        opens=time.fromisoformat(wanted.opens),
        closes=time.fromisoformat(wanted.closes),
    )
    midterm = (
        _usual_midterm(period) if wanted.midterm_week is msgspec.UNSET else wanted.midterm_week
    )
    async with request.app[DATABASE].begin() as connection:
        added = await add_period(connection, replace(period, midterm_week=midterm))
    return reply(_body(added), status=HTTPStatus.CREATED)


async def change(request: web.Request) -> web.Response:
    patch = await decode(request, PeriodPatch)
    require(request, Action.MANAGE_CALENDAR)
    async with request.app[DATABASE].begin() as connection:
        period = await period_by_id(connection, path_id(request))
        changed = await change_period(connection, _patched(period, patch))
    return reply(_body(changed))


def _usual_midterm(period: Period) -> int | None:
    """The usual week, unless the period is too short for it."""
    return MIDTERM_WEEK if week_count(period) >= MIDTERM_WEEK else None


def _patched(period: Period, patch: PeriodPatch) -> Period:
    said = msgspec.structs.asdict(patch).items()
    given = {name: value for name, value in said if value is not msgspec.UNSET}
    for name in given.keys() & {"opens", "closes"}:
        given[name] = time.fromisoformat(given[name])
    return replace(period, **given)


def _body(period: Period) -> PeriodBody:
    return PeriodBody(
        id=period.id,
        calendar=period.calendar,
        name=period.name,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        weeks=week_count(period),
        midterm_week=period.midterm_week,
        opens=f"{period.opens:%H:%M}",
        closes=f"{period.closes:%H:%M}",
        revision=period.revision,
    )
