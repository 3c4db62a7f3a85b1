"""The statement store: an index over the log by what xAPI asks for, and what strangers send.

A statement of ours is made of its fact at every reading; only a stranger's is kept as it came.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import log, mentions
from footprint.events import StatementReceived
from footprint.kinds import decode
from footprint.log import Kept, Sequence64, event
from footprint.statements import House, statement
from footprint.xapi import (
    VOIDED,
    Activity,
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
)

LARGEST_PAGE: Final = 500
_DEFINITIONS_LOOKED_AT: Final = 20
_LONGEST_KEY: Final = 1_000  # bytes; PostgreSQL's B-trees take 2,704 in a row
_RECEIVED: Final = str(StatementReceived.__struct_config__.tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which statements: all that is given must fit."""

    agent: str | None = None
    verb: str | None = None
    activity: str | None = None
    registration: UUID | None = None
    is_agent_related: bool = False  # wherever the agent stands in the statement
    is_activity_related: bool = False
    follows: bool = True  # find also what is about a statement that fits
    since: datetime | None = None
    until: datetime | None = None
    ascending: bool = False
    limit: int = 100
    beyond: int | None = None  # the `seq` where the page before ended


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A statement of ours with its place, as another store gets it."""

    seq: int
    id: UUID
    stored: datetime
    statement: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """One page of statements as JSON. `last` is where the next page begins, None at the end."""

    statements: list[bytes]
    last: int | None


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
    """Nothing more is told of these facts."""
    for some in log.batched(seqs):
        for table in (statements, mention):
            await connection.execute(sa.delete(table).where(table.c.seq.in_(some)))


async def find(connection: AsyncConnection, wanted: Wanted, house: House) -> Found:
    """The newest statements first, or the oldest when `ascending`, in the order of keeping."""
    fitting = _conditions(statements, wanted)
    rows = await _rows(connection, wanted, fitting)
    if fitting and wanted.follows:
        for about in _about(wanted):
            rows |= await _rows(connection, wanted, [about])
    ordered = [rows[seq] for seq in sorted(rows, reverse=not wanted.ascending)]
    page = ordered[: wanted.limit]
    last = page[-1].seq if len(ordered) > wanted.limit else None
    return Found([_document(row, house) for row in page], last)


async def one(
    connection: AsyncConnection, identifier: UUID, house: House, *, is_voided: bool = False
) -> bytes | None:
    """The statement of that id as JSON, if it is voided, or is not, as asked."""
    voided = _is_voided()
    query = _joined().where(statements.c.id == identifier, voided if is_voided else ~voided)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _document(row, house)


async def outgoing(
    connection: AsyncConnection, after: int, limit: int, house: House
) -> list[Outgoing]:
    """Our own statements behind a place, in order."""
    query = (
        _joined()
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


async def activity(connection: AsyncConnection, iri: str, house: House) -> Activity:
    """What statements tell of the activity: the newest definition, else nothing but its id."""
    query = _joined().where(statements.c.activity == key(iri))
    newest = query.order_by(statements.c.seq.desc()).limit(_DEFINITIONS_LOOKED_AT)
    for row in await connection.execute(newest):
        found = msgspec.json.decode(_document(row, house), type=Received)
        thing = found.thing
        if isinstance(thing, Activity) and thing.definition is not None:
            return thing
    return Activity(objectType="Activity", id=iri)


async def documents(
    connection: AsyncConnection, ids: Sequence[UUID], house: House
) -> dict[UUID, bytes]:
    """Those of the statements that exist, voided ones too."""
    found: dict[UUID, bytes] = {}
    for some in log.batched(ids):
        query = _joined().add_columns(statements.c.id).where(statements.c.id.in_(some))
        rows = await connection.execute(query)
        found |= {row.id: _document(row, house) for row in rows}
    return found


def _joined() -> sa.Select[Any]:
    """Rows whose payload is erased have nothing left to tell."""
    return (
        sa.select(statements.c.seq, event.c.payload, event.c.received_at)
        .join(event, event.c.seq == statements.c.seq)
        .where(event.c.payload.is_not(None))
    )


async def _rows(
    connection: AsyncConnection, wanted: Wanted, fitting: Sequence[sa.ColumnElement[bool]]
) -> dict[int, sa.Row[Any]]:
    """The first rows that fit and are on this page or just behind it, by `seq`."""
    order = statements.c.seq.asc() if wanted.ascending else statements.c.seq.desc()
    query = (
        _joined()
        .where(*fitting, *_bounds(wanted), ~_is_voided())
        .order_by(order)
        .limit(wanted.limit + 1)
    )
    return {row.seq: row for row in await connection.execute(query)}


def _conditions(table: sa.FromClause, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """What the content of a statement must be; bounds and pages are not content."""
    conditions = []
    if wanted.verb is not None:
        conditions.append(table.c.verb == key(wanted.verb))
    if wanted.registration is not None:
        conditions.append(table.c.registration == wanted.registration)
    for name, is_related in (
        ("agent", wanted.is_agent_related),
        ("activity", wanted.is_activity_related),
    ):
        value = getattr(wanted, name)
        if value is not None:
            related = table.c.seq.in_(
                sa.select(mention.c.seq).where(mention.c.digest == mentions.digest(name, value))
            )
            conditions.append(related if is_related else table.c[name] == key(value))
    return conditions


def _about(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    """Statements about a statement that fits, and about those (Communication 2.1.3); few are about
    any, so each of these is looked at."""
    first, second = statements.alias(), statements.alias()
    fits_first = _conditions(first, wanted)
    is_about = statements.c.target.is_not(None)
    to_first = first.c.id == statements.c.target
    yield is_about & sa.exists().where(to_first, *fits_first)
    chain = sa.exists().where(second.c.id == first.c.target, *_conditions(second, wanted))
    yield is_about & sa.exists().where(to_first, first.c.target.is_not(None), chain)


def _is_voided() -> sa.ColumnElement[bool]:
    voiding = statements.alias("voiding")
    says_so = sa.exists().where(voiding.c.target == statements.c.id, voiding.c.verb == VOIDED)
    return (statements.c.verb != VOIDED) & says_so


def _bounds(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    columns = statements.c
    bounds = []
    if wanted.since is not None:
        bounds.append(columns.stored > wanted.since)
    if wanted.until is not None:
        bounds.append(columns.stored <= wanted.until)
    if wanted.beyond is not None:
        seq = columns.seq
        bounds.append(seq > wanted.beyond if wanted.ascending else seq < wanted.beyond)
    return bounds


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
        return msgspec.json.decode(fact.statement, type=Received)
    return statement(fact, house)


def _document(row: sa.Row[Any], house: House) -> bytes:
    fact = decode(row.payload)
    if isinstance(fact, StatementReceived):
        members = msgspec.json.decode(fact.statement, type=dict[str, msgspec.Raw])
        return msgspec.json.encode(members | {"stored": row.received_at})
    ours = statement(fact, house)
    assert ours is not None  # only facts with a statement are indexed
    return msgspec.json.encode(
        msgspec.structs.replace(ours, stored=row.received_at, authority=_authority(house))
    )


def _authority(house: House) -> Actor:
    return house.actor(None)
