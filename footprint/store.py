"""The statement store: an index over the log by what xAPI asks for (see `search`).

A statement of ours is made of its fact at every reading; only a stranger's is kept as it came.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import attachments, log, mentions
from footprint.events import StatementReceived
from footprint.kinds import decode
from footprint.log import Kept, Sequence64, event
from footprint.recollection import recalled
from footprint.statements import House, statement
from footprint.xapi import (
    VOIDED,
    Actor,
    Received,
    Statement,
)
from kernel.database import Id, UtcDateTime, insert_many, metadata
from kernel.facts import Fact

statements = sa.Table(
    "statement",
    metadata,
    sa.Column("seq", Sequence64, primary_key=True, autoincrement=False),
    sa.Column("id", Id, nullable=False, unique=True),
    sa.Column("agent", sa.Text, nullable=False),  # one of Actor.identities, or empty
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("activity", sa.Text),
    sa.Column("registration", Id),
    sa.Column("stored", UtcDateTime, nullable=False, index=True),
    sa.Column("target", Id),  # the statement that it is about; a voiding one voids it
    sa.Index("ix_statement_agent_seq", "agent", "seq"),
    sa.Index("ix_statement_verb_seq", "verb", "seq"),
    sa.Index("ix_statement_activity_seq", "activity", "seq"),
    sa.Index("ix_statement_registration_seq", "registration", "seq"),
    sa.Index(
        "ix_statement_about",  # those about others, in order
        "seq",
        sqlite_where=sa.text("target IS NOT NULL"),
        postgresql_where=sa.text("target IS NOT NULL"),
    ),
    sa.Index(
        "ix_statement_target",
        "target",
        sqlite_where=sa.text("target IS NOT NULL"),
        postgresql_where=sa.text("target IS NOT NULL"),
    ),
)

mention = sa.Table(
    "statement_mention",
    metadata,
    sa.Column("digest", sa.LargeBinary(16), primary_key=True),  # see `mentions.digest`
    sa.Column("seq", Sequence64, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

_LONGEST_KEY: Final = 1_000  # bytes; PostgreSQL's B-trees take 2,704 in a row
_RECEIVED: Final = str(StatementReceived.__struct_config__.tag)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A statement of ours with its place, as another store gets it."""

    seq: int
    id: UUID
    stored: datetime
    statement: bytes


async def index(
    connection: AsyncConnection,
    kept: Iterable[Kept],
    house: House,
    read: Mapping[UUID, Received] | None = None,
) -> None:
    """Make new facts findable, in the transaction that keeps them. `read` are strangers' statements
    that were just read, by the id of their fact."""
    read = read or {}
    told = [
        (item, it) for item in kept if (it := read.get(item.fact.id) or _told(item.fact, house))
    ]
    rows = [_row(item, it) for item, it in told]
    await insert_many(connection, statements, rows, key=["id"])
    named = [
        {"digest": each, "seq": item.seq}
        for item, it in told
        for each in mentions.digests(it, authority=_authority(house))
    ]
    await insert_many(connection, mention, named)


async def forget(connection: AsyncConnection, seqs: Sequence[int]) -> None:
    """Nothing more is told of these facts, and their files go."""
    await attachments.forget(connection, seqs)
    for some in log.batched(seqs):
        for table in (statements, mention):
            await connection.execute(sa.delete(table).where(table.c.seq.in_(some)))


async def one(
    connection: AsyncConnection, identifier: UUID, house: House, *, is_voided: bool = False
) -> bytes | None:
    """The statement of that id as JSON, if it is voided, or is not, as asked."""
    its = voided(statements)
    query = joined().where(statements.c.id == identifier, its if is_voided else ~its)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else document(row, house)


async def outgoing(
    connection: AsyncConnection, after: int, limit: int, house: House
) -> list[Outgoing]:
    """Our own statements behind a place, in order."""
    query = (
        joined()
        .where(statements.c.seq > after, event.c.kind != _RECEIVED)
        .order_by(statements.c.seq)
        .limit(limit)
    )
    found = []
    for row in await connection.execute(query):
        ours = statement(decode(row.payload), house)
        assert ours is not None  # only facts with a statement are indexed
        assert ours.id is not None  # of ours each has one
        found.append(Outgoing(row.seq, ours.id, row.received_at, msgspec.json.encode(ours)))
    return found


async def documents(
    connection: AsyncConnection, ids: Sequence[UUID], house: House
) -> dict[UUID, bytes]:
    """Those of the statements that exist, voided ones too."""
    found: dict[UUID, bytes] = {}
    for some in log.batched(ids):
        query = joined().add_columns(statements.c.id).where(statements.c.id.in_(some))
        rows = await connection.execute(query)
        found |= {row.id: document(row, house) for row in rows}
    return found


def joined() -> sa.Select[Any]:
    """What a statement is made of. Rows whose payload is erased have nothing left to tell."""
    return (
        sa.select(statements.c.seq, event.c.payload, event.c.received_at)
        .join(event, event.c.seq == statements.c.seq)
        .where(event.c.payload.is_not(None))
    )


def voided(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Of rows of `statements` or an alias of it. What voids can't be voided itself."""
    voiding = statements.alias("voiding")
    says_so = sa.exists().where(voiding.c.target == table.c.id, voiding.c.verb == VOIDED)
    return (table.c.verb != VOIDED) & says_so


def _row(kept: Kept, told: Received | Statement) -> dict[str, Any]:
    return {
        "seq": kept.seq,
        "id": told.id,
        "agent": key(next(iter(told.actor.identities), "")),
        "verb": key(told.verb.id),
        "activity": None if told.activity is None else key(told.activity),
        "registration": told.context.registration if told.context else None,
        "stored": kept.received_at,
        "target": told.target,
    }


def key(text: str) -> str:
    """The text as it is looked up: itself, or a hash where no index takes it."""
    data = text.encode()
    if len(data) > _LONGEST_KEY or b"\0" in data:
        return f"sha256 {hashlib.sha256(data).hexdigest()}"
    return text


def _told(fact: Fact, house: House) -> Received | Statement | None:
    if isinstance(fact, StatementReceived):
        return recalled(fact.statement)
    return statement(fact, house)


def document(row: sa.Row[Any], house: House) -> bytes:
    """The statement of a row of `joined`, as it is given out."""
    fact = decode(row.payload)
    if isinstance(fact, StatementReceived):
        members = msgspec.json.decode(fact.statement, type=dict[str, msgspec.Raw])
        stored = {"stored": row.received_at}
        return msgspec.json.encode({"timestamp": row.received_at} | members | stored)
    ours = statement(fact, house)
    assert ours is not None  # only facts with a statement are indexed
    return msgspec.json.encode(
        msgspec.structs.replace(ours, stored=row.received_at, authority=_authority(house))
    )


def _authority(house: House) -> Actor:
    return house.actor(None)
