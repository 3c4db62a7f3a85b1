"""Who has watched what was to be watched before class, counted as attendance by recording is."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.viewings import covered
from identity.people import people_by_ids
from kernel.database import Database
from schedule.assignments import Assignment, is_any_due, take_due
from schedule.audience import audiences
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import AHEAD, Lecture
from schedule.notices import Details, Kind, Notice, Way, add_notices
from schedule.reminders import audience_wishes, ways_of
from schedule.wishes import Ahead, wishes

_REMINDED_BEFORE: Final = timedelta(days=1)  # the deadline


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """How far one person is."""

    person: UUID
    name: str
    percent: float
    is_done: bool


async def how_far(
    connection: AsyncConnection, assignment: Assignment, person: UUID
) -> tuple[float, bool]:
    """How many percent the person watched by the deadline, and whether that is enough."""
    known = await covered(connection, assignment.recording, assignment.deadline)
    return _judged(assignment, known.get(person, 0.0))


async def who_has(
    connection: AsyncConnection, assignment: Assignment, lecture: Lecture
) -> list[Watched]:
    """Everybody for whom the class is, apart from its lecturer; who is furthest behind first."""
    audience = (await audiences(connection, [lecture]))[lecture.id] - {lecture.lecturer}
    known = await covered(connection, assignment.recording, assignment.deadline)
    people = await people_by_ids(connection, audience)
    rows = []
    for person in people.values():
        percent, is_done = _judged(assignment, known.get(person.id, 0.0))
        rows.append(Watched(person=person.id, name=person.name, percent=percent, is_done=is_done))
    return sorted(rows, key=lambda row: (row.percent, row.name.casefold()))


async def note_assignments(database: Database, ways: Collection[Way], now: datetime) -> int:
    """Remind those who want reminders, a day before the deadline, of what they have not watched."""
    until = now + _REMINDED_BEFORE
    async with database.connect() as connection:
        if not await is_any_due(connection, now=now, until=until):
            return 0
    async with database.begin() as connection:
        due = await take_due(connection, now=now, until=until)
        return await _note(connection, due, ways, now)


async def _note(
    connection: AsyncConnection, due: Sequence[Assignment], ways: Collection[Way], now: datetime
) -> int:
    lectures = await _classes(connection, due)
    wanting = await audience_wishes(connection, lectures.values(), wishes.c.ahead != Ahead.NEVER)
    told: list[Notice] = []
    for one in due:
        if one.lecture not in lectures:
            continue
        known = await covered(connection, one.recording, one.deadline)
        told += [
            _notice(one, wish.person, way)
            for wish in wanting[one.lecture]
            if wish.person != lectures[one.lecture].lecturer
            if not _judged(one, known.get(wish.person, 0.0))[1]
            for way in ways_of(wish, ways)
        ]
    return await add_notices(connection, told, now=now)


async def _classes(connection: AsyncConnection, due: Iterable[Assignment]) -> dict[UUID, Lecture]:
    """Those that still are to come."""
    ids = {one.lecture for one in due}
    found = await list_lectures(connection, Filter(ids=ids, states=AHEAD), limit=len(ids))
    return {one.id: one for one in found}


def _notice(one: Assignment, person: UUID, way: Way) -> Notice:
    return Notice(
        person=person,
        way=way,
        kind=Kind.ASSIGNMENT,
        key=str(one.id),
        lecture=one.lecture,
        not_after=one.deadline,
        details=Details(recording=one.recording, percent=one.percent, deadline=one.deadline),
    )


def _judged(assignment: Assignment, percent: float) -> tuple[float, bool]:
    """Rounded down, so that nobody reads a threshold that they have not reached."""
    whole = int(percent * 10) / 10
    return whole, whole >= assignment.percent
