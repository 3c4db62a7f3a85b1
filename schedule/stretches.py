"""Stretches of a period that serve one thing: practices, exam sessions, breaks. And days that changed
places: the classes of a Monday that are taught on a Saturday.

Both say where a weekly series has no class, or has it elsewhere. Classes that are planned already stay.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum, auto
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, metadata
from kernel.errors import Invalid
from kernel.ids import new_id
from kernel.lines import one_line
from schedule.academic import Period, holidays_of, week_of

MOST_STRETCHES = 60  # of one period

stretches = sa.Table(
    "period_stretches",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("period", Id, sa.ForeignKey("periods.id"), nullable=False, index=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),  # the last day
    sa.Column("has_classes", sa.Boolean, nullable=False),
)

moved_days = sa.Table(
    "moved_days",
    metadata,
    sa.Column("calendar", sa.String(40), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("taught_as", sa.Date, nullable=False),
)


class Purpose(StrEnum):
    """What a stretch is for (seed, glossary 2, 11, 30)."""

    EXAMS = auto()
    PRACTICE = auto()
    ATTESTATION = auto()
    BREAK = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days of a period, both included. `has_classes`: weekly classes go on meanwhile."""

    kind: Purpose
    name: str
    starts_on: date
    ends_on: date
    has_classes: bool = False

    def touches(self, first: date, last: date) -> bool:
        return self.starts_on <= last and self.ends_on >= first


@dataclass(frozen=True, slots=True)
class TeachingDays:
    """Where a period is not taught as usual."""

    free: Collection[date] = frozenset()
    moved: Mapping[date, date] = field(
        default_factory=dict
    )  # from the usual day to the one instead


async def teaching_days(connection: AsyncConnection, period: Period) -> TeachingDays:
    """What a weekly series must know of the period."""
    free = set(await holidays_of(connection, period))
    for one in await stretches_of(connection, period):
        if not one.has_classes:
            days = range(one.starts_on.toordinal(), one.ends_on.toordinal() + 1)
            free.update(map(date.fromordinal, days))
    moved = await moved_days_of(connection, period)
    return TeachingDays(free, {usual: day for day, usual in moved.items()})


async def stretches_of(connection: AsyncConnection, period: Period) -> list[Stretch]:
    """By first day."""
    query = sa.select(stretches).where(stretches.c.period == period.id)
    rows = await connection.execute(query.order_by(stretches.c.starts_on, stretches.c.id))
    return [_stretch(row) for row in rows]


async def set_stretches(
    connection: AsyncConnection, period: Period, wanted: Sequence[Stretch]
) -> list[Stretch]:
    """Replace those of a period; Invalid has a finding for each that does not fit into it."""
    checked = check_stretches(period, wanted)
    await connection.execute(stretches.delete().where(stretches.c.period == period.id))
    if checked:
        rows = [{"id": new_id(), "period": period.id, **_row(one)} for one in checked]
        await connection.execute(stretches.insert(), rows)
    return checked


def check_stretches(period: Period, wanted: Sequence[Stretch]) -> list[Stretch]:
    """In order, with trimmed names; Invalid when one does not fit."""
    if len(wanted) > MOST_STRETCHES:
        raise Invalid(f"A period has at most {MOST_STRETCHES} stretches.")
    wrong = [
        {"message": f"{one.name:.80}: {one.starts_on} to {one.ends_on} is not in the period."}
        for one in wanted
        if not period.starts_on <= one.starts_on <= one.ends_on <= period.ends_on
    ]
    if wrong:
        raise Invalid("Some stretches do not fit into the period.", findings=wrong)
    trimmed = (replace(one, name=one_line(one.name, "A name", 200)) for one in wanted)
    return sorted(trimmed, key=lambda one: (one.starts_on, one.ends_on))


async def moved_days_of(connection: AsyncConnection, period: Period) -> dict[date, date]:
    """Each day of the period on which another day's classes are taught, and that other day."""
    query = sa.select(moved_days.c.day, moved_days.c.taught_as).where(*_within(period))
    rows = await connection.execute(query.order_by(moved_days.c.day))
    return {row.day: row.taught_as for row in rows}


async def set_moved_days(
    connection: AsyncConnection, period: Period, wanted: Mapping[date, date]
) -> dict[date, date]:
    """Replace those of a period; Invalid has a finding for each that makes no sense."""
    check_moved_days(period, wanted)
    await connection.execute(moved_days.delete().where(*_within(period)))
    kept = dict(sorted(wanted.items()))
    if kept:
        rows = [
            {"calendar": period.calendar, "day": day, "taught_as": usual}
            for day, usual in kept.items()
        ]
        await connection.execute(moved_days.insert(), rows)
    return kept


def check_moved_days(period: Period, wanted: Mapping[date, date]) -> None:
    """Both days are in the period; a day moves once, and not in a circle."""
    times = Counter(wanted.values())
    findings = [
        {"day": f"{day}", "message": message}
        for day, usual in sorted(wanted.items())
        if (message := _wrong(period, day, usual, times, wanted))
    ]
    if findings:
        raise Invalid("Some days can't change places.", findings=findings)


def _wrong(
    period: Period, day: date, usual: date, times: Mapping[date, int], wanted: Mapping[date, date]
) -> str | None:
    if week_of(period, day) is None or week_of(period, usual) is None:
        return f"{day} or {usual} is not in the period."
    if day == usual:
        return f"{day} is moved to itself."
    if usual in wanted:
        return f"{usual} is moved and moved to; that goes in a circle."
    if times[usual] > 1:
        return f"{usual} is moved to several days."
    return None


def _within(period: Period) -> tuple[sa.ColumnElement[bool], ...]:
    days = moved_days.c.day.between(period.starts_on, period.ends_on)
    return moved_days.c.calendar == period.calendar, days


def _stretch(row: Any) -> Stretch:
    return Stretch(
        kind=Purpose(row.kind),
        name=row.name,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        has_classes=row.has_classes,
    )


def _row(one: Stretch) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "name": one.name,
        "starts_on": one.starts_on,
        "ends_on": one.ends_on,
        "has_classes": one.has_classes,
    }
