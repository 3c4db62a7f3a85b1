"""Feeds: addresses with a secret, that calendar programs and podcast players can read.

Each is of one person, who may read what they may read on the pages, on the day of the reading. Only the
secret's SHA-256 is kept, so an address is shown once, when it is made.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import Person, person_by_id
from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import Conflict, NotFound
from kernel.ids import new_id

MOST_FEEDS = 100  # of one person

feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("person", Id, sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("what", sa.String(10), nullable=False),
    sa.Column("course", Id, sa.ForeignKey("courses.id")),
    sa.Column("channel", sa.String(40), sa.ForeignKey("channels.id")),
    sa.Column("secret_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
)


class What(StrEnum):
    """What a feed tells."""

    CALENDAR = auto()  # iCalendar
    RECORDINGS = auto()  # RSS


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Of what: one's own lectures, unless a course or a channel is named."""

    what: What = What.CALENDAR
    course: UUID | None = None
    channel: str | None = None


OWN_CALENDAR = Topic()


@dataclass(frozen=True, slots=True)
class Feed:
    """An address that was made; its secret is known to the person alone."""

    id: UUID
    person: UUID
    topic: Topic
    created_at: datetime


async def make_feed(
    connection: AsyncConnection, person: UUID, *, at: datetime, topic: Topic = OWN_CALENDAR
) -> str:
    """A new secret; the one of the same topic before ends. Conflict when there are very many."""
    secret = secrets.token_urlsafe(32)
    await revoke_feed(connection, person, topic=topic)
    if len(await feeds_of(connection, person)) >= MOST_FEEDS:
        raise Conflict(f"You have {MOST_FEEDS} addresses already; revoke some.")
    row = {
        "id": new_id(),
        "person": person,
        "what": topic.what,
        "course": topic.course,
        "channel": topic.channel,
        "secret_hash": _hash(secret),
        "created_at": at,
    }
    await connection.execute(feeds.insert().values(row))
    return secret


async def revoke_feed(
    connection: AsyncConnection, person: UUID, *, topic: Topic = OWN_CALENDAR
) -> None:
    """The address ends; revoking twice is revoking once."""
    await connection.execute(feeds.delete().where(feeds.c.person == person, *_is_of(topic)))


async def revoke_feed_by_id(connection: AsyncConnection, person: UUID, feed: UUID) -> None:
    """NotFound when the person has no such address."""
    done = await connection.execute(
        feeds.delete().where(feeds.c.person == person, feeds.c.id == feed)
    )
    if done.rowcount == 0:
        raise NotFound("There is no such address.")


async def feeds_of(connection: AsyncConnection, person: UUID) -> list[Feed]:
    """The newest first."""
    query = sa.select(feeds).where(feeds.c.person == person)
    rows = await connection.execute(query.order_by(feeds.c.created_at.desc(), feeds.c.id))
    return [_feed(row) for row in rows]


async def feed_made_at(
    connection: AsyncConnection, person: UUID, *, topic: Topic = OWN_CALENDAR
) -> datetime | None:
    """When the person's address was made; None if there is none."""
    query = sa.select(feeds.c.created_at).where(feeds.c.person == person, *_is_of(topic))
    made_at: datetime | None = (await connection.execute(query)).scalar_one_or_none()
    return made_at


async def feed_of(connection: AsyncConnection, secret: str, what: What) -> tuple[Feed, Person]:
    """Whose it is; NotFound when it is revoked, tells something else, or the person is disabled."""
    query = sa.select(feeds).where(feeds.c.secret_hash == _hash(secret), feeds.c.what == what)
    row = (await connection.execute(query)).one_or_none()
    person = None if row is None else await person_by_id(connection, row.person)
    if person is None or person.disabled_at is not None:
        raise NotFound("There is no such calendar." if what is What.CALENDAR else "No such feed.")
    return _feed(row), person


def _is_of(topic: Topic) -> tuple[sa.ColumnElement[bool], ...]:
    """`is_` for what may be null."""
    return (
        feeds.c.what == topic.what,
        feeds.c.course.is_(None) if topic.course is None else feeds.c.course == topic.course,
        feeds.c.channel.is_(None) if topic.channel is None else feeds.c.channel == topic.channel,
    )


def _feed(row: Any) -> Feed:
    topic = Topic(what=What(row.what), course=row.course, channel=row.channel)
    return Feed(row.id, row.person, topic, row.created_at)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
