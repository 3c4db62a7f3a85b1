"""Auditoriums: how many people they seat, and which of them are free at a time.

A class names its auditorium freely; one that is not in the list has a size that nobody knows.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import metadata
from kernel.errors import Invalid
from kernel.lines import one_line
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


async def list_auditoriums(connection: AsyncConnection) -> dict[str, int]:
    """The seats of each, by name."""
    rows = await connection.execute(sa.select(auditoriums).order_by(auditoriums.c.name))
    return {row.name: row.seats for row in rows}


async def set_auditoriums(connection: AsyncConnection, wanted: Mapping[str, int]) -> dict[str, int]:
    """Replace the list; Invalid when a size makes no sense."""
    if not all(1 <= seats <= MOST_SEATS for seats in wanted.values()):
        raise Invalid(f"An auditorium has from 1 to {MOST_SEATS} seats.")
    kept = {one_line(name, "A name", 100): seats for name, seats in sorted(wanted.items())}
    rows = [{"name": name, "seats": seats} for name, seats in kept.items()]
    await connection.execute(auditoriums.delete())
    for start in range(0, len(rows), _AT_ONCE):
        await connection.execute(auditoriums.insert(), rows[start : start + _AT_ONCE])
    return kept


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
