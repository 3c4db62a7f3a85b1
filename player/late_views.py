"""Sittings that were handed in: each once, for one person."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, UtcDateTime, insert_new, metadata
from kernel.errors import Conflict
from kernel.facts import Recorder
from player.watch_record import LateView, Packed, WatchRecord, check, facts

case_view = sa.Table(
    "case_view",
    metadata,
    sa.Column("view", Id, primary_key=True),
    sa.Column("package", Id, nullable=False),
    sa.Column("lecture", Id, nullable=False),
    sa.Column("person", Id, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
)


class Taken(msgspec.Struct, frozen=True):
    """How many sittings are new, and how many had been handed in before."""

    taken: int
    known: int


async def take(
    connection: AsyncConnection,
    recorder: Recorder,
    record: WatchRecord,
    person: UUID,
    held: Packed,
    *,
    now: datetime,
) -> Taken:
    """Keep what is new in the record, as facts of this person's. Refused when it can't be true,
    Conflict when somebody else handed it in.

    In one transaction: if the facts can't be kept it can be handed in again.
    """
    check(record, length_ms=held.length_ms, now=now)
    fresh = [
        view for view in record.views if await _is_new(connection, record, view, person, now=now)
    ]
    await _refuse_others(connection, record.views, person)
    told = [fact for view in fresh for fact in facts(view, record.lecture, person, held)]
    if told:
        await recorder.record(*told)
    return Taken(len(fresh), len(record.views) - len(fresh))


async def _is_new(
    connection: AsyncConnection, record: WatchRecord, view: LateView, person: UUID, *, now: datetime
) -> bool:
    row = {
        "view": view.view,
        "package": record.package,
        "lecture": record.lecture,
        "person": person,
        "received_at": now,
    }
    return await insert_new(connection, case_view, [row], key=["view"]) == 1


async def _refuse_others(
    connection: AsyncConnection, views: Sequence[LateView], person: UUID
) -> None:
    theirs = sa.select(case_view.c.view).where(
        case_view.c.view.in_([view.view for view in views]), case_view.c.person != person
    )
    if (await connection.execute(theirs.limit(1))).first():
        raise Conflict("Somebody else has handed in this watch record.")
