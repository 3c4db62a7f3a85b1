"""Credentials: what proves who someone is. Browser sessions and API tokens are one table.

A token is random and shown once; only its SHA-256 is kept.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import add_person, people
from identity.rights import Role, Viewer
from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import NotFound
from kernel.ids import new_id

SESSION_LIFE = timedelta(days=14)
TOKEN_LIFE = timedelta(days=365)
TOKEN_PREFIX = "daris_"  # noqa: S105  lets people and scanners recognise a leaked one


class Kind(StrEnum):
    """Where a credential is used."""

    SESSION = auto()  # a browser's cookie
    API = auto()  # an Authorization header


credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("person", Id, sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("roles", sa.JSON(none_as_null=True)),  # null: all that the person has
    sa.Column("label", sa.String(200), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime),  # to within ten minutes
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A row without its secret, as its owner may see it."""

    id: UUID
    kind: Kind
    person: UUID
    roles: frozenset[Role] | None
    label: str
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token stands for."""

    credential: UUID
    viewer: Viewer
    used_at: datetime | None
    expires_at: datetime


_SHOWN = [c for c in credentials.c if c.name not in {"token_hash", "revoked_at"}]


async def add_session(connection: AsyncConnection, person: UUID, *, at: datetime) -> str:
    """A fresh session of the person; returns the token for the cookie."""
    token = secrets.token_urlsafe(32)
    await _insert(connection, token, _new(Kind.SESSION, person, at, SESSION_LIFE))
    return token


async def add_token(
    connection: AsyncConnection,
    person: UUID,
    *,
    at: datetime,
    roles: Iterable[Role] | None = None,
    label: str = "",
    life: timedelta = TOKEN_LIFE,
) -> tuple[str, Credential]:
    """An API token of the person, narrowed to `roles` when given; the text is shown only now."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    narrowed = None if roles is None else frozenset(roles)
    credential = _new(Kind.API, person, at, life, roles=narrowed, label=label)
    await _insert(connection, token, credential)
    return token, credential


async def add_token_for_role(
    connection: AsyncConnection, role: Role, *, at: datetime, name: str | None = None
) -> tuple[str, UUID]:
    """A token and a new person of that role to hold it, for scripts and tests."""
    mark = new_id().hex[-8:]
    person = await add_person(
        connection,
        login=f"{role}-{mark}",
        name=name or f"{role.capitalize()} {mark}",
        roles={role},
        at=at,
    )
    token, _ = await add_token(connection, person.id, at=at, label=f"token create --role {role}")
    return token, person.id


async def holder_of(connection: AsyncConnection, token: str, *, now: datetime) -> Holder | None:
    """Whom the token stands for; None when it is unknown, over, revoked or its person disabled."""
    query = sa.select(
        *credentials.c["id", "person", "used_at", "expires_at"],
        credentials.c.roles.label("narrowed"),
        *people.c["name", "roles", "locale", "zone"],
    ).where(
        credentials.c.token_hash == token_hash(token),
        credentials.c.person == people.c.id,
        credentials.c.revoked_at.is_(None),
        credentials.c.expires_at > now,
        people.c.disabled_at.is_(None),
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _holder(row)


async def mark_used(connection: AsyncConnection, credential: UUID, *, at: datetime) -> None:
    await connection.execute(
        credentials.update().where(credentials.c.id == credential).values(used_at=at)
    )


async def list_tokens(
    connection: AsyncConnection, person: UUID, *, now: datetime
) -> list[Credential]:
    """The person's API tokens that still work, newest first."""
    query = sa.select(*_SHOWN).where(
        credentials.c.person == person,
        credentials.c.kind == Kind.API,
        credentials.c.revoked_at.is_(None),
        credentials.c.expires_at > now,
    )
    rows = await connection.execute(query.order_by(credentials.c.id.desc()))
    return [_credential(row) for row in rows]


async def revoke(
    connection: AsyncConnection, credential: UUID, *, person: UUID, at: datetime
) -> None:
    """End one credential of the person; NotFound when it is not theirs or already over."""
    done = await connection.execute(
        credentials.update()
        .where(
            credentials.c.id == credential,
            credentials.c.person == person,
            credentials.c.revoked_at.is_(None),
        )
        .values(revoked_at=at)
    )
    if done.rowcount == 0:
        raise NotFound("There is no such token.")


async def revoke_token(connection: AsyncConnection, token: str, *, at: datetime) -> None:
    """End the credential of this very token; nothing happens when there is none."""
    await connection.execute(
        credentials.update()
        .where(credentials.c.token_hash == token_hash(token), credentials.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


async def revoke_all(connection: AsyncConnection, person: UUID, *, at: datetime) -> None:
    """End every session and token of the person: a changed password, a lost laptop."""
    await connection.execute(
        credentials.update()
        .where(credentials.c.person == person, credentials.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


async def drop_expired(connection: AsyncConnection, *, before: datetime) -> int:
    """Delete what was over before that moment; how many rows."""
    done = await connection.execute(credentials.delete().where(credentials.c.expires_at < before))
    return done.rowcount


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _new(
    kind: Kind,
    person: UUID,
    at: datetime,
    life: timedelta,
    *,
    roles: frozenset[Role] | None = None,
    label: str = "",
) -> Credential:
    return Credential(
        id=new_id(),
        kind=kind,
        person=person,
        roles=roles,
        label=label[:200],
        created_at=at,
        used_at=None,
        expires_at=at + life,
    )


async def _insert(connection: AsyncConnection, token: str, credential: Credential) -> None:
    row = {
        "id": credential.id,
        "token_hash": token_hash(token),
        "kind": credential.kind,
        "person": credential.person,
        "roles": None if credential.roles is None else sorted(credential.roles),
        "label": credential.label,
        "created_at": credential.created_at,
        "expires_at": credential.expires_at,
    }
    await connection.execute(credentials.insert().values(row))


def _holder(row: Any) -> Holder:
    roles = frozenset(Role(role) for role in row.roles)
    if row.narrowed is not None:
        roles &= frozenset(Role(role) for role in row.narrowed)
    viewer = Viewer(
        person_id=row.person, name=row.name, roles=roles, locale=row.locale, zone=row.zone
    )
    return Holder(row.id, viewer, row.used_at, row.expires_at)


def _credential(row: sa.Row[Any]) -> Credential:
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row's mapping
    roles = values["roles"]
    narrowed = None if roles is None else frozenset(Role(role) for role in roles)
    return Credential(**{**values, "kind": Kind(values["kind"]), "roles": narrowed})
