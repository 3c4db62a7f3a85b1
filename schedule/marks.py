"""Marks: classes as far as a month shows them, thousands at once; and who and what is in a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people
from schedule.lectures import Filter, conditions, lectures
from schedule.lifecycle import LectureState


@dataclass(frozen=True, slots=True)
class Mark:
    """One class."""

    id: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    state: LectureState
    lecturer: UUID
    course: UUID | None
    groups: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Taught:
    """Who teaches in a time, and where, by name."""

    lecturers: dict[UUID, str]
    auditoriums: list[str]


_OF_A_MARK = ("id", "title", "starts_at", "ends_at", "state", "lecturer", "course", "groups")


async def list_marks(connection: AsyncConnection, which: Filter, *, limit: int) -> list[Mark]:
    """By planned start."""
    query = (
        sa.select(*(lectures.c[name] for name in _OF_A_MARK))
        .where(*conditions(which))
        .order_by(lectures.c.starts_at, lectures.c.id)
        .limit(limit)
    )
    return [_mark(row) for row in await connection.execute(query)]


async def taught_between(
    connection: AsyncConnection, since: datetime, until: datetime, *, at_most: int = 500
) -> Taught:
    """`at_most` of each."""
    is_then = lectures.c.starts_at.between(since, until)
    who = (
        sa.select(people.c.id, people.c.name)
        .where(people.c.id.in_(sa.select(lectures.c.lecturer).where(is_then)))
        .order_by(people.c.name, people.c.id)
        .limit(at_most)
    )
    hall = lectures.c.auditorium
    where = sa.select(hall).where(is_then, hall.is_not(None)).distinct()
    return Taught(
        {row.id: row.name for row in await connection.execute(who)},
        list((await connection.execute(where.order_by(hall).limit(at_most))).scalars()),
    )


def _mark(row: Iterable[object]) -> Mark:
    values = dict(zip(_OF_A_MARK, row, strict=True))
    return Mark(**{**values, "state": LectureState(values["state"])})  # type: ignore[arg-type]
