"""Seats: how many people will be in rooms at once, as far as rolls tell.

A class takes a seat for each learner whom it is for, and one for who teaches. One of no course is
open to everybody: nobody knows how many come, and only who teaches is counted. Classes by television
and offline packages take none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.pages import HOUSE_ZONE
from schedule.conflicts import OCCUPYING, Wanted
from schedule.enrolments import Part, enrolments
from schedule.hours import Hours
from schedule.lectures import lectures
from schedule.study_work import Mode

IN_ROOMS = (Mode.NETWORK, Mode.HYBRID)
_ZONE = ZoneInfo(HOUSE_ZONE)
SEARCHED = timedelta(hours=12)

Roll = Mapping[UUID | None, int]
"""Learners of a course by their group."""


@dataclass(frozen=True, slots=True)
class Load:
    """Seats that are taken for a time."""

    starts_at: datetime
    ends_at: datetime
    seats: int


async def seats_of(connection: AsyncConnection, wanted: Wanted) -> int:
    """How many it would take."""
    course = wanted.work.course
    if wanted.work.mode not in IN_ROOMS:
        return 0
    rolls = await _rolls(connection, [] if course is None else [course], _day(wanted))
    return _seats(rolls.get(course, {}), wanted.work.groups)


async def load_beside(
    connection: AsyncConnection,
    wanted: Wanted,
    *,
    apart_from: UUID | None = None,
    until: datetime | None = None,
) -> list[Load]:
    """What else is in rooms in the class's time, or from then on till `until`."""
    own = ("id", "starts_at", "ends_at", "course", "groups")
    query = sa.select(*(lectures.c[name] for name in own)).where(
        lectures.c.starts_at < (until or wanted.ends_at),
        lectures.c.starts_at > wanted.starts_at - timedelta(hours=12),  # the longest class
        lectures.c.ends_at > wanted.starts_at,
        lectures.c.state.in_(OCCUPYING),
        lectures.c.mode.in_(IN_ROOMS),
    )
    found = [row for row in await connection.execute(query) if row.id != apart_from]
    rolls = await _rolls(connection, {row.course for row in found if row.course}, _day(wanted))
    return [
        Load(row.starts_at, row.ends_at, _seats(rolls.get(row.course, {}), row.groups))
        for row in found
    ]


def peak(loads: Sequence[Load], starts_at: datetime, ends_at: datetime) -> int:
    """The most seats that are taken at one moment of the time."""
    inside = [one for one in loads if one.starts_at < ends_at and starts_at < one.ends_at]
    moments = {starts_at} | {one.starts_at for one in inside if one.starts_at > starts_at}
    return max(
        sum(one.seats for one in inside if one.starts_at <= at < one.ends_at) for at in moments
    )


def next_with_seats(
    loads: Sequence[Load],
    starts_at: datetime,
    ends_at: datetime,
    left: int,
    hours: Hours | None = None,
) -> datetime | None:
    """The first moment from `starts_at` on, within half a day and within the hours, at which the
    time's length has no more than `left` seats taken; None when there is none."""
    last, length = starts_at + SEARCHED, ends_at - starts_at
    ends = sorted(one.ends_at for one in loads if starts_at < one.ends_at <= last)
    for at in [starts_at, *ends]:
        is_taught = hours is None or hours.fit(at, length) == at
        if left >= 0 and is_taught and peak(loads, at, at + length) <= left:
            return at
    return None


async def _rolls(
    connection: AsyncConnection, courses: Collection[UUID], day: date
) -> dict[UUID | None, dict[UUID | None, int]]:
    query = (
        sa.select(enrolments.c.course, enrolments.c.study_group, sa.func.count().label("learners"))
        .where(
            enrolments.c.course.in_(courses),
            enrolments.c.part == Part.LEARNER,
            enrolments.c.since <= day,
            sa.or_(enrolments.c.until.is_(None), enrolments.c.until >= day),
        )
        .group_by(enrolments.c.course, enrolments.c.study_group)
    )
    rolls: dict[UUID | None, dict[UUID | None, int]] = {}
    for row in await connection.execute(query):
        rolls.setdefault(row.course, {})[row.study_group] = row.learners
    return rolls


def _seats(roll: Roll, groups: Collection[UUID]) -> int:
    is_for = [count for group, count in roll.items() if not groups or not group or group in groups]
    return 1 + sum(is_for)


def _day(wanted: Wanted) -> date:
    return wanted.starts_at.astimezone(_ZONE).date()
