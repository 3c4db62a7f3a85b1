"""What a period holds beside its teaching weeks, over HTTP: stretches, days that changed places, and
the national holidays that may be taken over."""

from datetime import date

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Invalid
from kernel.pages import locale_of
from kernel.web import DATABASE, decode, path_id, reply
from schedule.academic import period_by_id
from schedule.national_days import NationalDay, national_days
from schedule.stretches import (
    Purpose,
    Stretch,
    moved_days_of,
    set_moved_days,
    set_stretches,
    stretches_of,
)


class StretchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days of a period, both included."""

    kind: Purpose
    name: str
    starts_on: date
    ends_on: date
    has_classes: bool = False


class Stretches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All stretches of a period."""

    stretches: list[StretchBody]


class MovedDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On `day` the classes of `taught_as` are taught."""

    day: date
    taught_as: date


class MovedDays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All moved days of a period."""

    moved_days: list[MovedDay]


class NationalDays(msgspec.Struct, frozen=True):
    """What the law says of the period's days. Nothing of it is saved."""

    holidays: list[NationalDay]


def routes() -> list[web.RouteDef]:
    period = "/api/v1/periods/{id}"
    return [
        web.get(f"{period}/stretches", show_stretches),
        web.put(f"{period}/stretches", replace_stretches),
        web.get(f"{period}/moved-days", show_moved_days),
        web.put(f"{period}/moved-days", replace_moved_days),
        web.get(f"{period}/national-days", show_national_days),
    ]


async def show_stretches(request: web.Request) -> web.Response:
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        period = await period_by_id(connection, path_id(request))
        return _stretches(await stretches_of(connection, period))


async def replace_stretches(request: web.Request) -> web.Response:
    body = await decode(request, Stretches)
    require(request, Action.MANAGE_CALENDAR)
    wanted = [Stretch(**msgspec.structs.asdict(one)) for one in body.stretches]
    async with request.app[DATABASE].begin() as connection:
        period = await period_by_id(connection, path_id(request))
        return _stretches(await set_stretches(connection, period, wanted))


async def show_moved_days(request: web.Request) -> web.Response:
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        period = await period_by_id(connection, path_id(request))
        return _moved(await moved_days_of(connection, period))


async def replace_moved_days(request: web.Request) -> web.Response:
    body = await decode(request, MovedDays)
    require(request, Action.MANAGE_CALENDAR)
    wanted = {one.day: one.taught_as for one in body.moved_days}
    if len(wanted) < len(body.moved_days):
        raise Invalid("A day is named twice.")
    async with request.app[DATABASE].begin() as connection:
        period = await period_by_id(connection, path_id(request))
        return _moved(await set_moved_days(connection, period, wanted))


async def show_national_days(request: web.Request) -> web.Response:
    """In the language of who asks."""
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        period = await period_by_id(connection, path_id(request))
    found = national_days(period.starts_on, period.ends_on, locale_of(request))
    return reply(NationalDays(found))


def _stretches(found: list[Stretch]) -> web.Response:
    shown = [
        StretchBody(one.kind, one.name, one.starts_on, one.ends_on, one.has_classes)
        for one in found
    ]
    return reply(Stretches(shown))


def _moved(found: dict[date, date]) -> web.Response:
    return reply(MovedDays([MovedDay(day, usual) for day, usual in found.items()]))
