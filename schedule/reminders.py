"""What is due to be told: classes that begin soon, classes that were moved or cancelled."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from schedule.audience import is_for
from schedule.enrolments import Enrolment, enrolments, enrolments_with
from schedule.events import LectureCancelled, LectureChanged, LectureFact, LecturePlanned
from schedule.lectures import Filter, lecture_history, list_lectures
from schedule.lifecycle import AHEAD, Lecture
from schedule.notices import Details, Kind, Notice, Way, add_notices, keys_of_waiting
from schedule.wishes import Ahead, Wish, wishes, wishes_where

_MOST_CLASSES: Final = 5000  # that begin within a day
_MOST_CHANGES: Final = 500  # lines of history that one step looks at
_Times = LecturePlanned | LectureChanged


@dataclass(frozen=True, slots=True)
class _Changed:
    """A line of history that people are told of."""

    lecture: UUID
    revision: int
    kind: Kind
    by: UUID | None
    before: _Times


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at the history found: how many lines, and which classes were planned or changed."""

    lines: int
    lectures: frozenset[UUID] = frozenset()


async def due_reminders(
    connection: AsyncConnection,
    ways: Collection[Way],
    now: datetime,
    *,
    looked_at: datetime | None = None,
    ids: Collection[UUID] | None = None,
) -> list[Notice]:
    """A notice for everybody whose class begins within the time that they chose, unless there is one
    already. With `looked_at` only of classes that came within it since then, with `ids` of these."""
    found: list[Notice] = []
    for ahead in Ahead:
        if ahead is not Ahead.NEVER:
            found += await _due_ahead(connection, ways, now, ahead, looked_at=looked_at, ids=ids)
    known = await keys_of_waiting(connection, Kind.REMINDER, now) if found else set()
    return [one for one in found if (one.person, one.way, one.key) not in known]


async def has_changes(connection: AsyncConnection) -> bool:
    """Whether there is history that nobody looked at."""
    query = sa.select(lecture_history.c.lecture).where(lecture_history.c.noticed_at.is_(None))
    return (await connection.execute(query.limit(1))).first() is not None


async def note_changes(connection: AsyncConnection, ways: Collection[Way], now: datetime) -> Looked:
    """Make notices of what was moved or cancelled since the last look. Each line of the history is
    looked at by one process only."""
    looked_at = await _take_history(connection)
    if not looked_at:
        return Looked(0)
    facts = [(row, _fact(row.fact)) for row in looked_at]
    changed = [one for row, fact in facts if (one := await _changed(connection, row, fact))]
    lectures = await _lectures(connection, [one.lecture for one in changed])
    people = await audience_wishes(connection, lectures.values(), wishes.c.tells_changes.is_(True))
    told = [
        notice
        for one in changed
        if one.lecture in lectures
        for wish in people[one.lecture]
        if wish.person != one.by
        for notice in _change_notices(one, lectures[one.lecture], wish, ways)
        if notice.not_after > now
    ]
    await _mark(connection, looked_at, now)
    await add_notices(connection, told, now=now)
    return Looked(
        len(looked_at), frozenset(row.lecture for row, fact in facts if isinstance(fact, _Times))
    )


async def audience_wishes(
    connection: AsyncConnection, lectures: Iterable[Lecture], condition: sa.ColumnElement[bool]
) -> dict[UUID, list[Wish]]:
    """Of each lecture, the wishes that fit of those whom it is for."""
    listed = list(lectures)
    wanting = {wish.person: wish for wish in await _wanting(connection, listed, condition)}
    enrolled: defaultdict[UUID, list[Enrolment]] = defaultdict(list)
    courses = {one.work.course for one in listed if one.work.course is not None}
    for one in await enrolments_with(connection, courses, wanting.keys()):
        enrolled[one.course].append(one)
    found: dict[UUID, list[Wish]] = {}
    for lecture in listed:
        of_course = enrolled[lecture.work.course] if lecture.work.course is not None else []
        people = {one.person for one in of_course if is_for(lecture, [one])} | {lecture.lecturer}
        found[lecture.id] = [wanting[person] for person in people if person in wanting]
    return found


def ways_of(wish: Wish, ways: Collection[Way]) -> Iterator[Way]:
    """Those that the person wants and the house has."""
    if wish.by_mail and wish.confirmed_at is not None and Way.MAIL in ways:
        yield Way.MAIL
    if wish.by_webhook and Way.WEBHOOK in ways:
        yield Way.WEBHOOK


