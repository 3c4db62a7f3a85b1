"""The log of tutors and volunteers: when they were there, and what they did for a class."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Presence, Span, total, union
from footprint.expected import day_of
from footprint.kinds import decode
from footprint.log import event
from footprint.policy import Channel
from footprint.presence import presences
from identity.people import people_by_ids
from kernel.facts import Fact
from schedule.enrolments import Enrolment, Part, members_of
from schedule.lectures import lectures

HELPERS: Final = frozenset({Part.TUTOR, Part.VOLUNTEER})
THERE: Final = frozenset({Channel.WEBRTC, Channel.IN_ROOM})  # who watches alone helps nobody
_OF_THEIR_OWN: Final = (  # what is done in one's own name
    *("chat-said", "recording-started", "recording-paused"),
    *("recording-resumed", "recording-stopped"),
)
_FOR_OTHERS: Final = (  # what one does to or for somebody else: the fact names one in `by`
    *("floor-given", "floor-taken", "hand-lowered", "mute-asked"),
    *("attendance-marked", "presence-confirmed"),
)


class Helped(msgspec.Struct, frozen=True, kw_only=True):
    """One helper at one class. `minutes` are all that they were in the room, also before and after."""

    lecture: UUID
    title: str
    starts_at: datetime
    person: UUID
    name: str
    part: Part
    minutes: float
    lines: int  # of chat
    floor: int  # given, taken, hands lowered
    mutes: int  # asked for
    recording: int  # started, paused, resumed, stopped
    attendance: int  # marked, or confirmed in the auditorium


@dataclass(frozen=True, slots=True)
class _Class:
    """What the log needs of a lecture."""

    id: UUID
    title: str
    starts_at: datetime
    course: UUID


async def helped_in_course(connection: AsyncConnection, course: UUID) -> list[Helped]:
    """Classes of the course that were taught, oldest first; those in which a helper was or did something,
    whom the course had as one that day."""
    members = [one.enrolment for one in await members_of(connection, course)]
    return await _helped(connection, members, lectures.c.course == course)


async def helped_by(connection: AsyncConnection, enrolments: Collection[Enrolment]) -> list[Helped]:
    """The same of one person over all courses in which they help; `enrolments` are theirs."""
    helping = {one.course for one in enrolments if one.part in HELPERS}
    return await _helped(connection, enrolments, lectures.c.course.in_(helping))


def time_there(spans: Iterable[Span]) -> timedelta:
    """How long somebody helped at one class; several tabs at once count once."""
    return total(union(spans))


async def _helped(
    connection: AsyncConnection, enrolments: Collection[Enrolment], which: sa.ColumnElement[bool]
) -> list[Helped]:
    helpers = [one for one in enrolments if one.part in HELPERS]
    people = await people_by_ids(connection, {one.person for one in helpers})
    query = (
        sa.select(lectures.c.id, lectures.c.title, lectures.c.starts_at, lectures.c.course)
        .where(which, lectures.c.started_at.is_not(None))
        .order_by(lectures.c.starts_at, lectures.c.id)
    )
    found = []
    rows = (await connection.execute(query)).all() if helpers else ()
    for lecture in (_Class(row.id, row.title, row.starts_at, row.course) for row in rows):
        stays = await presences(connection, lecture.id)
        done = await _done(connection, lecture.id)
        for one in _on_duty(helpers, lecture):
            row = _row(lecture, one, people[one.person].name, stays, done[one.person])
            if row.minutes or done[one.person]:
                found.append(row)
    return found


def _on_duty(helpers: Sequence[Enrolment], lecture: _Class) -> list[Enrolment]:
    """Each person once."""
    day = day_of(lecture.starts_at)
    now = {o.person: o for o in helpers if o.course == lecture.course and o.is_in_force(day)}
    return list(now.values())


async def _done(connection: AsyncConnection, lecture: UUID) -> Mapping[UUID, Counter[str]]:
    """Kinds of facts by whose doing they are."""
    query = sa.select(event.c.kind, event.c.payload).where(
        event.c.lecture == lecture,
        event.c.kind.in_((*_OF_THEIR_OWN, *_FOR_OTHERS)),
        event.c.payload.is_not(None),
    )
    found: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    for row in await connection.execute(query):
        if (doer := _doer(decode(row.payload))) is not None:
            found[doer][row.kind] += 1
    return found


def _doer(fact: Fact) -> UUID | None:
    """Who lowers their own hand or gives the floor back does nothing for others."""
    by: UUID | None = getattr(fact, "by", None)
    if by is None:
        return fact.person
    return None if by == fact.person else by


def _row(
    lecture: _Class,
    one: Enrolment,
    name: str,
    stays: Collection[Presence],
    done: Counter[str],
) -> Helped:
    there = [stay.span for stay in stays if stay.person == one.person and stay.channel in THERE]
    return Helped(
        lecture=lecture.id,
        title=lecture.title,
        starts_at=lecture.starts_at,
        person=one.person,
        name=name,
        part=one.part,
        minutes=round(time_there(there).total_seconds() / 60, 1),
        lines=done["chat-said"],
        floor=done["floor-given"] + done["floor-taken"] + done["hand-lowered"],
        mutes=done["mute-asked"],
        recording=sum(number for kind, number in done.items() if kind.startswith("recording-")),
        attendance=done["attendance-marked"] + done["presence-confirmed"],
    )
