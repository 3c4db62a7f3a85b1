"""Volunteer hours: how long digital volunteers and tutors were in the rooms of the courses that name
them (seed, glossary 39, 40). A projection of presence; several tabs at once count once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Span
from footprint.helping import HELPERS, THERE, time_there
from footprint.presence import presence
from identity.people import people
from kernel.pages import HOUSE_ZONE
from schedule.courses import courses
from schedule.enrolments import Part, enrolments
from schedule.lectures import lectures

_ZONE = ZoneInfo(HOUSE_ZONE)


class Volunteering(msgspec.Struct, frozen=True, kw_only=True):
    """What one person helped in one course. Hours are of the clock."""

    person: UUID
    name: str
    part: Part
    course: UUID
    course_key: str
    course_title: str
    faculty: str | None
    lectures: int
    hours: float


async def volunteering(connection: AsyncConnection, first: date, last: date) -> list[Volunteering]:
    """In the lectures of the university's days from `first` to `last`; by name, then by course."""
    after = last + timedelta(days=1)
    since, until = (datetime.combine(day, time(0), _ZONE) for day in (first, after))
    query = (
        sa.select(
            presence.c.person,
            presence.c.lecture,
            presence.c.began_at,
            presence.c.ended_at,
            lectures.c.starts_at,
            enrolments.c.part,
            enrolments.c.since,
            enrolments.c.until,
            people.c.name,
            courses.c.id.label("course"),
            courses.c.key.label("course_key"),
            courses.c.title.label("course_title"),
            courses.c.faculty,
        )
        .join(lectures, presence.c.lecture == lectures.c.id)
        .join(courses, lectures.c.course == courses.c.id)
        .join(
            enrolments,
            sa.and_(
                enrolments.c.course == courses.c.id,
                enrolments.c.person == presence.c.person,
                enrolments.c.part.in_(HELPERS),
            ),
        )
        .join(people, presence.c.person == people.c.id)
        .where(
            lectures.c.starts_at >= since,
            lectures.c.starts_at < until,
            presence.c.channel.in_(THERE),
            presence.c.ended_at.is_not(None),
        )
    )
    rows = [row for row in await connection.execute(query) if _is_in_force(row)]
    return sorted(_sums(rows), key=lambda one: (one.name.casefold(), one.person, one.course_key))


def _is_in_force(row: Any) -> bool:
    day = row.starts_at.astimezone(_ZONE).date()
    return bool(row.since <= day and (row.until is None or row.until >= day))


def _sums(rows: Iterable[Any]) -> Iterable[Volunteering]:
    gathered: defaultdict[tuple[UUID, UUID, str], list[Any]] = defaultdict(list)
    for row in rows:
        gathered[row.person, row.course, row.part].append(row)
    for (person, course, part), theirs in gathered.items():
        stays: defaultdict[UUID, list[Span]] = defaultdict(list)
        for row in theirs:
            stays[row.lecture].append(Span(row.began_at, row.ended_at))
        yield Volunteering(
            person=person,
            name=theirs[0].name,
            part=Part(part),
            course=course,
            course_key=theirs[0].course_key,
            course_title=theirs[0].course_title,
            faculty=theirs[0].faculty,
            lectures=len(stays),
            hours=_hours(stays),
        )


def _hours(stays: Mapping[UUID, list[Span]]) -> float:
    lengths = (time_there(spans) for spans in stays.values())
    return round(sum(lengths, timedelta()) / timedelta(hours=1), 2)
