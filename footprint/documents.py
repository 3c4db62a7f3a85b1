"""Documents that other systems keep here: state, agent profiles, activity profiles (xAPI
Communication 2.2 to 2.7). They are no facts: who keeps one may change and delete it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import Conflict, Invalid, PreconditionFailed

xapi_document = sa.Table(
    "xapi_document",
    metadata,
    sa.Column("key", sa.LargeBinary(32), primary_key=True),
    sa.Column("scope", sa.LargeBinary(32), nullable=False, index=True),
    sa.Column("agent", sa.Text),  # whose it is, for who asks what is known of them
    sa.Column("registration", Id),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

_JSON: Final = "application/json"


class Kind(StrEnum):
    """What the document is about."""

    STATE = "state"
    AGENT_PROFILE = "agent-profile"
    ACTIVITY_PROFILE = "activity-profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a document's name means it."""

    kind: Kind
    activity: str | None = None
    agent: str | None = None  # one of Actor.identities
    registration: UUID | None = None

    @property
    def digest(self) -> bytes:
        """Of all but the registration: without one, states of every registration are meant."""
        return _digest(self.kind.value, self.activity, self.agent)

    def key(self, name: str) -> bytes:
        registration = None if self.registration is None else str(self.registration)
        return _digest(self.kind.value, self.activity, self.agent, registration, name)


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes of a media type."""

    content_type: str
    content: bytes
    updated_at: datetime

    @property
    def etag(self) -> str:
        """The quoted SHA-1, which the specification asks for (3.1)."""
        return f'"{hashlib.sha1(self.content, usedforsecurity=False).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class Condition:
    """The headers If-Match and If-None-Match: tags, or `*`."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    @property
    def is_empty(self) -> bool:
        return self.if_match is None and self.if_none_match is None

    def check(self, found: Document | None) -> None:
        """PreconditionFailed when the document is not what the sender believes."""
        tags = frozenset() if found is None else frozenset({found.etag, "*"})
        if self.if_match is not None and not self.if_match & tags:
            raise PreconditionFailed("The document is not the one that If-Match names.")
        if self.if_none_match is not None and self.if_none_match & tags:
            raise PreconditionFailed("There is such a document already, against If-None-Match.")


async def read(connection: AsyncConnection, scope: Scope, name: str) -> Document | None:
    """The document of that name."""
    columns = xapi_document.c
    query = sa.select(columns.content_type, columns.content, columns.updated_at)
    row = (await connection.execute(query.where(columns.key == scope.key(name)))).one_or_none()
    return None if row is None else Document(row.content_type, row.content, row.updated_at)


async def names(connection: AsyncConnection, scope: Scope, since: datetime | None) -> list[str]:
    """The names in the scope, of documents changed after `since`."""
    query = sa.select(xapi_document.c.name).where(*_within(scope)).distinct()
    if since is not None:
        query = query.where(xapi_document.c.updated_at > since)
    return list((await connection.execute(query.order_by(xapi_document.c.name))).scalars())


async def replace(
    connection: AsyncConnection,
    scope: Scope,
    name: str,
    new: Document,
    condition: Condition,
    *,
    is_blind: bool = False,
) -> None:
    """Keep the document instead of what is there. It is replaced only by who says which one they know,
    unless `is_blind`."""
    found = await _locked(connection, scope, name)
    if found is not None and condition.is_empty and not is_blind:
        raise Conflict("There is such a document: read it, then send its ETag as If-Match.")
    condition.check(found)
    await _write(connection, scope, name, new)


async def merge(
    connection: AsyncConnection,
    scope: Scope,
    name: str,
    new: Document,
    condition: Condition,
) -> None:
    """Lay the members of a JSON object over those of the one that is there; where none is, keep
    whatever comes (2.2, POST)."""
    found = await _locked(connection, scope, name)
    condition.check(found)
    if found is not None:
        content = msgspec.json.encode(_object(found) | _object(new))
        new = Document(_JSON, content, new.updated_at)
    await _write(connection, scope, name, new)


async def remove(
    connection: AsyncConnection, scope: Scope, name: str, condition: Condition
) -> None:
    """Delete the document, if it is there."""
    condition.check(await _locked(connection, scope, name))
    gone = xapi_document.delete().where(xapi_document.c.key == scope.key(name))
    await connection.execute(gone)


async def remove_all(connection: AsyncConnection, scope: Scope) -> None:
    """Delete every document of the scope."""
    await connection.execute(xapi_document.delete().where(*_within(scope)))


async def _locked(connection: AsyncConnection, scope: Scope, name: str) -> Document | None:
    """One writer of a document at a time; SQLite's BEGIN IMMEDIATE sees to it by itself."""
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(scope.key(name)[:8], signed=True)
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
    return await read(connection, scope, name)


async def _write(connection: AsyncConnection, scope: Scope, name: str, new: Document) -> None:
    key = scope.key(name)
    await connection.execute(xapi_document.delete().where(xapi_document.c.key == key))
    await connection.execute(
        xapi_document.insert().values(
            key=key,
            scope=scope.digest,
            agent=scope.agent,
            registration=scope.registration,
            name=name,
            content_type=new.content_type,
            content=new.content,
            updated_at=new.updated_at,
        )
    )


def _within(scope: Scope) -> list[sa.ColumnElement[bool]]:
    conditions = [xapi_document.c.scope == scope.digest]
    if scope.registration is not None:
        conditions.append(xapi_document.c.registration == scope.registration)
    return conditions


def _object(document: Document) -> dict[str, Any]:
    if document.content_type.partition(";")[0].strip() != _JSON:
        raise Invalid("Only documents of the type application/json can be merged.")
    try:
        return msgspec.json.decode(document.content, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"The document is no JSON object: {error}.") from error


def _digest(*parts: str | None) -> bytes:
    return hashlib.sha256(msgspec.json.encode(parts)).digest()
