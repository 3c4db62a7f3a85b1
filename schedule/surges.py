"""The surge switch (seed 1.9.12): many classes online in one reviewed step, and back again.

A surge notes by what mode each of its classes was held before. Going back gives a class that mode
again, unless somebody changed its mode meanwhile, and leaves those that have begun.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import Conflict, Invalid, NotFound
from kernel.ids import new_id
from kernel.lines import one_line
from schedule import planning
from schedule.courses import list_courses
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import Lecture, LectureState, Policy
from schedule.planning import Author, Changes
from schedule.study_work import Mode

MOST_CLASSES = 20_000  # in one surge

surges = sa.Table(
    "surges",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("reason", sa.String(300), nullable=False),  # the order that it rests on
    sa.Column("faculty", sa.String(100)),
    sa.Column("mode", sa.String(12), nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("made_by", Id, sa.ForeignKey("people.id")),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
)

surge_classes = sa.Table(
    "surge_classes",
    metadata,
    sa.Column("surge", Id, sa.ForeignKey("surges.id"), primary_key=True),
    sa.Column("lecture", Id, sa.ForeignKey("lectures.id"), primary_key=True),
    sa.Column("mode_before", sa.String(12), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """What goes online: the classes of a faculty's courses, of all courses without one."""

    id: UUID
    reason: str
    faculty: str | None
    mode: Mode
    since: datetime
    until: datetime
    made_by: UUID | None
    made_at: datetime
    ended_at: datetime | None = None


async def begin_surge(
    connection: AsyncConnection, wanted: Surge, by: Author, policy: Policy
) -> tuple[Surge, list[Lecture]]:
    """The surge, and the classes that it changes as they were. Invalid when there are none."""
    surge = replace(
        wanted,
        id=new_id(),
        reason=one_line(wanted.reason, "A reason", 300),
        since=max(wanted.since, by.at),
        ended_at=None,
    )
    if surge.until <= surge.since:
        raise Invalid("A surge ends after it begins.")
    chosen = await _chosen(connection, surge)
    if not chosen:
        raise Invalid("No class of this time would change.")
    await connection.execute(surges.insert().values(_row(surge)))
    rows = [{"surge": surge.id, "lecture": one.id, "mode_before": one.work.mode} for one in chosen]
    await connection.execute(surge_classes.insert(), rows)
    for one in chosen:
        await _set_mode(connection, one, surge.mode, by, policy)
    return surge, chosen


async def end_surge(
    connection: AsyncConnection, surge_id: UUID, by: Author, policy: Policy
) -> tuple[Surge, list[Lecture]]:
    """The surge, and the classes that go back. Conflict when it has ended already."""
    surge = await surge_by_id(connection, surge_id)
    if surge.ended_at is not None:
        raise Conflict("This surge has ended already.")
    which = surge_classes.c.surge == surge.id
    rows = await connection.execute(sa.select(surge_classes).where(which))
    before = {row.lecture: Mode(row.mode_before) for row in rows}
    found = await list_lectures(connection, _of_surge(surge, by), limit=MOST_CLASSES)
    back = [
        one
        for one in found
        if one.id in before and one.work.mode is surge.mode and one.starts_at > by.at
    ]
    for one in back:
        await _set_mode(connection, one, before[one.id], by, policy)
    ended = replace(surge, ended_at=by.at)
    await connection.execute(surges.update().where(surges.c.id == surge.id).values(_row(ended)))
    return ended, back


async def surge_by_id(connection: AsyncConnection, surge_id: UUID) -> Surge:
    """NotFound when there is none."""
    row = (await connection.execute(sa.select(surges).where(surges.c.id == surge_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such surge.")
    return _surge(row)


async def list_surges(connection: AsyncConnection) -> list[Surge]:
    """The newest 100, newest first."""
    query = sa.select(surges).order_by(surges.c.made_at.desc(), surges.c.id.desc()).limit(100)
    return [_surge(row) for row in await connection.execute(query)]


async def _chosen(connection: AsyncConnection, surge: Surge) -> list[Lecture]:
    """The planned classes of the courses that are not held by the mode already."""
    courses = await list_courses(connection, faculty=surge.faculty, limit=100_000)
    which = Filter(
        since=surge.since,
        until=surge.until,
        states=[LectureState.PLANNED],
        courses=[course.id for course in courses] if surge.faculty is not None else None,
    )
    found = await list_lectures(connection, which, limit=MOST_CLASSES + 1)
    if len(found) > MOST_CLASSES:
        raise Invalid(f"A surge has at most {MOST_CLASSES} classes; take a shorter time.")
    return [
        one
        for one in found
        if one.work.course is not None
        and one.work.mode is not surge.mode
        and one.starts_at >= surge.since
    ]


def _of_surge(surge: Surge, by: Author) -> Filter:
    """Its classes that are still to come, wherever they were moved to."""
    return Filter(since=max(surge.since, by.at), states=[LectureState.PLANNED])


async def _set_mode(
    connection: AsyncConnection, lecture: Lecture, mode: Mode, by: Author, policy: Policy
) -> None:
    changes = Changes(work=replace(lecture.work, mode=mode))
    await planning.change(
        connection,
        lecture.id,
        changes,
        by,
        revision=lecture.revision,
        policy=policy,
        is_free=True,
    )


def _surge(row: Any) -> Surge:
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row's mapping
    return Surge(**{**values, "mode": Mode(values["mode"])})


def _row(surge: Surge) -> dict[str, Any]:
    return {column.name: getattr(surge, column.name) for column in surges.c}
