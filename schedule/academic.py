"""The academic calendar: periods, their teaching weeks, and the days that are free.

A calendar is a key, since a faculty or a partner may keep its own rhythm; `university` is the
common one. Teaching weeks are counted from the period's start, not from the year's: week 1 holds
the start, and every week runs from Monday to Sunday.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, metadata
from kernel.errors import Conflict, Invalid, NotFound
from kernel.ids import new_id
from kernel.lines import one_line
from kernel.sentence import sentence

UNIVERSITY = "university"
MIDTERM_WEEK = 10
OPENS, CLOSES = time(8), time(20)  # between these classes are proposed
LONGEST_PERIOD = timedelta(days=366)
MOST_HOLIDAYS = 400  # of one period
_WEEK = timedelta(days=7)

periods = sa.Table(
    "periods",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("calendar", sa.String(40), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),  # the last day
    sa.Column("midterm_week", sa.Integer),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("opens", sa.Time, nullable=False, server_default="08:00:00"),
    sa.Column("closes", sa.Time, nullable=False, server_default="20:00:00"),
    sa.Index(None, "calendar", "starts_on"),
)

holidays = sa.Table(
    "holidays",
    metadata,
    sa.Column("calendar", sa.String(40), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A term, a session or a practice: the days from `starts_on` to `ends_on`, both included."""

    id: UUID
    calendar: str
    name: str
    starts_on: date
    ends_on: date
    midterm_week: int | None = MIDTERM_WEEK
    revision: int = 1
    opens: time = OPENS  # on the university's clocks; no class is proposed before
    closes: time = CLOSES  # nor one that ends later


