"""Assignments of the flipped class (seed, glossary 12, 23): a recording to be watched before a class."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, UtcDateTime, insert_new, metadata
from kernel.errors import Conflict, Invalid, NotFound
from kernel.ids import new_id
from schedule.lifecycle import AHEAD, Lecture, Visibility

MOST_ASSIGNMENTS: Final = 20  # before one class

assignments = sa.Table(
    "assignments",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("lecture", Id, sa.ForeignKey("lectures.id"), nullable=False),
    sa.Column("recording", Id, sa.ForeignKey("lectures.id"), nullable=False, index=True),
    sa.Column("percent", sa.Integer, nullable=False),
    sa.Column("deadline", UtcDateTime, nullable=False, index=True),
    sa.Column("made_by", Id, sa.ForeignKey("people.id")),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("reminded_at", UtcDateTime),
    sa.UniqueConstraint("lecture", "recording"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """`percent` of the recording are to be watched by the deadline, before the class `lecture`."""

    id: UUID
    lecture: UUID
    recording: UUID
    percent: int
    deadline: datetime


async def assign(
    connection: AsyncConnection,
    lecture: Lecture,
    recording: Lecture,
    *,
    percent: int,
    deadline: datetime,
    by: UUID | None,
    at: datetime,
) -> Assignment:
    """Invalid when it makes no sense, Conflict when it is assigned already."""
    _check(lecture, recording, percent, deadline, at)
    if len(await assignments_of(connection, [lecture.id])) >= MOST_ASSIGNMENTS:
        raise Conflict(f"A class has at most {MOST_ASSIGNMENTS} recordings before it.")
    made = Assignment(
        id=new_id(),
        lecture=lecture.id,
        recording=recording.id,
        percent=percent,
        deadline=deadline,
    )
    row = {name: getattr(made, name) for name in Assignment.__slots__}
    row |= {"made_by": by, "made_at": at}
    if not await insert_new(connection, assignments, [row], key=["lecture", "recording"]):
        raise Conflict("This recording is assigned before this class already.")
    return made


async def withdraw(connection: AsyncConnection, assignment: UUID) -> None:
    """Nobody has to watch it any more; withdrawing twice is withdrawing once."""
    await connection.execute(assignments.delete().where(assignments.c.id == assignment))


async def assignment_by_id(connection: AsyncConnection, assignment: UUID) -> Assignment:
    """NotFound when there is none."""
    found = await _where(connection, assignments.c.id == assignment)
    if not found:
        raise NotFound("There is no such assignment.")
    return found[0]


async def assignments_of(
    connection: AsyncConnection, lectures: Collection[UUID]
) -> list[Assignment]:
    """What is to be watched before these classes, by deadline."""
    return await _where(connection, assignments.c.lecture.in_(lectures))


async def assignments_with(connection: AsyncConnection, recording: UUID) -> list[Assignment]:
    """Before what the recording is to be watched, by deadline."""
    return await _where(connection, assignments.c.recording == recording)


async def is_any_due(connection: AsyncConnection, *, now: datetime, until: datetime) -> bool:
    """Whether `take_due` would find something."""
    query = sa.select(assignments.c.id).where(*_is_due(now, until)).limit(1)
    return (await connection.execute(query)).first() is not None


async def take_due(
    connection: AsyncConnection, *, now: datetime, until: datetime
) -> list[Assignment]:
    """Those whose deadline comes by then, each once: other processes get others."""
    query = _select().where(*_is_due(now, until)).with_for_update(skip_locked=True)
    due = [Assignment(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001
    ids = [one.id for one in due]
    which = assignments.update().where(assignments.c.id.in_(ids))
    if ids:
        await connection.execute(which.values(reminded_at=now))
    return due


def _is_due(now: datetime, until: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    deadline = assignments.c.deadline
    return assignments.c.reminded_at.is_(None), deadline > now, deadline <= until


def _check(
    lecture: Lecture, recording: Lecture, percent: int, deadline: datetime, now: datetime
) -> None:
    if not 1 <= percent <= 100:
        raise Invalid("A threshold is a number of percent from 1 to 100.")
    if lecture.state not in AHEAD:
        raise Conflict("This lecture has begun; nothing can be watched before it any more.")
    if not recording.is_watchable:
        raise Invalid("There is no recording of this lecture.")
    is_shown = recording.visibility is not Visibility.GROUP
    if not is_shown and recording.work.course not in {None, lecture.work.course}:
        raise Invalid("This recording is of another course, whose people alone may watch it.")
    if not now < deadline <= lecture.starts_at:
        raise Invalid("A deadline lies between now and the beginning of the class.")


def _select() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(*(assignments.c[name] for name in Assignment.__slots__))


async def _where(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> list[Assignment]:
    query = _select().where(condition).order_by(assignments.c.deadline, assignments.c.id)
    rows = await connection.execute(query)
    return [Assignment(**row._mapping) for row in rows]  # noqa: SLF001 - the public name
