"""For whom a class is: those of its course on its day, whose group it is for, and who teaches it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.pages import HOUSE_ZONE
from schedule.circle import NOBODY, Circle
from schedule.enrolments import Enrolment, circle_of, enrolments_with
from schedule.lifecycle import OVER, Lecture

_ZONE = ZoneInfo(HOUSE_ZONE)


def day_of(lecture: Lecture) -> date:
    """The university's day on which it is."""
    return lecture.starts_at.astimezone(_ZONE).date()


def is_for(lecture: Lecture, enrolled: Iterable[Enrolment]) -> bool:
    """Whether one of a person's enrolments makes it theirs."""
    day = day_of(lecture)
    return any(
        one.course == lecture.work.course and one.is_in_force(day) and one.has(lecture.work.groups)
        for one in enrolled
    )


async def audiences(
    connection: AsyncConnection, lectures: Collection[Lecture]
) -> dict[UUID, frozenset[UUID]]:
    """The people of each of the lectures, its lecturer among them."""
    courses = {one.work.course for one in lectures if one.work.course is not None}
    of_course: defaultdict[UUID, list[Enrolment]] = defaultdict(list)
    for one in await enrolments_with(connection, courses):
        of_course[one.course].append(one)
    found: dict[UUID, frozenset[UUID]] = {}
    for lecture in lectures:
        enrolled = of_course[lecture.work.course] if lecture.work.course is not None else []
        people = {one.person for one in enrolled if is_for(lecture, [one])}
        found[lecture.id] = frozenset(people | {lecture.lecturer})
    return found


async def with_circles(connection: AsyncConnection, lectures: Iterable[Lecture]) -> list[Lecture]:
    """The lectures with the people of their courses, which lists leave out; for the table of rights."""
    known: dict[tuple[UUID | None, date, bool], Circle] = {}
    filled: list[Lecture] = []
    for lecture in lectures:
        course, day, is_over = lecture.work.course, day_of(lecture), lecture.state in OVER
        if (course, day, is_over) not in known:
            known[course, day, is_over] = (
                NOBODY
                if course is None
                else await circle_of(connection, course, day, is_over=is_over)
            )
        filled.append(replace(lecture, circle=known[course, day, is_over]))
    return filled
