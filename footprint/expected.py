"""For whom a lecture was. Absence is no fact: it follows, at each look, from who was expected."""

from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.purposes import Purpose, is_collected, is_on, switches
from kernel.pages import HOUSE_ZONE
from schedule.enrolments import Enrolment, Part, enrolments_of, learners_on
from schedule.lectures import lectures
from schedule.lifecycle import Lecture

_HOUSE_ZONE: Final = ZoneInfo(HOUSE_ZONE)
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)


async def expected_at(connection: AsyncConnection, lecture: Lecture) -> frozenset[UUID]:
    """The learners of its course and groups on its day; nobody at one that was not taught, that is open
    to all, or that began while attendance was not recorded: who is not seen is not absent then."""
    course, day = lecture.work.course, day_of(lecture.starts_at)
    if course is None or lecture.started_at is None:
        return frozenset()
    if not await is_collected(connection, Purpose.ATTENDANCE, lecture.started_at):
        return frozenset()
    return await learners_on(connection, course, lecture.work.groups, day) - {lecture.lecturer}


def staff_of(lecture: Lecture) -> frozenset[UUID]:
    """Who teaches there and who helps: what a class is judged by is not about them."""
    return lecture.circle.lecturers | lecture.circle.helpers | {lecture.lecturer}


async def expected_of(connection: AsyncConnection, person: UUID) -> frozenset[UUID]:
    """The lectures that were taught and at which the person was expected."""
    enrolled = await all_enrolments_of(connection, person)
    learning = [one for one in enrolled if one.part is Part.LEARNER]
    columns = lectures.c
    known = await switches(connection)
    wanted = (columns.id, columns.course, columns.groups, columns.starts_at, columns.started_at)
    query = sa.select(*wanted).where(
        columns.course.in_({one.course for one in learning}),
        columns.started_at.is_not(None),
        columns.lecturer != person,
    )
    return frozenset(
        row.id
        for row in await connection.execute(query)
        for one in learning
        if one.course == row.course
        and is_on(known, Purpose.ATTENDANCE, row.started_at)
        and one.is_in_force(day_of(row.starts_at))
        and one.has(row.groups)
    )


async def all_enrolments_of(connection: AsyncConnection, person: UUID) -> list[Enrolment]:
    """Whenever they hold."""
    return await enrolments_of(connection, person, _FIRST_DAY, _LAST_DAY)


def day_of(moment: datetime) -> date:
    """The university's day, by which enrolments hold."""
    return moment.astimezone(_HOUSE_ZONE).date()
