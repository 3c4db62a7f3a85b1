"""All views of the log, made anew from its first fact: presence, and the index of statements.

What comes of it is what the drain made, byte for byte. Facts are taken some thousands at a time, with
the intervals of the seats that they are about, so memory does not grow with the log.
"""

import gc
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import log, store
from footprint.edges import Beginning, Ending, change_of
from footprint.log import Kept
from footprint.presence import presence
from footprint.statements import House
from footprint.store import mention, statements
from kernel.database import insert_many

_AT_ONCE: Final = 5_000  # facts
_CACHE_KIB: Final = 262_144  # what SQLite may hold of the tables in memory
_VIEWS: Final = (presence, statements, mention)
_NEEDED: Final = frozenset(each for each in presence.indexes if "seat" in each.columns)


async def rebuild(connection: AsyncConnection, house: House) -> int:
    """Make all views anew, in one transaction; writers of the log wait. How many facts there were."""
    await log.take_turn(connection)
    for view in _VIEWS:
        await connection.execute(view.delete())
    async with _without_indexes(connection):
        with _without_collector():
            return await _walk(connection, house)


@asynccontextmanager
async def _without_indexes(connection: AsyncConnection) -> AsyncIterator[None]:
    """An index that is made of all rows at the end costs a fraction of one that grows by each.
    On SQLite the key of mentions is their table."""
    indexes = [index for view in _VIEWS for index in view.indexes]
    is_sqlite = connection.dialect.name == "sqlite"
    for index in indexes:
        if index not in _NEEDED:
            await connection.run_sync(index.drop, checkfirst=True)
    if is_sqlite:
        await connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
    else:
        await connection.execute(sa.schema.DropConstraint(mention.primary_key))
    yield
    for index in indexes:
        await connection.run_sync(index.create, checkfirst=True)
    if not is_sqlite:
        await connection.execute(
            sa.schema.AddConstraint(mention.primary_key, isolate_from_table=False)
        )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Of what is made here nothing refers to itself: looking for such costs a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


async def _walk(connection: AsyncConnection, house: House) -> int:
    seq, count = 0, 0
    while kept := await log.facts_after(connection, seq, _AT_ONCE):
        await _fold(connection, kept)
        await store.index(connection, kept, house)
        seq, count = kept[-1].seq, count + len(kept)
    return count


@dataclass(slots=True)
class _Interval:
    """A row of `presence`."""

    id: UUID
    seat: UUID
    run: UUID | None
    lecture: UUID
    person: UUID
    channel: str
    began_at: datetime
    ended_at: datetime | None = None
    received_s: int | None = None
    visible_s: int | None = None

    def row(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def prove(self, ending: Ending) -> bool:
        """Reach to its proof, if none so far is later; whether that changed anything."""
        before = (self.ended_at, self.received_s, self.visible_s)
        self.ended_at = max(self.ended_at or self.began_at, ending.last_proof_at)
        self.received_s = _most(self.received_s, ending.received_s)
        self.visible_s = _most(self.visible_s, ending.visible_s)
        return before != (self.ended_at, self.received_s, self.visible_s)


def _most(so_far: int | None, told: int | None) -> int | None:
    return max((each for each in (so_far, told) if each is not None), default=None)


@dataclass(slots=True)
class _Seats:
    """The intervals of some seats, by the identities of their beginnings."""

    of_seat: defaultdict[UUID, dict[UUID, _Interval]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    changed: dict[UUID, _Interval] = field(default_factory=dict)

    def begin(self, interval: _Interval) -> None:
        if interval.id not in self.of_seat[interval.seat]:
            self.of_seat[interval.seat][interval.id] = interval
            self.changed[interval.id] = interval

    def end(self, ending: Ending) -> None:
        """See `presence`: the newest that had begun when the fact happened, a later proof stands."""
        begun = [
            each
            for each in self.of_seat[ending.seat].values()
            if each.began_at <= ending.at and ending.run in {None, each.run}
        ]
        if not begun:
            return
        newest = max(begun, key=lambda each: (each.began_at, each.id))
        if newest.prove(ending):
            self.changed[newest.id] = newest


async def _fold(connection: AsyncConnection, kept: Sequence[Kept]) -> None:
    """Bring presence along by these facts."""
    changes = [change for item in kept if (change := change_of(item.fact))]
    seats = await _seats(connection, {change.seat for change in changes})
    there = {each for intervals in seats.of_seat.values() for each in intervals}
    for change in changes:
        match change:
            case Beginning():
                seats.begin(_Interval(**change.row()))
            case Ending():
                seats.end(change)
    await _write(connection, seats.changed, there)


async def _seats(connection: AsyncConnection, seats: Iterable[UUID]) -> _Seats:
    found = _Seats()
    for some in log.batched(list(seats)):
        rows = await connection.execute(sa.select(presence).where(presence.c.seat.in_(some)))
        for row in rows.mappings():
            found.of_seat[row["seat"]][row["id"]] = _Interval(**row)
    return found


async def _write(
    connection: AsyncConnection, changed: dict[UUID, _Interval], there: set[UUID]
) -> None:
    for some in log.batched([each for each in changed if each in there]):
        await connection.execute(presence.delete().where(presence.c.id.in_(some)))
    rows = [each.row() for each in changed.values()]
    await insert_many(connection, presence, rows)
