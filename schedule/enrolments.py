"""Enrolments: who belongs to a course, as what, from which day to which.

A person may be enrolled again after a break, never twice at a time in one part. What follows for
the course's lectures is a `Circle`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum, auto
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people
from identity.rights import Viewer
from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import Conflict, Invalid, NotFound
from kernel.ids import new_id
from kernel.lines import maybe_line
from kernel.sentence import sentence
from schedule.circle import Circle
from schedule.courses import (
    check_groups,
    coordinators_of,
    course_by_id,
    courses,
    study_groups,
)

CATEGORIES = range(1, 14)  # of learners, numbered as in clause 1.9 of the rules
_LONGEST_BASIS, _LONGEST_ORGANISATION = 300, 200  # characters

enrolments = sa.Table(
    "enrolments",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("course", Id, sa.ForeignKey("courses.id"), nullable=False),
    sa.Column("person", Id, sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("part", sa.String(10), nullable=False),
    sa.Column("study_group", Id, sa.ForeignKey("study_groups.id")),
    sa.Column("category", sa.Integer),
    sa.Column("legal_basis", sa.String(_LONGEST_BASIS)),
    sa.Column("organisation", sa.String(_LONGEST_ORGANISATION)),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("until", sa.Date),  # the last day; null: for as long as the course runs
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("course", "person", "part", "since"),
)


class Part(StrEnum):
    """What someone is in a course."""

    LEARNER = auto()
    LECTURER = auto()
    TUTOR = auto()
    VOLUNTEER = auto()


_ENROLLED: Final = {
    Part.LEARNER: "This person is enrolled as learner from {since} already.",
    Part.LECTURER: "This person is enrolled as lecturer from {since} already.",
    Part.TUTOR: "This person is enrolled as tutor from {since} already.",
    Part.VOLUNTEER: "This person is enrolled as volunteer from {since} already.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One person in one course for a time."""

    id: UUID
    course: UUID
    person: UUID
    part: Part = Part.LEARNER
    study_group: UUID | None = None
    category: int | None = None  # a number of clause 1.9; learners only
    legal_basis: str | None = None  # the decision or document behind the category
    organisation: str | None = None  # home university, when it is another
    since: date
    until: date | None = None
    changed_at: datetime

    def has(self, groups: Collection[UUID]) -> bool:
        """Whether a class of the course that is for these groups is for this person."""
        is_of_one = self.part is Part.LEARNER and self.study_group is not None
        return not groups or not is_of_one or self.study_group in groups

    def is_in_force(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Member:
    """An enrolment with the names that lists show."""

    enrolment: Enrolment
    login: str
    name: str
    group: str | None  # its key


def check_enrolment(enrolment: Enrolment) -> Enrolment:
    """With its texts trimmed; Invalid says what is wrong with it."""
    if enrolment.until is not None and enrolment.until < enrolment.since:
        raise Invalid("An enrolment ends after it begins.")
    if not (1900 < enrolment.since.year < 2200):
        raise Invalid("This time lies outside of the calendar.")
    checked = replace(
        enrolment,
        legal_basis=maybe_line(enrolment.legal_basis, "A legal basis", _LONGEST_BASIS),
        organisation=maybe_line(enrolment.organisation, "An organisation", _LONGEST_ORGANISATION),
    )
    if checked.category is not None:
        _check_category(checked)
    return checked


def _check_category(enrolment: Enrolment) -> None:
    if enrolment.category not in CATEGORIES:
        most = CATEGORIES[-1]
        raise Invalid(sentence("A learner's category is a number from 1 to {most}.", most=most))
    if enrolment.part is not Part.LEARNER:
        raise Invalid("Only learners have a category.")
    if enrolment.legal_basis is None:
        raise Invalid("A category has a legal basis; name the decision or document.")


async def enrol(connection: AsyncConnection, wanted: Enrolment) -> Enrolment:
    """Add it under an id of its own; Conflict when the person is enrolled in these days already."""
    enrolment = check_enrolment(replace(wanted, id=new_id()))
    await course_by_id(connection, enrolment.course)
    await _check_is_sound(connection, enrolment)
    await connection.execute(enrolments.insert().values(_row(enrolment)))
    return enrolment


async def change_enrolment(connection: AsyncConnection, wanted: Enrolment) -> Enrolment:
    """Put it in the place of the one before; Conflict as in `enrol`."""
    enrolment = check_enrolment(wanted)
    await _check_is_sound(connection, enrolment)
    which = enrolments.c.id == enrolment.id
    await connection.execute(enrolments.update().where(which).values(_row(enrolment)))
    return enrolment


async def enrolment_by_id(connection: AsyncConnection, enrolment_id: UUID) -> Enrolment:
    """NotFound when there is none."""
    query = sa.select(enrolments).where(enrolments.c.id == enrolment_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such enrolment.")
    return _enrolment(row)


async def members_of(connection: AsyncConnection, course: UUID) -> list[Member]:
    """Everybody who is or was enrolled: those who teach first, then by name."""
    query = (
        sa.select(enrolments, people.c.login, people.c.name, study_groups.c.key.label("group_key"))
        .join(people, enrolments.c.person == people.c.id)
        .join(study_groups, enrolments.c.study_group == study_groups.c.id, isouter=True)
        .where(enrolments.c.course == course)
    )
    found = [_member(row) for row in await connection.execute(query)]
    return sorted(found, key=lambda one: (one.enrolment.part == Part.LEARNER, one.name.casefold()))


async def enrolments_of(
    connection: AsyncConnection, person: UUID, day: date, last: date | None = None
) -> list[Enrolment]:
    """Those of a person that are in force on the day, or on one of the days from it to `last`."""
    query = sa.select(enrolments).where(
        enrolments.c.person == person,
        enrolments.c.since <= (last or day),
        sa.or_(enrolments.c.until.is_(None), enrolments.c.until >= day),
    )
    return [_enrolment(row) for row in await connection.execute(query)]


async def enrolments_with(
    connection: AsyncConnection, courses: Collection[UUID], people: Collection[UUID] | None = None
) -> list[Enrolment]:
    """Of the courses, or of some people in them, whenever they are in force."""
    query = sa.select(enrolments).where(enrolments.c.course.in_(courses))
    if people is not None:
        query = query.where(enrolments.c.person.in_(people))
    return [_enrolment(row) for row in await connection.execute(query)]


async def circle_of(
    connection: AsyncConnection,
    course: UUID,
    day: date,
    *,
    is_over: bool = False,
    viewer: Viewer | None = None,
) -> Circle:
    """The people of the course on the day of one of its lectures. With `is_over` those who came
    later are in it too: a recording is for them as well. For a viewer, of the learners only they
    themselves."""
    query = sa.select(enrolments.c.person, enrolments.c.part).where(
        enrolments.c.course == course,
        sa.or_(enrolments.c.until.is_(None), enrolments.c.until >= day),
    )
    if not is_over:
        query = query.where(enrolments.c.since <= day)
    if viewer is not None:
        is_them = enrolments.c.person == viewer.person_id
        query = query.where(sa.or_(enrolments.c.part != Part.LEARNER, is_them))
    rows = (await connection.execute(query)).all()
    faculty = sa.select(courses.c.faculty).where(courses.c.id == course)
    return _circle(
        rows, await coordinators_of(connection, (await connection.execute(faculty)).scalar())
    )


def _circle(rows: Iterable[Any], coordinators: frozenset[UUID]) -> Circle:
    of_part: dict[str, set[UUID]] = {part: set() for part in Part}
    for person, part in rows:
        of_part[part].add(person)
    return Circle(
        roll=frozenset().union(*of_part.values()),
        lecturers=frozenset(of_part[Part.LECTURER]),
        helpers=frozenset(of_part[Part.TUTOR] | of_part[Part.VOLUNTEER]),
        coordinators=coordinators,
    )


async def count_learners(
    connection: AsyncConnection, ids: Collection[UUID], day: date
) -> dict[UUID, int]:
    """How many learners each of the courses has on the day."""
    query = (
        sa.select(enrolments.c.course, sa.func.count().label("learners"))
        .where(
            enrolments.c.course.in_(ids),
            enrolments.c.part == Part.LEARNER,
            enrolments.c.since <= day,
            sa.or_(enrolments.c.until.is_(None), enrolments.c.until >= day),
        )
        .group_by(enrolments.c.course)
    )
    return {row.course: row.learners for row in await connection.execute(query)}


async def learners_on(
    connection: AsyncConnection, course: UUID, groups: Collection[UUID], day: date
) -> frozenset[UUID]:
    """The learners for whom a class of the course is that day; no groups: it is for all."""
    query = sa.select(enrolments).where(
        enrolments.c.course == course,
        enrolments.c.part == Part.LEARNER,
        enrolments.c.since <= day,
        sa.or_(enrolments.c.until.is_(None), enrolments.c.until >= day),
    )
    found = map(_enrolment, await connection.execute(query))
    return frozenset(one.person for one in found if one.has(groups))


async def _check_is_sound(connection: AsyncConnection, enrolment: Enrolment) -> None:
    if enrolment.study_group is not None:
        await check_groups(connection, [enrolment.study_group])
    someone = sa.select(people.c.id).where(people.c.id == enrolment.person)
    if (await connection.execute(someone)).one_or_none() is None:
        raise Invalid("There is no such person.")
    query = sa.select(enrolments.c.since).where(
        enrolments.c.course == enrolment.course,
        enrolments.c.person == enrolment.person,
        enrolments.c.part == enrolment.part,
        enrolments.c.id != enrolment.id,
        sa.or_(enrolments.c.until.is_(None), enrolments.c.until >= enrolment.since),
    )
    if enrolment.until is not None:
        query = query.where(enrolments.c.since <= enrolment.until)
    since = (await connection.execute(query)).scalars().first()
    if since is not None:
        raise Conflict(sentence(_ENROLLED[enrolment.part], since=since))


def _member(row: Any) -> Member:
    return Member(_enrolment(row), row.login, row.name, row.group_key)


def _enrolment(row: Any) -> Enrolment:
    values = {column.name: getattr(row, column.name) for column in enrolments.c}
    return Enrolment(**{**values, "part": Part(values["part"])})


def _row(enrolment: Enrolment) -> dict[str, Any]:
    return {column.name: getattr(enrolment, column.name) for column in enrolments.c}
