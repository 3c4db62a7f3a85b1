"""Courses, the groups that study together, and which faculties a coordinator looks after.

A course and a group have a key: what the university's own system calls them, in any case. Imports
find them by it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from kernel.ids import new_id
from kernel.lines import maybe_line, one_line
from kernel.sentence import sentence

_TAKEN = "The key {key} is taken."
LONGEST_KEY, LONGEST_SUMMARY, MOST_CREDITS = 60, 20_000, 240

courses = sa.Table(
    "courses",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("key", sa.String(LONGEST_KEY), nullable=False, unique=True),
    sa.Column("title", sa.String(300), nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("faculty", sa.String(100), index=True),
    sa.Column("credits", sa.Integer),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("calendar", sa.String(40)),  # a key; None: see `schedule.rhythm`
)

study_groups = sa.Table(
    "study_groups",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("key", sa.String(LONGEST_KEY), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("faculty", sa.String(100)),
)

coordinator_scopes = sa.Table(
    "coordinator_scopes",
    metadata,
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("faculty", sa.String(100), primary_key=True),
    sa.Index(None, "faculty"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A subject as it is taught to certain people."""

    id: UUID
    key: str
    title: str
    created_at: datetime
    summary: str = ""
    faculty: str | None = None
    credits: int | None = None
    revision: int = 1
    calendar: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People who study together, in several courses."""

    id: UUID
    key: str
    name: str
    faculty: str | None = None


def key_of(text: str) -> str:
    """What makes two keys the same; Invalid when it is none."""
    return one_line(text, "A key", LONGEST_KEY).casefold()


def check_course(course: Course) -> Course:
    """With its texts trimmed; Invalid says what is wrong with it."""
    if course.credits is not None and not 0 <= course.credits <= MOST_CREDITS:
        raise Invalid(sentence("Credits are a number from 0 to {most}.", most=MOST_CREDITS))
    if len(course.summary) > LONGEST_SUMMARY or "\0" in course.summary:
        told = sentence("A summary has at most {most} characters.", most=LONGEST_SUMMARY)
        raise Invalid(told)
    return replace(
        course,
        key=key_of(course.key),
        title=one_line(course.title, "A title", 300),
        summary=course.summary.strip(),
        faculty=maybe_line(course.faculty, "A faculty", 100),
        calendar=maybe_line(course.calendar, "A calendar's key", 40),
    )


async def add_course(connection: AsyncConnection, wanted: Course) -> Course:
    """Add it under an id of its own; Conflict when its key is taken."""
    course = check_course(replace(wanted, id=new_id(), revision=1))
    await _insert(connection, courses, _row(courses, course), course.key)
    return course


async def change_course(connection: AsyncConnection, wanted: Course) -> Course:
    """Save it if the saved one still is at `wanted.revision`, else PreconditionFailed."""
    course = replace(check_course(wanted), revision=wanted.revision + 1)
    which = courses.c.id == course.id, courses.c.revision == wanted.revision
    try:
        async with connection.begin_nested():
            done = await connection.execute(
                courses.update().where(*which).values(_row(courses, course))
            )
    except IntegrityError as error:
        raise Conflict(sentence(_TAKEN, key=course.key)) from error
    if done.rowcount == 0:
        raise PreconditionFailed("Somebody changed this course meanwhile; reload it.")
    return course


async def course_by_id(connection: AsyncConnection, course_id: UUID) -> Course:
    """NotFound when there is none."""
    query = sa.select(courses).where(courses.c.id == course_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such course.")
    return _course(row)


async def course_by_key(connection: AsyncConnection, key: str) -> Course:
    """NotFound when there is none."""
    query = sa.select(courses).where(courses.c.key == key_of(key))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no course {key_of(key)}.")
    return _course(row)


async def courses_by_ids(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Course]:
    """Those of the ids that exist."""
    rows = await connection.execute(sa.select(courses).where(courses.c.id.in_(ids)))
    return {row.id: _course(row) for row in rows}


async def list_courses(
    connection: AsyncConnection,
    *,
    faculty: str | None = None,
    ids: Collection[UUID] | None = None,
    limit: int = 500,
    after: str | None = None,
) -> list[Course]:
    """By key, from behind the key `after`."""
    query = sa.select(courses).order_by(courses.c.key).limit(limit)
    if faculty is not None:
        query = query.where(courses.c.faculty == faculty)
    if ids is not None:
        query = query.where(courses.c.id.in_(ids))
    if after is not None:
        query = query.where(courses.c.key > after)
    return [_course(row) for row in await connection.execute(query)]


async def add_group(connection: AsyncConnection, wanted: Group) -> Group:
    """Add it under an id of its own; Conflict when its key is taken."""
    group = replace(
        wanted,
        id=new_id(),
        key=key_of(wanted.key),
        name=one_line(wanted.name, "A name", 200),
        faculty=maybe_line(wanted.faculty, "A faculty", 100),
    )
    row = _row(study_groups, group)
    await _insert(connection, study_groups, row, group.key)
    return group


async def list_groups(
    connection: AsyncConnection, *, ids: Collection[UUID] | None = None
) -> list[Group]:
    """By key."""
    query = sa.select(study_groups).order_by(study_groups.c.key)
    if ids is not None:
        query = query.where(study_groups.c.id.in_(ids))
    rows = await connection.execute(query)
    return [Group(**row._mapping) for row in rows]  # noqa: SLF001 - the public name


async def check_groups(connection: AsyncConnection, ids: Collection[UUID]) -> None:
    """Invalid when one of them is not there."""
    if ids and len(await list_groups(connection, ids=ids)) < len(set(ids)):
        raise Invalid("There is no such group.")


async def scope_of(connection: AsyncConnection, person: UUID) -> list[str]:
    """The faculties that a coordinator looks after; none: all that nobody else does."""
    query = sa.select(coordinator_scopes.c.faculty).where(coordinator_scopes.c.person == person)
    return list((await connection.execute(query.order_by(sa.text("1")))).scalars())


async def set_scope(
    connection: AsyncConnection, person: UUID, faculties: Iterable[str]
) -> list[str]:
    """Replace the faculties of a coordinator."""
    checked = sorted({one_line(faculty, "A faculty", 100) for faculty in faculties})
    await connection.execute(
        coordinator_scopes.delete().where(coordinator_scopes.c.person == person)
    )
    if checked:
        rows = [{"person": person, "faculty": faculty} for faculty in checked]
        await connection.execute(coordinator_scopes.insert(), rows)
    return checked


async def coordinators_by_faculty(connection: AsyncConnection) -> dict[str, frozenset[UUID]]:
    """Of every faculty that has some."""
    found: dict[str, set[UUID]] = defaultdict(set)
    for row in await connection.execute(sa.select(coordinator_scopes)):
        found[row.faculty].add(row.person)
    return {faculty: frozenset(of) for faculty, of in found.items()}


async def coordinators_of(connection: AsyncConnection, faculty: str | None) -> frozenset[UUID]:
    if faculty is None:
        return frozenset()
    query = sa.select(coordinator_scopes.c.person).where(coordinator_scopes.c.faculty == faculty)
    return frozenset((await connection.execute(query)).scalars())


async def _insert(
    connection: AsyncConnection, table: sa.Table, row: dict[str, Any], key: str
) -> None:
    try:
        async with connection.begin_nested():
            await connection.execute(table.insert().values(row))
    except IntegrityError as error:
        raise Conflict(sentence(_TAKEN, key=key)) from error


def _course(row: Any) -> Course:
    return Course(**row._mapping)  # noqa: SLF001 - the public name of a row's mapping


def _row(table: sa.Table, value: Course | Group) -> dict[str, Any]:
    return {column.name: getattr(value, column.name) for column in table.c}
