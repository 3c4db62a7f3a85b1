"""The event log: append-only, each fact once, in one total order, and chained.

`seq` has no gaps, since all appends take turns (SQLite's write lock, an advisory lock on
PostgreSQL); so whoever reads up to a `seq` has read all there ever will be below it.

What is chained is a commitment H(salt, envelope), not the fact. To erase a person is to delete
payload, person and salt: the chain still holds, and the fact can't be guessed back from its hash.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.events import InRoomFact, StatementReceived
from footprint.kinds import decode, encode
from kernel.database import Id, UtcDateTime, insert_many, metadata
from kernel.facts import Fact
from live.events import ChatSaid, RoomFact, SeatFact
from player.events import ViewFact

K = TypeVar("K")

Sequence64: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # there: the rowid itself

event = sa.Table(
    "event",
    metadata,
    sa.Column("seq", Sequence64, primary_key=True, autoincrement=False),
    sa.Column("id", Id, nullable=False, unique=True),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("lecture", Id),
    sa.Column("run", Id),
    sa.Column("person", Id),
    sa.Column("seat", Id),  # or the view
    sa.Column("occurred_at", UtcDateTime, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("source", sa.SmallInteger, nullable=False),
    sa.Column("payload", sa.Text),  # JSON, as text: the very characters that were hashed
    sa.Column("salt", sa.LargeBinary(16)),
    sa.Column("commitment", sa.LargeBinary(32), nullable=False),
    sa.Column("chain", sa.LargeBinary(32), nullable=False),
    sa.Column("erased_by", Id),  # the fact that tells why payload, person and salt are gone
    sa.Index("ix_event_lecture_kind_seq", "lecture", "kind", "seq"),
    sa.Index("ix_event_person_seq", "person", "seq"),
)

GENESIS: Final = bytes(32)
_LOCK: Final = 0x6461726973  # PostgreSQL's advisory lock of the writers: "daris"
_AT_ONCE: Final = 1_000
_TICK: Final = timedelta(microseconds=1)


class Source(IntEnum):
    """Where a fact comes from: the kinds of clause 1.16. The fourth, biometrics, we refuse."""

    ENTERED = 1  # told by the person, or marked by a teacher
    AUTOMATIC = 2  # registered by this service
    ELSEWHERE = 3  # registered by another environment


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log."""

    seq: int
    chain: bytes
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A fact with its place in the log."""

    seq: int
    fact: Fact
    received_at: datetime


class ChatLine(msgspec.Struct, frozen=True):
    """A line of a lecture's chat, as the recorded page shows it."""

    id: UUID
    at: datetime
    person: UUID | None
    name: str
    text: str


async def append(
    connection: AsyncConnection,
    facts: Iterable[Fact],
    *,
    now: datetime,
    source: Source = Source.AUTOMATIC,
) -> list[Kept]:
    """Keep the facts whose ids are not there yet, in order; returns those, with their places.

    `received_at` only ever grows with `seq`, whatever the clock does.
    """
    head = await take_turn(connection)
    return await extend(connection, head, await _unknown(connection, facts), now=now, source=source)


async def extend(
    connection: AsyncConnection,
    head: Head,
    facts: Sequence[Fact],
    *,
    now: datetime,
    source: Source = Source.AUTOMATIC,
) -> list[Kept]:
    """Keep facts whose ids the log does not hold, behind the head that `take_turn` gave."""
    if not facts:
        return []
    start = now if head.received_at is None else max(now, head.received_at + _TICK)
    kept = [
        Kept(head.seq + number, fact, start + (number - 1) * _TICK)
        for number, fact in enumerate(facts, 1)
    ]
    await insert_many(connection, event, _chained(head, kept, source))
    return kept


