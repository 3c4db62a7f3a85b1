"""Erasing a person: nothing of them is left, and the chain of the log still holds.

What they did loses payload, person, place and salt; number, kind, time and hashes stay as a
tombstone that names the erasure. A fact of somebody else that names them is kept again as a copy
that names `ERASED` instead, and its first writing goes the same way. Lectures that they taught stay,
taught by `ERASED`. What others wrote about them in their own words nobody can find, nor what a record
store elsewhere was given.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import log as event_log
from footprint import store
from footprint.documents import xapi_document
from footprint.drain import fact_set_aside
from footprint.events import PersonErased
from footprint.kinds import decode
from footprint.log import Source, event
from footprint.presence import checkpoint, presence
from footprint.statements import House
from footprint.uncounted import uncounted
from identity.credentials import credentials
from identity.people import people
from kernel.database import insert_new
from kernel.errors import Conflict, NotFound
from kernel.facts import Fact
from kernel.ids import new_id
from player.late_views import case_view
from player.places import watch_place
from schedule.assignments import assignments
from schedule.channels import pushes
from schedule.courses import coordinator_scopes
from schedule.enrolments import enrolments
from schedule.feeds import feeds
from schedule.lectures import lecture_history, lectures
from schedule.lifecycle import LectureState
from schedule.notices import notices
from schedule.prepared_polls import prepared_polls
from schedule.series import series
from schedule.surges import surges
from schedule.wishes import wishes

ERASED: Final = UUID(int=0)  # stands where somebody stood who was erased

_THEIRS: Final = (  # rows that go; `people` last, since the others refer to it
    credentials.c.person,
    feeds.c.person,
    notices.c.person,
    wishes.c.person,
    watch_place.c.person,
    case_view.c.person,
    uncounted.c.person,
    enrolments.c.person,
    coordinator_scopes.c.person,
    presence.c.person,
    people.c.id,
)
_TAUGHT: Final = (lectures.c.lecturer, series.c.lecturer)  # rows that stay, of ERASED
_NOTED: Final = (
    pushes.c.person,
    surges.c.made_by,
    assignments.c.made_by,
    prepared_polls.c.made_by,
)  # rows that stay, of nobody


class Ground(StrEnum):
    """Why somebody is erased. No free words: they might name the person."""

    REQUEST = "request"  # they asked for it
    RULE = "rule"  # a rule or a court asks for it
    MISTAKE = "mistake"  # the account should never have been


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of a person."""

    person: UUID
    facts: int  # that they made
    mentions: int  # facts of others that name them
    documents: int
    rows: dict[str, int]  # by table
    hindrance: str = ""  # why they can't be erased now; empty: they can

    @property
    def is_empty(self) -> bool:
        return not (self.facts or self.mentions or self.documents or any(self.rows.values()))


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. `seqs` are the places of the log that are tombstones now."""

    id: UUID  # of the fact that says so
    facts: int
    mentions: int
    seqs: tuple[int, ...]


async def traces(connection: AsyncConnection, person: UUID, house: House) -> Traces:
    """The dry run: what an erasure would take away."""
    return Traces(
        person=person,
        facts=await _count(connection, event.c.person == person),
        mentions=await _count(connection, _mentions(person)),
        documents=await _count(connection, _documents(person, house)),
        rows={
            column.table.name: await _count(connection, column == person)
            for column in (*_THEIRS, *_TAUGHT, *_NOTED)
        },
        hindrance=await _hindrance(connection, person),
    )


async def erase(
    connection: AsyncConnection,
    person: UUID,
    *,
    by: UUID | None,
    ground: Ground,
    house: House,
    now: datetime,
) -> Erased:
    """Take everything of the person away, in one transaction; `Database.scrub` afterwards.

    NotFound when there is nothing, Conflict while they are in a room or have lectures to come.
    """
    await event_log.take_turn(connection)
    found = await traces(connection, person, house)
    if found.is_empty:
        raise NotFound("Nothing is known of such a person.")
    if found.hindrance:
        raise Conflict(found.hindrance)
    fact = PersonErased(
        id=new_id(), at=now, by=by, ground=ground, facts=found.facts, mentions=found.mentions
    )
    await event_log.append(connection, [fact], now=now, source=Source.ENTERED)
    seqs = await _entomb(connection, event.c.person == person, fact.id)
    copies = await _copies(connection, person)
    seqs += await _entomb(connection, _mentions(person), fact.id)
    for source, facts in copies.items():
        kept = await event_log.append(connection, facts, now=now, source=source)
        await store.index(connection, kept, house)
    await _clear_tables(connection, person, house, now)
    return Erased(id=fact.id, facts=found.facts, mentions=found.mentions, seqs=tuple(seqs))


async def _count(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).where(condition)
    return int(await connection.scalar(query) or 0)


def _mentions(person: UUID) -> sa.ColumnElement[bool]:
    """Facts of others that name the person. Reads the whole log."""
    names = sa.func.lower(event.c.payload).contains(str(person))
    return names & event.c.person.is_distinct_from(person)


def _documents(person: UUID, house: House) -> sa.ColumnElement[bool]:
    return xapi_document.c.agent == house.actor(person).identities[0]


async def _hindrance(connection: AsyncConnection, person: UUID) -> str:
    if await _count(connection, checkpoint.c.newest.contains(str(person))):
        return "They are in a room or a player now; wait until two minutes after they have left."
    to_come = (LectureState.PLANNED, LectureState.OPEN, LectureState.LIVE)
    teaches = (lectures.c.lecturer == person) & lectures.c.state.in_(to_come)
    if count := await _count(connection, teaches):
        return f"They still have lectures to give ({count}); give those to somebody else first."
    return ""


async def _entomb(
    connection: AsyncConnection, condition: sa.ColumnElement[bool], by: UUID
) -> list[int]:
    """Make tombstones of the rows; their places. Statements and mentions of them go."""
    query = sa.select(event.c.seq).where(condition).order_by(event.c.seq)
    seqs = list((await connection.execute(query)).scalars())
    await event_log.erase(connection, seqs, by=by)
    await store.forget(connection, seqs)
    return seqs


async def _copies(connection: AsyncConnection, person: UUID) -> Mapping[Source, Sequence[Fact]]:
    """Facts of others as they are without the person, by source."""
    query = sa.select(event.c.source, event.c.payload).where(_mentions(person))
    copies: defaultdict[Source, list[Fact]] = defaultdict(list)
    for row in await connection.execute(query.order_by(event.c.seq)):
        copies[Source(row.source)].append(without(row.payload, person))
    return copies


def without(payload: str, person: UUID) -> Fact:
    """The fact under a new id, naming ERASED where it named the person, and without their name."""
    told = _unnamed(msgspec.json.decode(payload), str(person))
    text = msgspec.json.encode(told).decode()
    fact = decode(re.sub(str(person), str(ERASED), text, flags=re.IGNORECASE))
    return msgspec.structs.replace(fact, id=new_id())


def _unnamed(value: Any, person: str) -> Any:
    """An agent who is the person has an account of that name; what they are called goes."""
    if isinstance(value, list):
        return [_unnamed(item, person) for item in value]
    if not isinstance(value, dict):
        return value
    account = value.get("account")
    is_theirs = isinstance(account, dict) and str(account.get("name")).lower() == person
    kept = (item for item in value.items() if not (is_theirs and item[0] == "name"))
    return {name: _unnamed(item, person) for name, item in kept}


async def _clear_tables(
    connection: AsyncConnection, person: UUID, house: House, now: datetime
) -> None:
    await connection.execute(xapi_document.delete().where(_documents(person, house)))
    await _clear_set_aside(connection, person)
    named = lecture_history.c.fact.contains(str(person))
    renamed = sa.func.replace(lecture_history.c.fact, str(person), str(ERASED))
    await connection.execute(lecture_history.update().where(named).values(fact=renamed))
    await _stand_in(connection, now)
    for column in _TAUGHT:
        await _set(connection, column, person, ERASED)
    for column in _NOTED:
        await _set(connection, column, person, None)
    for column in _THEIRS:
        await connection.execute(sa.delete(column.table).where(column == person))


async def _set(
    connection: AsyncConnection, column: sa.Column[Any], person: UUID, value: UUID | None
) -> None:
    changed = sa.update(column.table).where(column == person).values({column.name: value})
    await connection.execute(changed)


async def _clear_set_aside(connection: AsyncConnection, person: UUID) -> None:
    """Records that are no facts: few, and nobody knows what is in them."""
    columns = fact_set_aside.c
    rows = (await connection.execute(sa.select(columns.digest, columns.record))).all()
    theirs = [row.digest for row in rows if _names(row.record, person)]
    await connection.execute(fact_set_aside.delete().where(columns.digest.in_(theirs)))


def _names(record: bytes, person: UUID) -> bool:
    return any(spelt in record.lower() for spelt in (str(person).encode(), person.hex.encode()))


async def _stand_in(connection: AsyncConnection, now: datetime) -> None:
    """The account that teaches what erased people taught. Nobody can sign in as it."""
    row = {
        "id": ERASED,
        "login": "—",
        "login_key": "—",
        "name": "—",
        "roles": [],
        "created_at": now,
        "disabled_at": now,
    }
    await insert_new(connection, people, [row], key=["id"])
