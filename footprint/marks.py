"""Marks: what a lecturer says about attendance. Facts like all others; nothing is overwritten."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Mark
from footprint.events import AttendanceMarked
from footprint.log import Source, append, facts_of_lecture
from footprint.policy import Status
from footprint.presence import presences
from identity.people import people_by_ids
from kernel.errors import NotFound
from kernel.facts import Fact
from kernel.ids import new_id
from schedule.lifecycle import Lecture

LONGEST_REASON = 1_000  # characters


class NewMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mark as it is sent."""

    person: UUID
    status: Literal["present", "absent", "late", "excused"]
    reason: str
    minutes: float | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.reason.strip()) <= LONGEST_REASON:
            raise ValueError("a mark needs a reason of at most 1,000 characters")
        if self.minutes is not None and not 0 <= self.minutes <= 24 * 60:
            raise ValueError("minutes go from 0 to 1440")


async def mark(
    connection: AsyncConnection, lecture: Lecture, new: NewMark, *, by: UUID, now: datetime
) -> AttendanceMarked:
    """Keep the mark: it decides from the commit on. NotFound when nobody knows the person."""
    await _check_person(connection, lecture.id, new.person)
    fact = AttendanceMarked(
        id=new_id(),
        at=now,
        lecture=lecture.id,
        person=new.person,
        by=by,
        status=new.status,
        reason=new.reason.strip(),
        minutes=new.minutes,
    )
    await append(connection, [fact], now=now, source=Source.ENTERED)
    return fact


async def marks_of(connection: AsyncConnection, lecture: UUID) -> list[Mark]:
    """Every mark of a lecture, oldest first: a later one replaces an earlier one."""
    facts = [kept.fact for kept in await facts_of_lecture(connection, lecture, AttendanceMarked)]
    return sorted(map(as_mark, facts), key=lambda mark: mark.at)  # a copy is kept late


def as_mark(fact: Fact) -> Mark:
    """What the fact of a mark says."""
    assert isinstance(fact, AttendanceMarked)
    assert fact.person is not None  # `mark` names one always
    return Mark(fact.person, Status(fact.status), fact.reason, fact.by, fact.at, fact.minutes)


async def _check_person(connection: AsyncConnection, lecture: UUID, person: UUID) -> None:
    """A person of this university, or a guest who was there."""
    if await people_by_ids(connection, [person]):
        return
    if all(stay.person != person for stay in await presences(connection, lecture)):
        raise NotFound("There is no such person.")
