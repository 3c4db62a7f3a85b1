"""Corrections: somebody disputes what is counted of them, and who judges attendance answers, with a mark
or with a reason. Both are facts; nothing is overwritten."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.events import CorrectionAnswered, CorrectionAsked
from footprint.kinds import decode
from footprint.log import Source, append, event, take_turn
from footprint.marks import LONGEST_REASON, NewMark, mark
from identity.people import Person, people_by_ids
from kernel.errors import Conflict, Forbidden, NotFound
from kernel.ids import new_id
from schedule.lectures import lectures
from schedule.lifecycle import Lecture

_ASKED = str(CorrectionAsked.__struct_config__.tag)
_ANSWERED = str(CorrectionAnswered.__struct_config__.tag)


class State(StrEnum):
    """What has become of a request."""

    OPEN = "open"
    GRANTED = "granted"
    DECLINED = "declined"


class NewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wrong, in the person's own words."""

    words: str

    def __post_init__(self) -> None:
        if not 0 < len(self.words.strip()) <= LONGEST_REASON:
            raise ValueError("say what is wrong, in 1,000 characters at most")


class NewAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With a `status` it is granted, and the person is marked; without one it is declined."""

    reason: str
    status: Literal["present", "absent", "late", "excused"] | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.reason.strip()) <= LONGEST_REASON:
            raise ValueError("an answer needs a reason of at most 1,000 characters")
        if self.minutes is not None and not 0 <= self.minutes <= 24 * 60:
            raise ValueError("minutes go from 0 to 1440")


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A request with its answer, if there is one."""

    id: UUID
    lecture: UUID
    title: str
    person: UUID
    name: str
    asked_at: datetime
    words: str
    state: State = State.OPEN
    answered_at: datetime | None = None
    answered_by: str = ""  # the name
    reason: str = ""


async def ask(
    connection: AsyncConnection, lecture: Lecture, person: UUID, new: NewRequest, *, now: datetime
) -> UUID:
    """Keep the request; its id. Conflict while an earlier one waits for its answer."""
    await take_turn(connection)
    earlier = await corrections(connection, lecture=lecture.id, person=person)
    if any(one.state is State.OPEN for one in earlier):
        raise Conflict("You have asked already; wait for the answer.")
    fact = CorrectionAsked(
        id=new_id(), at=now, lecture=lecture.id, person=person, words=new.words.strip()
    )
    await append(connection, [fact], now=now, source=Source.ENTERED)
    return fact.id


async def answer(
    connection: AsyncConnection,
    lecture: Lecture,
    request: UUID,
    new: NewAnswer,
    *,
    by: UUID,
    now: datetime,
) -> None:
    """Keep the answer, and the mark that grants it, together. NotFound when nobody asked, Conflict when it
    is answered, Forbidden to who asked."""
    await take_turn(connection)
    asked = {one.id: one for one in await corrections(connection, lecture=lecture.id)}
    if (found := asked.get(request)) is None:
        raise NotFound("There is no such request.")
    if found.person == by:
        raise Forbidden("Nobody judges their own attendance; somebody else answers this.")
    if found.state is not State.OPEN:
        raise Conflict("Somebody has answered this request already.")
    if new.status is not None:
        wanted = NewMark(found.person, new.status, new.reason, new.minutes)
        await mark(connection, lecture, wanted, by=by, now=now)
    fact = CorrectionAnswered(
        id=new_id(),
        at=now,
        lecture=lecture.id,
        person=found.person,
        by=by,
        request=request,
        is_granted=new.status is not None,
        reason=new.reason.strip(),
    )
    await append(connection, [fact], now=now, source=Source.ENTERED)


async def corrections(
    connection: AsyncConnection, *, lecture: UUID | None = None, person: UUID | None = None
) -> list[Correction]:
    """Those of a lecture, of a person, or of both; oldest first."""
    conditions = []
    if lecture is not None:
        conditions.append(event.c.lecture == lecture)
    if person is not None:
        conditions.append(event.c.person == person)
    return await _corrections(connection, *conditions)


async def corrections_since(
    connection: AsyncConnection, moment: datetime, *, lecturer: UUID | None = None
) -> list[Correction]:
    """Those of lectures that began later, of all or of one lecturer."""
    which = sa.select(lectures.c.id).where(lectures.c.starts_at > moment)
    if lecturer is not None:
        which = which.where(lectures.c.lecturer == lecturer)
    return await _corrections(connection, event.c.lecture.in_(which))


async def _corrections(
    connection: AsyncConnection, *conditions: sa.ColumnElement[bool]
) -> list[Correction]:
    query = (
        sa.select(event.c.payload, lectures.c.title)
        .join(lectures, event.c.lecture == lectures.c.id)
        .where(event.c.kind.in_((_ASKED, _ANSWERED)), event.c.payload.is_not(None), *conditions)
        .order_by(event.c.seq)
    )
    rows = [(decode(row.payload), row.title) for row in await connection.execute(query)]
    asked = [(f, title) for f, title in rows if isinstance(f, CorrectionAsked)]
    answers = {f.request: f for f, _ in rows if isinstance(f, CorrectionAnswered)}
    ids = {f.person for f, _ in asked if f.person} | {f.by for f in answers.values()}
    people = await people_by_ids(connection, ids)
    return [_correction(fact, title, answers.get(fact.id), people) for fact, title in asked]


def _correction(
    fact: CorrectionAsked,
    title: str,
    answered: CorrectionAnswered | None,
    people: Mapping[UUID, Person],
) -> Correction:
    assert fact.lecture is not None
    assert fact.person is not None  # `ask` names both always
    found = Correction(
        id=fact.id,
        lecture=fact.lecture,
        title=title,
        person=fact.person,
        name=people[fact.person].name if fact.person in people else "",
        asked_at=fact.at,
        words=fact.words,
    )
    if answered is None:
        return found
    return msgspec.structs.replace(
        found,
        state=State.GRANTED if answered.is_granted else State.DECLINED,
        answered_at=answered.at,
        answered_by=people[answered.by].name if answered.by in people else "",
        reason=answered.reason,
    )
