"""Auditoriums: how many people they seat, and which of them are free at a time.

A class names its auditorium freely; one that is not in the list has a size that nobody knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import insert_new, metadata
from kernel.errors import Invalid, NotFound, PreconditionFailed
from kernel.lines import one_line
from kernel.sentence import sentence
from schedule.conflicts import OCCUPYING, Wanted
from schedule.lectures import lectures

MOST_SEATS: Final = 100_000
_KNOWN: Final = timedelta(
    days=10
)  # one that nobody used for so long, and nobody listed, is forgotten
_AT_ONCE: Final = 500  # rows in one statement

auditoriums = sa.Table(
    "auditoriums",
    metadata,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("seats", sa.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Use:
    """The classes that are still to take place in an auditorium, or do now."""

    classes: int
    next_at: datetime


async def list_auditoriums(connection: AsyncConnection) -> dict[str, int]:
    """The seats of each, by name."""
    rows = await connection.execute(sa.select(auditoriums).order_by(auditoriums.c.name))
    return {row.name: row.seats for row in rows}


async def set_auditoriums(connection: AsyncConnection, wanted: Mapping[str, int]) -> dict[str, int]:
    """Replace the list; Invalid when a size makes no sense."""
    kept = dict(checked(name, seats) for name, seats in sorted(wanted.items()))
    rows = [{"name": name, "seats": seats} for name, seats in kept.items()]
    await connection.execute(auditoriums.delete())
    for start in range(0, len(rows), _AT_ONCE):
        await connection.execute(auditoriums.insert(), rows[start : start + _AT_ONCE])
    return kept


async def seats_of(connection: AsyncConnection, name: str) -> int:
    """NotFound when it is not listed."""
    query = sa.select(auditoriums.c.seats).where(auditoriums.c.name == name)
    seats: int | None = (await connection.execute(query)).scalar_one_or_none()
    if seats is None:
        raise NotFound("There is no such auditorium in the list.")
    return seats


async def add_auditorium(connection: AsyncConnection, name: str, seats: int) -> None:
    """PreconditionFailed when it is listed already."""
    name, seats = checked(name, seats)
    if not await insert_new(
        connection, auditoriums, [{"name": name, "seats": seats}], key=["name"]
    ):
        raise PreconditionFailed(sentence("{name} is in the list already.", name=name))


async def change_auditorium(
    connection: AsyncConnection, name: str, seats: int, *, was: int
) -> None:
    """Compare and set: PreconditionFailed unless it is listed with as many seats as it had."""
    _, seats = checked(name, seats)
    change = auditoriums.update().where(*_as_read(name, was)).values(seats=seats)
    await _execute_once(connection, change)


async def remove_auditorium(connection: AsyncConnection, name: str, *, was: int) -> None:
    """As `change_auditorium`. Classes that name it stay; nobody knows its size any more."""
    await _execute_once(connection, auditoriums.delete().where(*_as_read(name, was)))


async def merge_auditoriums(connection: AsyncConnection, wanted: Mapping[str, int]) -> None:
    """Add and change those that are `wanted`; the rest of the list stays."""
    rows = [{"name": name, "seats": seats} for name, seats in sorted(wanted.items())]
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        await insert_new(connection, auditoriums, some, key=["name"])
        by_name = auditoriums.update().where(auditoriums.c.name == sa.bindparam("of"))
        changes = [{"of": row["name"], "seats": row["seats"]} for row in some]
        await connection.execute(by_name, changes)


async def uses_of_auditoriums(connection: AsyncConnection, now: datetime) -> dict[str, Use]:
    """By name, whether it is listed or not."""
    hall = lectures.c.auditorium
    query = (
        sa.select(hall, sa.func.count(), sa.func.min(lectures.c.starts_at))
        .where(hall.is_not(None), lectures.c.ends_at > now, lectures.c.state.in_(OCCUPYING))
        .group_by(hall)
    )
    rows = await connection.execute(query)
    return {name: Use(classes, next_at) for name, classes, next_at in rows}


def checked(name: str, seats: int) -> tuple[str, int]:
    """As they are saved; Invalid when one of them makes no sense."""
    if not 1 <= seats <= MOST_SEATS:
        raise Invalid(sentence("An auditorium has from 1 to {most} seats.", most=MOST_SEATS))
    return one_line(name, "A name", 100), seats


async def free_auditoriums(
    connection: AsyncConnection, wanted: Wanted, people: int, *, apart_from: UUID | None = None
) -> list[str]:
    """Those that stand empty in the class's time and seat so many: the smallest first, after them
    those of which nobody knows the size, but that somebody uses within ten days."""
    hall = lectures.c.auditorium
    near = lectures.c.starts_at.between(wanted.starts_at - _KNOWN, wanted.starts_at + _KNOWN)
    used = sa.select(hall).where(near, hall.is_not(None)).distinct()
    taken = sa.select(hall).where(
        *_beside(wanted),
        hall.is_not(None),
        lectures.c.id != apart_from if apart_from else sa.true(),
    )
    names = set((await connection.execute(used)).scalars())
    busy = {*(await connection.execute(taken)).scalars(), wanted.work.auditorium}
    seats = await list_auditoriums(connection)
    fitting = [name for name, count in seats.items() if count >= people and name not in busy]
    return [
        *sorted(fitting, key=lambda name: (seats[name], name)),
        *sorted(names - busy - seats.keys()),
    ]


def _beside(wanted: Wanted) -> Sequence[sa.ColumnElement[bool]]:
    """Classes at the same time."""
    return (
        lectures.c.starts_at < wanted.ends_at,
        lectures.c.starts_at > wanted.starts_at - timedelta(hours=12),  # the longest class
        lectures.c.ends_at > wanted.starts_at,
        lectures.c.state.in_(OCCUPYING),
    )


def _as_read(name: str, seats: int) -> Sequence[sa.ColumnElement[bool]]:
    return auditoriums.c.name == name, auditoriums.c.seats == seats


async def _execute_once(connection: AsyncConnection, change: sa.Update | sa.Delete) -> None:
    if (await connection.execute(change)).rowcount == 0:
        raise PreconditionFailed("Somebody changed this auditorium meanwhile; reload the list.")
