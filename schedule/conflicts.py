"""Conflicts: what else is there at a class's time that it can't be beside, and when it could be.

One lecturer, one group and one auditorium are at one class at a time; a channel has one at a time,
and none while its plan has something else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people
from kernel.errors import Conflict
from kernel.languages import SOURCE
from kernel.sentence import Sentence, sentence
from schedule.channels import programmes_between
from schedule.courses import list_groups
from schedule.hours import Hours, hours_for
from schedule.lectures import lectures
from schedule.lifecycle import LectureState
from schedule.study_work import StudyWork
from schedule.work_columns import has_group

OCCUPYING = (LectureState.PLANNED, LectureState.OPEN, LectureState.LIVE)
SEARCHED = timedelta(days=14)  # for a free time to propose
_MOST = 2000  # classes looked at
_SHARED = ("groups", "auditorium", "channel")
_SENTENCES = {
    "lecturer": "{name} teaches “{title}” from {begins} to {ends} ({zone}); "
    "the next free time is {free}.",
    "group": "The group {name} has “{title}” from {begins} to {ends} ({zone}); "
    "the next free time is {free}.",
    "auditorium": "The auditorium {name} is taken by “{title}” from {begins} to {ends} ({zone}); "
    "the next free time is {free}.",
    "channel": "The channel {name} has “{title}” from {begins} to {ends} ({zone}); "
    "the next free time is {free}.",
}


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
    channel: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A programme of a channel's plan."""

    title: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Clash:
    """What is in the way, and the next time at which nothing is."""

    code: str  # lecturer, group, auditorium or channel
    message: Sentence
    free_at: datetime


async def check_is_free(
    connection: AsyncConnection, wanted: Wanted, zone: tzinfo, *, apart_from: UUID | None = None
) -> None:
    """Conflict says who or what is taken by which class, and proposes the next free time."""
    for clash in await clashes(connection, wanted, zone, apart_from=apart_from):
        raise Conflict(clash.message)


async def clashes(
    connection: AsyncConnection, wanted: Wanted, zone: tzinfo, *, apart_from: UUID | None = None
) -> list[Clash]:
    """All that is in the way, in order of time."""
    found = [one for one in await busy_beside(connection, wanted) if one.id != apart_from]
    shown = await _shown_beside(connection, wanted, apart_from)
    taken: list[Busy | Shown] = [*found, *shown]
    if not any(one.starts_at < wanted.ends_at for one in taken):
        return []
    free_at = await _free_at(connection, taken, wanted)
    told: list[Clash] = []
    for one in taken:
        if one.starts_at < wanted.ends_at:
            code, name = await _taken(connection, one, wanted)
            told.append(Clash(code, _told(one, free_at, zone, code=code, name=name), free_at))
    return told


async def busy_beside(connection: AsyncConnection, wanted: Wanted) -> list[Busy]:
    """What takes the same lecturer, group or auditorium from the class's time on, by start."""
    name = people.c.name.label("lecturer_name")
    own = (lectures.c[n] for n in ("id", "title", "lecturer", "starts_at", "ends_at"))
    query = (
        sa.select(*own, name, *(lectures.c[n] for n in _SHARED))
        .join(people, lectures.c.lecturer == people.c.id)
        .where(
            lectures.c.starts_at < wanted.ends_at + SEARCHED,
            lectures.c.starts_at > wanted.starts_at - timedelta(hours=12),  # the longest class
            lectures.c.ends_at > wanted.starts_at,
            lectures.c.state.in_(OCCUPYING),
            sa.or_(*_sharing(wanted)),
        )
        .order_by(lectures.c.starts_at, lectures.c.id)
        .limit(_MOST)
    )
    return [Busy(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001


def next_free(
    busy: Iterable[tuple[datetime, datetime]],
    start: datetime,
    length: timedelta,
    hours: Hours | None = None,
) -> datetime:
    """The first moment from `start` on at which `length` fits between the busy times, and into the
    hours if there are some."""
    start = hours.fit(start, length) if hours else start
    for begins, ends in sorted(busy):
        if start + length <= begins:
            break
        start = max(start, ends)
        start = hours.fit(start, length) if hours else start
    return start


async def _free_at(
    connection: AsyncConnection, taken: Iterable[Busy | Shown], wanted: Wanted
) -> datetime:
    day = wanted.starts_at.date()
    hours = await hours_for(connection, wanted.work.course, day, day + 2 * SEARCHED)
    times = ((one.starts_at, one.ends_at) for one in taken)
    return next_free(times, wanted.starts_at, wanted.ends_at - wanted.starts_at, hours)


def _sharing(wanted: Wanted) -> Iterable[sa.ColumnElement[bool]]:
    yield lectures.c.lecturer == wanted.lecturer
    for group in wanted.work.groups:
        yield has_group(lectures.c.groups, group)
    if wanted.work.auditorium is not None:
        yield lectures.c.auditorium == wanted.work.auditorium
    if wanted.work.channel is not None:
        yield lectures.c.channel == wanted.work.channel


async def _shown_beside(
    connection: AsyncConnection, wanted: Wanted, apart_from: UUID | None
) -> list[Shown]:
    """What the channel's plan has from the class's time on, apart from the class itself."""
    if wanted.work.channel is None:
        return []
    found = await programmes_between(
        connection, wanted.work.channel, wanted.starts_at, wanted.ends_at + SEARCHED
    )
    return [
        Shown(one.title(SOURCE), one.starts_at, one.ends_at)
        for one in found
        if not one.source.slate
        and (one.source.live is None or one.source.live.lecture != apart_from)
    ]


def _told(one: Busy | Shown, free_at: datetime, zone: tzinfo, *, code: str, name: str) -> Sentence:
    begins, ends = one.starts_at.astimezone(zone), one.ends_at.astimezone(zone)
    return sentence(
        _SENTENCES[code],
        name=name,
        title=one.title,
        begins=f"{begins:%Y-%m-%d %H:%M}",
        ends=f"{ends:%H:%M}",
        zone=zone,
        free=f"{free_at.astimezone(zone):%Y-%m-%d %H:%M}",
    )


async def _taken(
    connection: AsyncConnection, clash: Busy | Shown, wanted: Wanted
) -> tuple[str, str]:
    """By what the two meet: its code, and the name of who or what is taken."""
    if isinstance(clash, Busy):
        shared = set(clash.groups) & set(wanted.work.groups)
        if clash.lecturer == wanted.lecturer:
            return "lecturer", clash.lecturer_name
        if shared:
            return "group", (await list_groups(connection, ids=shared))[0].name
        if clash.auditorium is not None and clash.auditorium == wanted.work.auditorium:
            return "auditorium", clash.auditorium
    return "channel", wanted.work.channel or ""
