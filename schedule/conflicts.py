"""Conflicts: what else is there at a class's time that it can't be beside, and when it could be.

One lecturer, one group and one auditorium are at one class at a time.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people
from kernel.errors import Conflict
from schedule.courses import list_groups
from schedule.lectures import lectures
from schedule.lifecycle import LectureState
from schedule.study_work import StudyWork
from schedule.work_columns import has_group

_OCCUPYING = (LectureState.PLANNED, LectureState.OPEN, LectureState.LIVE)
SEARCHED = timedelta(days=14)  # for a free time to propose
_MOST = 2000  # classes looked at


class Wanted(Protocol):
    """When and what a class shall be."""

    @property
    def lecturer(self) -> UUID: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def work(self) -> StudyWork: ...


@dataclass(frozen=True, slots=True)
class Busy:
    """A class that takes something that another one needs too."""

    id: UUID
    title: str
    lecturer: UUID
    lecturer_name: str
    starts_at: datetime
    ends_at: datetime
    groups: tuple[UUID, ...]
    auditorium: str | None


async def check_is_free(
    connection: AsyncConnection, wanted: Wanted, zone: tzinfo, *, apart_from: UUID | None = None
) -> None:
    """Conflict says who or what is taken by which class, and proposes the next free time."""
    others = [one for one in await busy_beside(connection, wanted) if one.id != apart_from]
    clash = next((one for one in others if one.starts_at < wanted.ends_at), None)
    if clash is not None:
        raise Conflict(await _explained(connection, clash, others, wanted, zone))


async def busy_beside(connection: AsyncConnection, wanted: Wanted) -> list[Busy]:
    """What takes the same lecturer, group or auditorium from the class's time on, by start."""
    name = people.c.name.label("lecturer_name")
    own = (lectures.c[n] for n in ("id", "title", "lecturer", "starts_at", "ends_at"))
    query = (
        sa.select(*own, name, lectures.c.groups, lectures.c.auditorium)
        .join(people, lectures.c.lecturer == people.c.id)
        .where(
            lectures.c.starts_at < wanted.ends_at + SEARCHED,
            lectures.c.starts_at > wanted.starts_at - timedelta(hours=12),  # the longest class
            lectures.c.ends_at > wanted.starts_at,
            lectures.c.state.in_(_OCCUPYING),
            sa.or_(*_sharing(wanted)),
        )
        .order_by(lectures.c.starts_at, lectures.c.id)
        .limit(_MOST)
    )
    return [Busy(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001


def next_free(
    busy: Iterable[tuple[datetime, datetime]], start: datetime, length: timedelta
) -> datetime:
    """The first moment from `start` on at which `length` fits between the busy times."""
    for begins, ends in sorted(busy):
        if start + length <= begins:
            break
        start = max(start, ends)
    return start


def _sharing(wanted: Wanted) -> Iterable[sa.ColumnElement[bool]]:
    yield lectures.c.lecturer == wanted.lecturer
    for group in wanted.work.groups:
        yield has_group(lectures.c.groups, group)
    if wanted.work.auditorium is not None:
        yield lectures.c.auditorium == wanted.work.auditorium


async def _explained(
    connection: AsyncConnection,
    clash: Busy,
    others: Collection[Busy],
    wanted: Wanted,
    zone: tzinfo,
) -> str:
    busy = ((other.starts_at, other.ends_at) for other in others)
    free = next_free(busy, wanted.starts_at, wanted.ends_at - wanted.starts_at).astimezone(zone)
    begins, ends = clash.starts_at.astimezone(zone), clash.ends_at.astimezone(zone)
    return (
        f"{await _taken(connection, clash, wanted)} from {begins:%Y-%m-%d %H:%M} to "
        f"{ends:%H:%M} ({zone}); the next free time is {free:%Y-%m-%d %H:%M}."
    )


async def _taken(connection: AsyncConnection, clash: Busy, wanted: Wanted) -> str:
    """Who or what is taken, as the beginning of a sentence."""
    if clash.lecturer == wanted.lecturer:
        return f"{clash.lecturer_name} teaches “{clash.title}”"
    shared = set(clash.groups) & set(wanted.work.groups)
    if shared:
        group = (await list_groups(connection, ids=shared))[0]
        return f"The group {group.name} has “{clash.title}”"
    return f"The auditorium {clash.auditorium} is taken by “{clash.title}”"
