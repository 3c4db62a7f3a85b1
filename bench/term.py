"""A term of a large university, drawn: its people, courses, rolls, and a sheet of its classes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people
from identity.rights import Role
from schedule.academic import Period, add_period
from schedule.courses import courses, study_groups
from schedule.enrolments import Part, enrolments

FIRST: Final = date(2026, 9, 7)  # a Monday
NOW: Final = datetime(2026, 9, 1, 4, tzinfo=UTC)
WEEKS, DAYS, HOURS = 15, 6, 9
LECTURERS, GROUPS, COURSES, HALLS = 240, 320, 640, 160
LEARNERS, OF_A_GROUP = 8_000, 25
LARGEST_ROLL = 1_000  # of the course number 0
_NAMES: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Slot:
    """One class of the sheet: its number, and when it is."""

    number: int
    starts_at: datetime
    ends_at: datetime


def id_of(what: str, number: int) -> UUID:
    return uuid5(_NAMES, f"{what} {number}")


async def add_people_and_courses(connection: AsyncConnection) -> None:
    """All that the classes name; passwords nobody has."""
    await add_period(
        connection,
        Period(
            id=_NAMES,
            calendar="university",
            name="Autumn term",
            starts_on=FIRST,
            ends_on=FIRST + timedelta(weeks=WEEKS, days=-1),
        ),
    )
    teaching = [_person("t", n, Role.LECTURER) for n in range(LECTURERS)]
    learning = [_person("s", n, Role.STUDENT) for n in range(LEARNERS)]
    await connection.execute(people.insert(), teaching + learning)
    await connection.execute(study_groups.insert(), [_group(n) for n in range(GROUPS)])
    await connection.execute(courses.insert(), [_course(n) for n in range(COURSES)])
    await connection.execute(enrolments.insert(), list(_enrolments()))


def slots(classes: int) -> Iterator[Slot]:
    """The classes of the term, evenly over its hours: 90 minutes, so that hours do not touch."""
    hours = WEEKS * DAYS * HOURS
    for number in range(classes):
        at = number % hours
        day = FIRST + timedelta(days=at // (DAYS * HOURS) * 7 + at // HOURS % DAYS)
        starts_at = datetime.combine(day, time(3), UTC) + timedelta(minutes=100 * (at % HOURS))
        yield Slot(number, starts_at, starts_at + timedelta(minutes=90))


def sheet(classes: int) -> bytes:
    """As the student system would export it: nobody and nothing is at two classes at once."""
    lines = ["key,title,lecturer,starts_at,ends_at,course,groups,kind,auditorium"]
    for slot in slots(classes):
        side = slot.number // (WEEKS * DAYS * HOURS)  # which of those at once
        turn = slot.number * 7 % 40
        lines.append(
            f"c{slot.number},Class {slot.number % COURSES},t{(side * 6 + turn) % LECTURERS},"
            f"{slot.starts_at:%Y-%m-%dT%H:%MZ},{slot.ends_at:%Y-%m-%dT%H:%MZ},"
            f"course{slot.number % COURSES},g{(side * 8 + turn) % GROUPS},lecture,"
            f"Hall {(side * 4 + turn) % HALLS}"
        )
    return "\n".join(lines).encode()


def _person(kind: str, number: int, role: Role) -> dict[str, Any]:
    login = f"{kind}{number}"
    return {
        "id": id_of(kind, number),
        "login": login,
        "login_key": login,
        "name": f"Person {login}",
        "roles": [role],
        "created_at": NOW,
    }


def _group(number: int) -> dict[str, Any]:
    key = f"g{number}"
    return {"id": id_of("g", number), "key": key, "name": f"Group {number}"}


def _course(number: int) -> dict[str, Any]:
    return {
        "id": id_of("course", number),
        "key": f"course{number}",
        "title": f"Course {number}",
        "summary": "",
        "faculty": f"Faculty {number % 16}",
        "revision": 1,
        "created_at": NOW,
    }


def _enrolments() -> Iterator[dict[str, Any]]:
    for course in range(COURSES):
        size = LARGEST_ROLL if course == 0 else 2 * OF_A_GROUP
        for one in range(size):
            learner = (course * 2 * OF_A_GROUP + one) % LEARNERS
            group = learner // OF_A_GROUP
            yield _enrolment(course, id_of("s", learner), Part.LEARNER, id_of("g", group))
        yield _enrolment(course, id_of("t", course % LECTURERS), Part.LECTURER, None)


def _enrolment(course: int, person: UUID, part: Part, group: UUID | None) -> dict[str, Any]:
    return {
        "id": uuid5(person, f"{course}"),
        "course": id_of("course", course),
        "person": person,
        "part": part,
        "study_group": group,
        "since": FIRST - timedelta(days=7),
        "changed_at": NOW,
    }