async def known(connection: AsyncConnection, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the ids that the log holds."""
    found: set[UUID] = set()
    for some in batched(ids):
        query = sa.select(event.c.id).where(event.c.id.in_(some))
        found |= set((await connection.execute(query)).scalars())
    return frozenset(found)


async def take_turn(connection: AsyncConnection) -> Head:
    """One writer at a time, so that `seq` follows the order of commits. SQLite's BEGIN IMMEDIATE
    sees to that by itself."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    return await head(connection)


async def head(connection: AsyncConnection) -> Head:
    """The newest committed place."""
    query = sa.select(event.c.seq, event.c.chain, event.c.received_at)
    row = (await connection.execute(query.order_by(event.c.seq.desc()).limit(1))).one_or_none()
    return Head(0, GENESIS, None) if row is None else Head(row.seq, row.chain, row.received_at)


async def facts_of_lecture(
    connection: AsyncConnection, lecture: UUID, *kinds: type[Fact]
) -> list[Kept]:
    """A lecture's facts of these kinds that are not erased, in order."""
    tags = [str(kind.__struct_config__.tag) for kind in kinds]
    query = (
        sa.select(event.c.seq, event.c.payload, event.c.received_at)
        .where(event.c.lecture == lecture, event.c.kind.in_(tags), event.c.payload.is_not(None))
        .order_by(event.c.seq)
    )
    rows = await connection.execute(query)
    return [Kept(row.seq, decode(row.payload), row.received_at) for row in rows]


async def facts_after(connection: AsyncConnection, seq: int, limit: int) -> list[Kept]:
    """The next facts that are not erased; what a rebuild walks through."""
    query = (
        sa.select(event.c.seq, event.c.payload, event.c.received_at)
        .where(event.c.seq > seq, event.c.payload.is_not(None))
        .order_by(event.c.seq)
        .limit(limit)
    )
    rows = await connection.execute(query)
    return [Kept(row.seq, decode(row.payload), row.received_at) for row in rows]


async def chat(
    connection: AsyncConnection,
    lecture: UUID,
    *,
    reader: UUID | None = None,
    is_host: bool = False,
) -> list[ChatLine]:
    """The lecture's chat in the order in which it was kept. What was said to hosts only is left out,
    except for a host, and for the reader who said it."""
    lines = [kept.fact for kept in await facts_of_lecture(connection, lecture, ChatSaid)]
    return [
        ChatLine(line.id, line.at, line.person, line.name, line.text)
        for line in lines
        if isinstance(line, ChatSaid)
        and (not line.to_hosts or is_host or (reader is not None and line.person == reader))
    ]


async def erase(connection: AsyncConnection, seqs: Sequence[int], *, by: UUID) -> None:
    """Make tombstones of the rows: what the fact `by` gives as the reason is gone from them."""
    gone = dict.fromkeys(("payload", "salt", "person", "lecture", "run", "seat"))
    for some in batched(seqs):
        await connection.execute(
            event.update().where(event.c.seq.in_(some)).values(**gone, erased_by=by)
        )


def batched(keys: Sequence[K]) -> Iterator[Sequence[K]]:
    """As many at once as every database takes for one IN."""
    return (keys[at : at + _AT_ONCE] for at in range(0, len(keys), _AT_ONCE))


def commit_to(salt: bytes, row: sa.RowMapping | dict[str, Any]) -> bytes:
    """The commitment: a hash over everything that the row tells, which without the salt nobody
    can guess."""
    envelope = msgspec.json.encode(
        [
            row["id"],
            row["kind"],
            row["lecture"],
            row["run"],
            row["person"],
            row["seat"],
            row["occurred_at"],
            row["received_at"],
            int(row["source"]),
            row["payload"],
        ]
    )
    return hashlib.sha256(salt + envelope).digest()


def link(before: bytes, seq: int, identifier: UUID, commitment: bytes) -> bytes:
    """The next link of the chain."""
    return hashlib.sha256(before + seq.to_bytes(8) + identifier.bytes + commitment).digest()


async def _unknown(connection: AsyncConnection, facts: Iterable[Fact]) -> list[Fact]:
    """The facts that the log does not hold, each id once."""
    by_id: dict[UUID, Fact] = {}
    for fact in facts:
        by_id.setdefault(fact.id, fact)
    there = await known(connection, list(by_id))
    return [fact for identifier, fact in by_id.items() if identifier not in there]


def _chained(head: Head, kept: Iterable[Kept], source: Source) -> list[dict[str, Any]]:
    rows = []
    chain = head.chain
    for item in kept:
        row = _row(item, source)
        row["salt"] = secrets.token_bytes(16)
        row["commitment"] = commit_to(row["salt"], row)
        row["chain"] = chain = link(chain, item.seq, item.fact.id, row["commitment"])
        rows.append(row)
    return rows


def _row(kept: Kept, source: Source) -> dict[str, Any]:
    fact = kept.fact
    return {
        "seq": kept.seq,
        "id": fact.id,
        "kind": str(type(fact).__struct_config__.tag),
        "lecture": fact.lecture,
        "run": fact.run if isinstance(fact, RoomFact) else None,
        "person": fact.person,
        "seat": _seat(fact),
        "occurred_at": fact.at,
        "received_at": kept.received_at,
        "source": source,
        "payload": encode(fact),
    }


def _seat(fact: Fact) -> UUID | None:
    match fact:
        case SeatFact() | InRoomFact() | StatementReceived():
            return fact.seat
        case ViewFact():
            return fact.view
        case _:
            return None