def monday(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def week_of(period: Period, day: date) -> int | None:
    """The teaching week, from 1; None on a day outside of the period."""
    if not period.starts_on <= day <= period.ends_on:
        return None
    return (monday(day) - monday(period.starts_on)) // _WEEK + 1


def week_count(period: Period) -> int:
    return (monday(period.ends_on) - monday(period.starts_on)) // _WEEK + 1


def first_day(period: Period, week: int) -> date:
    """The Monday of a teaching week; that of week 1 may lie before the period."""
    return monday(period.starts_on) + (week - 1) * _WEEK


def is_odd(week: int) -> bool:
    return week % 2 == 1


def check_period(period: Period) -> Period:
    """The period with its texts trimmed; Invalid says what is wrong with it."""
    if period.ends_on < period.starts_on:
        raise Invalid("A period ends after it starts.")
    if period.ends_on - period.starts_on > LONGEST_PERIOD:
        raise Invalid("A period takes a year at most.")
    if not 1900 < period.starts_on.year < MAXYEAR - 1:
        raise Invalid("This time lies outside of the calendar.")
    if period.midterm_week is not None and not 1 <= period.midterm_week <= week_count(period):
        raise Invalid("The midterm lies in one of the period's weeks.")
    if period.opens >= period.closes:
        raise Invalid("Teaching hours end after they begin.")
    return replace(
        period,
        name=one_line(period.name, "A name", 200),
        calendar=one_line(period.calendar, "A calendar's key", 40),
    )


async def add_period(connection: AsyncConnection, wanted: Period) -> Period:
    """Add it under an id of its own; Conflict when it overlaps another of its calendar."""
    period = check_period(replace(wanted, id=new_id(), revision=1))
    await _check_is_alone(connection, period)
    await connection.execute(periods.insert().values(_row(period)))
    return period


async def change_period(connection: AsyncConnection, wanted: Period) -> Period:
    """Save it if the saved one still is at `wanted.revision`; Conflict otherwise."""
    period = check_period(wanted)
    await _check_is_alone(connection, period)
    period = replace(period, revision=wanted.revision + 1)
    done = await connection.execute(
        periods.update()
        .where(periods.c.id == period.id, periods.c.revision == wanted.revision)
        .values(_row(period))
    )
    if done.rowcount == 0:
        raise Conflict("Somebody changed this period meanwhile; reload it.")
    return period


async def period_by_id(connection: AsyncConnection, period_id: UUID) -> Period:
    """NotFound when there is none."""
    row = (await connection.execute(_select().where(periods.c.id == period_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such period.")
    return _period(row)


async def list_periods(
    connection: AsyncConnection, *, calendar: str | None = None, since: date | None = None
) -> list[Period]:
    """By start; those of one calendar, those that end on `since` or later."""
    query = _select().order_by(periods.c.starts_on, periods.c.id)
    if calendar is not None:
        query = query.where(periods.c.calendar == calendar)
    if since is not None:
        query = query.where(periods.c.ends_on >= since)
    return [_period(row) for row in await connection.execute(query)]


async def period_on(
    connection: AsyncConnection, first: date, last: date, *, calendar: str = UNIVERSITY
) -> Period | None:
    """The period that the days `first` to `last` touch; the later one if there are two."""
    query = _select().where(
        periods.c.calendar == calendar, periods.c.starts_on <= last, periods.c.ends_on >= first
    )
    row = (await connection.execute(query.order_by(periods.c.starts_on.desc()).limit(1))).first()
    return None if row is None else _period(row)


async def holidays_between(
    connection: AsyncConnection, first: date, last: date, *, calendar: str = UNIVERSITY
) -> dict[date, str]:
    """The free days of a calendar, each with its name."""
    query = sa.select(holidays.c.day, holidays.c.name).where(*_within(calendar, first, last))
    rows = await connection.execute(query.order_by(holidays.c.day))
    return {row.day: row.name for row in rows}


async def holidays_of(connection: AsyncConnection, period: Period) -> dict[date, str]:
    return await holidays_between(
        connection, period.starts_on, period.ends_on, calendar=period.calendar
    )


async def set_holidays(
    connection: AsyncConnection, period: Period, wanted: Mapping[date, str]
) -> dict[date, str]:
    """Replace the free days of a period. They say nothing about classes that are planned already."""
    checked = check_holidays(period, wanted)
    which = _within(period.calendar, period.starts_on, period.ends_on)
    await connection.execute(holidays.delete().where(*which))
    rows = [{"calendar": period.calendar, "day": day, "name": checked[day]} for day in checked]
    if rows:
        await connection.execute(holidays.insert(), rows)
    return checked


def check_holidays(period: Period, wanted: Mapping[date, str]) -> dict[date, str]:
    """In order, with trimmed names; Invalid has a finding for each day that is not of the period."""
    if len(wanted) > MOST_HOLIDAYS:
        raise Invalid(sentence("A period has at most {most} holidays.", most=MOST_HOLIDAYS))
    outside = [day for day in wanted if week_of(period, day) is None]
    if outside:
        raise Invalid("Some days are outside of the period.", findings=_findings(outside))
    return {day: one_line(wanted[day], "A name", 200) for day in sorted(wanted)}


def _findings(days: Iterable[date]) -> list[dict[str, str]]:
    return [{"day": f"{day}", "message": f"{day} is not in the period."} for day in sorted(days)]


def _within(calendar: str, first: date, last: date) -> tuple[sa.ColumnElement[bool], ...]:
    return holidays.c.calendar == calendar, holidays.c.day.between(first, last)


async def _check_is_alone(connection: AsyncConnection, period: Period) -> None:
    query = _select().where(
        periods.c.calendar == period.calendar,
        periods.c.id != period.id,
        periods.c.starts_on <= period.ends_on,
        periods.c.ends_on >= period.starts_on,
    )
    other = (await connection.execute(query.limit(1))).first()
    if other is not None:
        told = sentence(
            "“{name}” takes {first} to {last} already.",
            name=other.name,
            first=other.starts_on,
            last=other.ends_on,
        )
        raise Conflict(told)


def _select() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(*periods.c)


def _period(row: Any) -> Period:
    return Period(**row._mapping)  # noqa: SLF001 - the public name of a row's mapping


def _row(period: Period) -> dict[str, Any]:
    return {column.name: getattr(period, column.name) for column in periods.c}
