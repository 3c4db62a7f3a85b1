"""Rhythms: a faculty, a partner or an MBA keeps a calendar of its own, and its courses follow that.

A course follows the calendar that it names, else the one that bears its faculty's name, else the
university's.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from schedule.academic import UNIVERSITY, Period, list_periods, periods
from schedule.courses import courses


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What counts the teaching weeks of some classes in some days. Periods are by start."""

    calendar: str  # theirs if they follow one, the university's if they follow several
    periods: list[Period] = field(default_factory=list)
    others: list[Period] = field(default_factory=list)  # of the other calendars that they follow


async def calendar_of(connection: AsyncConnection, course: UUID | None) -> str:
    """That of one course; a class of no course follows the university's."""
    found = {} if course is None else await calendars_of(connection, [course])
    return next(iter(found.values()), UNIVERSITY)


async def calendars_of(
    connection: AsyncConnection, ids: Collection[UUID] | None = None
) -> dict[UUID, str]:
    """By course; of all courses if none are named."""
    query = sa.select(courses.c.id, courses.c.calendar, courses.c.faculty)
    if ids is not None:
        query = query.where(courses.c.id.in_(ids))
    rows = (await connection.execute(query)).all()
    known = await _known(connection) if any(row.faculty for row in rows) else set()
    return {row.id: row.calendar or _named(row.faculty, known) for row in rows}


async def rhythm_of(
    connection: AsyncConnection,
    first: date,
    last: date,
    ids: Collection[UUID],
    *,
    faculties: Iterable[str | None] = (),
    of_everybody: bool = False,
) -> Rhythm:
    """In the days `first` to `last`, for classes of these courses and of what belongs to the
    faculties; `of_everybody`: the university's, and all others beside it."""
    every = await list_periods(connection)
    known = {one.calendar for one in every} | {UNIVERSITY}
    touching = [one for one in every if one.starts_on <= last and one.ends_on >= first]
    followed = known if of_everybody else {_named(one, known) for one in faculties}
    if ids and not of_everybody:
        followed |= set((await calendars_of(connection, ids)).values())
    calendar = followed.pop() if len(followed) == 1 else UNIVERSITY
    others = followed - {calendar}
    return Rhythm(
        calendar,
        [one for one in touching if one.calendar == calendar],
        [one for one in touching if one.calendar in others],
    )


async def _known(connection: AsyncConnection) -> set[str]:
    return set((await connection.execute(sa.select(periods.c.calendar).distinct())).scalars())


def _named(faculty: str | None, known: Collection[str]) -> str:
    return faculty if faculty is not None and faculty in known else UNIVERSITY
