"""A person's calendar feed: an address with a secret that calendar programs can read.

Only the secret's SHA-256 is kept, so the address is shown once, when it is made.
"""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import Person, person_by_id
from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import NotFound

feeds = sa.Table(
    "calendar_feeds",
    metadata,
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("secret_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
)


async def make_feed(connection: AsyncConnection, person: UUID, *, at: datetime) -> str:
    """A new secret; the one before ends."""
    secret = secrets.token_urlsafe(32)
    await revoke_feed(connection, person)
    row = {"person": person, "secret_hash": _hash(secret), "created_at": at}
    await connection.execute(feeds.insert().values(row))
    return secret


async def revoke_feed(connection: AsyncConnection, person: UUID) -> None:
    """The address ends; revoking twice is revoking once."""
    await connection.execute(feeds.delete().where(feeds.c.person == person))


async def feed_made_at(connection: AsyncConnection, person: UUID) -> datetime | None:
    """When the person's address was made; None if there is none."""
    query = sa.select(feeds.c.created_at).where(feeds.c.person == person)
    made_at: datetime | None = (await connection.execute(query)).scalar_one_or_none()
    return made_at


async def person_of_feed(connection: AsyncConnection, secret: str) -> Person:
    """Whose it is; NotFound when it is revoked, or the person is disabled."""
    query = sa.select(feeds.c.person).where(feeds.c.secret_hash == _hash(secret))
    found = (await connection.execute(query)).scalar_one_or_none()
    person = None if found is None else await person_by_id(connection, found)
    if person is None or person.disabled_at is not None:
        raise NotFound("There is no such calendar.")
    return person


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
