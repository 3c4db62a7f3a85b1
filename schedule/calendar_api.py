"""What a period holds beside its teaching weeks, over HTTP: holidays, stretches, days that changed
places, and the national holidays that may be taken over."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Invalid
from kernel.pages import locale_of
from kernel.web import DATABASE, path_id, reply
from schedule.academic import holidays_of, period_by_id, set_holidays
from schedule.national_days import NationalDay, national_days
from schedule.period_parts import PeriodPart
from schedule.stretches import (
    Purpose,
    Stretch,
    moved_days_of,
    set_moved_days,
    set_stretches,
    stretches_of,
)

Value = TypeVar("Value")


class Holiday(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A free day."""

    day: date
    name: str


class Holidays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All free days of a period."""

    holidays: list[Holiday]


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


_OF_A_STRETCH: Final = StretchBody.__struct_fields__


def routes() -> list[web.RouteDef]:
    return [
        *_HOLIDAYS.routes(),
        *_STRETCHES.routes(),
        *_MOVED_DAYS.routes(),
        web.get("/api/v1/periods/{id}/national-days", show_national_days),
    ]


async def show_national_days(request: web.Request) -> web.Response:
    """In the language of who asks."""
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        period = await period_by_id(connection, path_id(request))
    found = national_days(period.starts_on, period.ends_on, locale_of(request))
    return reply(NationalDays(found))


def _free_days(body: Holidays) -> Mapping[date, str]:
    return _each_once([(one.day, one.name) for one in body.holidays])


def _moves(body: MovedDays) -> Mapping[date, date]:
    return _each_once([(one.day, one.taught_as) for one in body.moved_days])


def _each_once(pairs: Sequence[tuple[date, Value]]) -> Mapping[date, Value]:
    """By day."""
    by_day = dict(pairs)
    if len(by_day) < len(pairs):
        raise Invalid("A day is named twice.")
    return by_day


_HOLIDAYS: Final = PeriodPart(
    path="holidays",
    body=Holidays,
    meant=_free_days,
    shown=lambda days: Holidays([Holiday(day, name) for day, name in days.items()]),
    read=holidays_of,
    save=set_holidays,
)
_STRETCHES: Final = PeriodPart(
    path="stretches",
    body=Stretches,
    meant=lambda body: [Stretch(**msgspec.structs.asdict(one)) for one in body.stretches],
    shown=lambda found: Stretches(
        [StretchBody(**{name: getattr(one, name) for name in _OF_A_STRETCH}) for one in found]
    ),
    read=stretches_of,
    save=set_stretches,
)
_MOVED_DAYS: Final = PeriodPart(
    path="moved-days",
    body=MovedDays,
    meant=_moves,
    shown=lambda days: MovedDays([MovedDay(day, usual) for day, usual in days.items()]),
    read=moved_days_of,
    save=set_moved_days,
)
