"""Notices: what people are to be told, as an outbox in the database.

A notice is inserted once, whoever and how many look for what is due: its key says what makes it the
same. It is claimed before it is sent and settled afterwards, so each is sent once; only a process that
dies between the two lets another send it again, under the same message id.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, UtcDateTime, insert_new, metadata
from kernel.ids import new_id

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("person", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("way", sa.String(8), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("key", sa.String(120), nullable=False),
    sa.Column("lecture", Id, sa.ForeignKey("lectures.id")),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False, index=True),
    sa.Column("not_after", UtcDateTime, nullable=False),  # nobody needs it any more
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_at", UtcDateTime, nullable=False),  # while waiting; a claim puts it off
    sa.Column("settled_at", UtcDateTime),
    sa.Column("error", sa.String(300), nullable=False),
    sa.UniqueConstraint("person", "way", "kind", "key"),
    sa.Index(
        "ix_notices_waiting",
        "next_at",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
)

BATCH: Final = 200  # notices that one process claims at once
LEASE: Final = timedelta(minutes=10)  # after it a claim counts as lost
KEPT: Final = timedelta(days=90)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=2)
_MOST_TRIES: Final = 12


class Way(StrEnum):
    """How it reaches the person."""

    MAIL = auto()
    WEBHOOK = auto()


class Kind(StrEnum):
    """What it tells."""

    REMINDER = auto()  # a class begins soon
    MOVED = auto()  # it is at another time or place, or somebody else teaches it
    CANCELLED = auto()
    ASSIGNMENT = auto()  # a recording is to be watched before a class
    DISPUTE = auto()  # somebody says that their attendance is counted wrong
    ANSWER = auto()  # to the one who said so
    CONFIRM = auto()  # an address; it goes there


class State(StrEnum):
    """What became of it."""

    WAITING = auto()
    SENT = auto()
    LATE = auto()  # nobody needed it any more
    FAILED = auto()


class Details(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a notice tells besides its lecture."""

    before: datetime | None = None  # when the class would have begun
    auditorium: str | None = None  # where it would have been, if it is not there any more
    recording: UUID | None = None  # the lecture whose recording is to be watched
    percent: int | None = None  # of it
    deadline: datetime | None = None
    is_granted: bool | None = None  # of an answer


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be told to one person by one way."""

    person: UUID
    way: Way
    kind: Kind
    key: str  # what makes it the same
    lecture: UUID | None
    not_after: datetime
    details: Details = Details()
    id: UUID = msgspec.field(default_factory=new_id)
    tries: int = 0


async def add_notices(
    connection: AsyncConnection, wanted: Iterable[Notice], *, now: datetime
) -> int:
    """Those that are not there yet; how many these were."""
    rows = [
        {
            "id": one.id,
            "person": one.person,
            "way": one.way,
            "kind": one.kind,
            "key": one.key,
            "lecture": one.lecture,
            "details": msgspec.json.encode(one.details).decode(),
            "made_at": now,
            "not_after": one.not_after,
            "state": State.WAITING,
            "tries": 0,
            "next_at": now,
            "error": "",
        }
        for one in wanted
    ]
    return await insert_new(connection, notices, rows, key=["person", "way", "kind", "key"])


async def keys_of_waiting(
    connection: AsyncConnection, kind: Kind, now: datetime
) -> set[tuple[UUID, Way, str]]:
    """Person, way and key of those that are there and that somebody may still need."""
    query = sa.select(notices.c.person, notices.c.way, notices.c.key).where(
        notices.c.kind == kind, notices.c.not_after > now
    )
    return {(row.person, Way(row.way), row.key) for row in await connection.execute(query)}


async def is_any_due(connection: AsyncConnection, *, now: datetime) -> bool:
    """Whether `claim` would find something."""
    due = sa.select(notices.c.id).where(notices.c.state == State.WAITING, notices.c.next_at <= now)
    return (await connection.execute(due.limit(1))).first() is not None


async def claim(connection: AsyncConnection, *, now: datetime) -> list[Notice]:
    """The next ones to send, the oldest first. Others leave them alone until LEASE is over."""
    due = (
        sa.select(notices)
        .where(notices.c.state == State.WAITING, notices.c.next_at <= now)
        .order_by(notices.c.next_at, notices.c.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    found = [_notice(row) for row in await connection.execute(due)]
    if found:
        put_off = {"next_at": now + LEASE, "tries": notices.c.tries + 1}
        await connection.execute(_update(found).values(put_off))
    return found


async def settle(
    connection: AsyncConnection, done: Sequence[Notice], state: State, *, at: datetime
) -> None:
    """They need no more care."""
    await connection.execute(_update(done).values(state=state, settled_at=at))


async def put_off(
    connection: AsyncConnection, failed: Sequence[Notice], reason: str, *, now: datetime
) -> None:
    """Try again later, longer each time; after many tries no more."""
    for one in failed:
        tries = one.tries + 1
        is_over = tries >= _MOST_TRIES
        pause = min(_FIRST_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE)
        values: dict[str, Any] = {"next_at": now + pause, "error": reason[:300]}
        if is_over:
            values |= {"state": State.FAILED, "settled_at": now}
        await connection.execute(_update([one]).values(values))


async def give_up(
    connection: AsyncConnection, failed: Sequence[Notice], reason: str, *, at: datetime
) -> None:
    """Nobody will ever take them."""
    values = {"state": State.FAILED, "settled_at": at, "error": reason[:300]}
    await connection.execute(_update(failed).values(values))


async def forget_old(connection: AsyncConnection, *, now: datetime) -> None:
    """What was settled long ago."""
    is_old = notices.c.made_at < now - KEPT, notices.c.state != State.WAITING
    await connection.execute(notices.delete().where(*is_old))


async def count_since(
    connection: AsyncConnection, person: UUID, kind: Kind, since: datetime
) -> int:
    """How many of a kind were made for the person since then."""
    query = sa.select(sa.func.count()).where(
        notices.c.person == person, notices.c.kind == kind, notices.c.made_at >= since
    )
    return int(await connection.scalar(query) or 0)


def _update(which: Collection[Notice]) -> sa.Update:
    return notices.update().where(notices.c.id.in_([one.id for one in which]))


def _notice(row: Any) -> Notice:
    return Notice(
        id=row.id,
        person=row.person,
        way=Way(row.way),
        kind=Kind(row.kind),
        key=row.key,
        lecture=row.lecture,
        not_after=row.not_after,
        details=msgspec.json.decode(row.details, type=Details),
        tries=row.tries,
    )