async def _wanting(
    connection: AsyncConnection, lectures: Collection[Lecture], condition: sa.ColumnElement[bool]
) -> list[Wish]:
    """Of the people of the lectures' courses and of their lecturers."""
    courses = {one.work.course for one in lectures if one.work.course is not None}
    roll = sa.select(enrolments.c.person).where(enrolments.c.course.in_(courses))
    teaching = {one.lecturer for one in lectures}
    theirs = sa.or_(wishes.c.person.in_(roll), wishes.c.person.in_(teaching))
    return await wishes_where(connection, sa.and_(condition, theirs))


async def _due_ahead(
    connection: AsyncConnection,
    ways: Collection[Way],
    now: datetime,
    ahead: Ahead,
    *,
    looked_at: datetime | None,
    ids: Collection[UUID] | None,
) -> list[Notice]:
    before = timedelta(minutes=ahead)
    after = now if looked_at is None else looked_at + before
    until = now + before + timedelta(microseconds=1)  # the very moment is among them
    which = Filter(states=AHEAD, since=after, until=until, ids=ids)
    found = await list_lectures(connection, which, limit=_MOST_CLASSES)
    coming = [one for one in found if one.starts_at > max(after, now)]
    if not coming:
        return []
    people = await audience_wishes(connection, coming, wishes.c.ahead == ahead)
    return [
        Notice(
            person=wish.person,
            way=way,
            kind=Kind.REMINDER,
            key=f"{lecture.id} {lecture.starts_at:%Y%m%dT%H%MZ}",
            lecture=lecture.id,
            not_after=lecture.starts_at,
        )
        for lecture in coming
        for wish in people[lecture.id]
        for way in ways_of(wish, ways)
    ]


async def _take_history(connection: AsyncConnection) -> list[Any]:
    """Lines that nobody looked at; other processes leave them alone until the commit."""
    query = (
        sa.select(lecture_history)
        .where(lecture_history.c.noticed_at.is_(None))
        .order_by(lecture_history.c.at, lecture_history.c.lecture, lecture_history.c.revision)
        .limit(_MOST_CHANGES)
        .with_for_update(skip_locked=True)
    )
    return list(await connection.execute(query))


async def _mark(connection: AsyncConnection, rows: Iterable[Any], now: datetime) -> None:
    which = (
        lecture_history.c.lecture == sa.bindparam("its_lecture"),
        lecture_history.c.revision == sa.bindparam("its_revision"),
    )
    await connection.execute(
        lecture_history.update().where(*which).values(noticed_at=now),
        [{"its_lecture": row.lecture, "its_revision": row.revision} for row in rows],
    )


def _fact(text: str | None) -> LectureFact | None:
    return None if text is None else msgspec.json.decode(text, type=LectureFact)


async def _changed(
    connection: AsyncConnection, row: Any, fact: LectureFact | None
) -> _Changed | None:
    """None when the line tells nothing that people must know."""
    if not isinstance(fact, LectureChanged | LectureCancelled):
        return None
    before = await _times_before(connection, row.lecture, row.revision)
    if before is None:
        return None
    if isinstance(fact, LectureCancelled):
        return _Changed(row.lecture, row.revision, Kind.CANCELLED, fact.person, before)
    if _is_the_same(before, fact):
        return None
    return _Changed(row.lecture, row.revision, Kind.MOVED, fact.person, before)


def _is_the_same(before: _Times, after: _Times) -> bool:
    halls = {before.auditorium, after.auditorium} - {msgspec.UNSET}
    return len(halls) <= 1 and (before.starts_at, before.ends_at, before.lecturer) == (
        after.starts_at,
        after.ends_at,
        after.lecturer,
    )


async def _times_before(connection: AsyncConnection, lecture: UUID, revision: int) -> _Times | None:
    """When and where it was, before that revision."""
    query = (
        sa.select(lecture_history.c.fact)
        .where(
            lecture_history.c.lecture == lecture,
            lecture_history.c.revision < revision,
            lecture_history.c.fact.is_not(None),
        )
        .order_by(lecture_history.c.revision.desc())
    )
    for text in (await connection.execute(query)).scalars():
        fact = _fact(text)
        if isinstance(fact, LecturePlanned | LectureChanged):
            return fact
    return None


async def _lectures(connection: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, Lecture]:
    wanted = set(ids)
    found = await list_lectures(connection, Filter(ids=wanted), limit=len(wanted))
    return {one.id: one for one in found}


def _change_notices(
    one: _Changed, lecture: Lecture, wish: Wish, ways: Collection[Way]
) -> Iterator[Notice]:
    was_in = one.before.auditorium or None
    details = Details(
        before=one.before.starts_at,
        auditorium=None if was_in == lecture.work.auditorium else was_in,
    )
    for way in ways_of(wish, ways):
        yield Notice(
            person=wish.person,
            way=way,
            kind=one.kind,
            key=f"{one.lecture} {one.revision}",
            lecture=one.lecture,
            not_after=max(one.before.starts_at, lecture.starts_at),
            details=details,
        )
