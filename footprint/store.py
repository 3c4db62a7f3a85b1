"""The statement store: an index over the log by what xAPI asks for, and what strangers send.

A statement of ours is made of its fact at every reading; only a stranger's is kept as it came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import log
from footprint.events import StatementReceived
from footprint.kinds import decode
from footprint.log import Kept, Sequence64, event
from footprint.statements import House, statement
from footprint.xapi import Actor, Received, Statement, matter, receive
from kernel.database import Id, UtcDateTime, insert_new, metadata
from kernel.errors import Conflict, Invalid
from kernel.facts import Fact
from kernel.ids import new_id

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
    sa.Index("ix_statement_agent_seq", "agent", "seq"),
    sa.Index("ix_statement_verb_seq", "verb", "seq"),
    sa.Index("ix_statement_activity_seq", "activity", "seq"),
    sa.Index("ix_statement_registration_seq", "registration", "seq"),
)

LARGEST_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which statements: all that is given must fit."""

    agent: str | None = None
    verb: str | None = None
    activity: str | None = None
    registration: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    ascending: bool = False
    limit: int = 100
    beyond: int | None = None  # the `seq` where the page before ended


@dataclass(frozen=True, slots=True)
class Found:
    """One page of statements as JSON. `last` is where the next page begins, None at the end."""

    statements: list[bytes]
    last: int | None


async def index(connection: AsyncConnection, kept: Iterable[Kept], house: House) -> None:
    """Make new facts findable, in the transaction that keeps them."""
    rows = [row for item in kept if (row := _row(item, house))]
    await insert_new(connection, statements, rows, key=["id"])


async def find(connection: AsyncConnection, wanted: Wanted, house: House) -> Found:
    """The newest statements first, or the oldest when `ascending`, in the order of keeping."""
    order = statements.c.seq.asc() if wanted.ascending else statements.c.seq.desc()
    query = _joined().where(*_conditions(wanted)).order_by(order).limit(wanted.limit + 1)
    rows = (await connection.execute(query)).all()
    page = rows[: wanted.limit]
    last = page[-1].seq if len(rows) > wanted.limit else None
    return Found([_document(row, house) for row in page], last)


async def one(connection: AsyncConnection, identifier: UUID, house: House) -> bytes | None:
    """The statement of that id as JSON."""
    return (await _documents(connection, [identifier], house)).get(identifier)


async def take(
    connection: AsyncConnection,
    documents: Sequence[bytes | msgspec.Raw],
    house: House,
    *,
    by: UUID | None,
    now: datetime,
) -> list[UUID]:
    """Keep strangers' statements, all or none; their ids in order.

    Invalid when one is not a statement, Conflict when its id belongs to a different one. A
    statement that is there already is left as it is.
    """
    facts = [_fact(receive(raw), bytes(raw), house, by, now) for raw in documents]
    ids = [fact.id for fact in facts]
    if len(set(ids)) < len(ids):
        raise Invalid("Two statements of one request have the same id.")
    await log.take_turn(connection)
    known = await _documents(connection, ids, house)
    fresh = [fact for fact in facts if not _is_kept(fact, known)]
    kept = await log.append(connection, fresh, now=now, source=log.Source.ELSEWHERE)
    if len(kept) < len(fresh):
        raise Conflict("One of these ids belongs to something that is no statement.")
    await index(connection, kept, house)
    return ids


async def _documents(
    connection: AsyncConnection, ids: Sequence[UUID], house: House
) -> dict[UUID, bytes]:
    """Those of the statements that exist."""
    query = _joined().add_columns(statements.c.id).where(statements.c.id.in_(ids))
    return {row.id: _document(row, house) for row in await connection.execute(query)}


def _is_kept(fact: StatementReceived, known: Mapping[UUID, bytes]) -> bool:
    document = known.get(fact.id)
    if document is not None and matter(document) != matter(bytes(fact.statement)):
        raise Conflict(f"There is a different statement with the id {fact.id}.")
    return document is not None


def _joined() -> sa.Select[Any]:
    """Rows whose payload is erased have nothing left to tell."""
    return (
        sa.select(statements.c.seq, event.c.payload, event.c.received_at)
        .join(event, event.c.seq == statements.c.seq)
        .where(event.c.payload.is_not(None))
    )


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    columns = statements.c
    conditions = [
        columns[name] == value
        for name in ("agent", "verb", "activity", "registration")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.since is not None:
        conditions.append(columns.stored > wanted.since)
    if wanted.until is not None:
        conditions.append(columns.stored <= wanted.until)
    if wanted.beyond is not None:
        seq = columns.seq
        conditions.append(seq > wanted.beyond if wanted.ascending else seq < wanted.beyond)
    return conditions


def _row(kept: Kept, house: House) -> dict[str, Any] | None:
    told = _told(kept.fact, house)
    if told is None:
        return None
    registration = told.context.registration if told.context else None
    return {
        "seq": kept.seq,
        "id": told.id,
        "agent": next(iter(told.actor.identities), ""),
        "verb": told.verb.id,
        "activity": told.activity,
        "registration": registration,
        "stored": kept.received_at,
    }


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


def _fact(
    statement: Received, raw: bytes, house: House, by: UUID | None, now: datetime
) -> StatementReceived:
    identifier = statement.id or new_id()
    members = msgspec.json.decode(raw, type=dict[str, Any])
    members.pop("stored", None)
    members |= {
        "id": str(identifier),
        "timestamp": members.get("timestamp") or now,
        "version": members.get("version") or "1.0.0",
        "authority": house.actor(by),
    }
    return StatementReceived(
        id=identifier,
        at=now,
        person=_ours(statement.actor, house),
        statement=msgspec.Raw(msgspec.json.encode(members)),
    )


def _ours(actor: Actor, house: House) -> UUID | None:
    """The person, when the account is one of this service."""
    if actor.account is None or actor.account.homePage != house.address:
        return None
    try:
        return UUID(actor.account.name)
    except ValueError:
        return None


def _authority(house: House) -> Actor:
    return house.actor(None)
