"""How long all views of the log take to be made anew: `python -m bench.rebuilding [--json] [--store URL] [--facts N]`.

A log of classes (joins, leaves, lines of chat, viewings) and no views; then they are made twice and must
be the same, byte for byte. Beside it the floor: reading every fact, and nothing else.
"""

import asyncio
import hashlib
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from bench.report import arguments, show_values
from daris.migrations.schema import migrate
from footprint import log
from footprint.presence import presence
from footprint.rebuilding import rebuild
from footprint.statements import House
from footprint.store import mention, statements
from kernel.database import Database
from kernel.facts import Fact
from kernel.ids import new_id
from live.events import ChatSaid, PersonJoined, PersonLeft
from player.events import Mode, ViewPaused, ViewPlayed

PEOPLE, CLASS = 5_000, 60
HOUSE = House("https://live.example.edu")
BEGAN_AT = datetime(2026, 9, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it."""

    store: str
    facts: int
    read_s: float
    rebuild_s: float
    facts_per_s: float
    rows: int
    is_same_again: bool
    grown_mib: float  # of the process, at its largest


async def measure(store: str, facts: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(store or f"sqlite:///{folder}/daris.db")
        await migrate(database)
        await _fill(database, facts)
        read = await _timed_reading(database)
        before = _largest_mib()
        started = time.perf_counter()
        count = await _rebuilt(database)
        took = time.perf_counter() - started
        grown = _largest_mib() - before
        rows, digest = await _digest(database)
        await _rebuilt(database)
        is_same = (rows, digest) == await _digest(database)
        name = database.engine.dialect.name
        await database.aclose()
    return Figures(
        name,
        count,
        round(read, 1),
        round(took, 1),
        round(count / took),
        rows,
        is_same,
        round(grown),
    )


async def _fill(database: Database, count: int) -> None:
    told = islice(_facts(), count)
    while some := list(islice(told, 5_000)):
        async with database.begin() as connection:
            await log.append(connection, some, now=datetime.now(UTC))


def _facts() -> Iterator[Fact]:
    """Lectures without end: of each stay five facts, of each viewing two."""
    chance, at = random.Random(1), BEGAN_AT
    while True:
        lecture, run, at = new_id(), new_id(), at + timedelta(minutes=50)
        for person in (UUID(int=chance.randrange(1, PEOPLE)) for _ in range(CLASS)):
            more: dict[str, Any] = {"at": at, "lecture": lecture, "person": person}
            seat = more | {"run": run, "seat": new_id(), "device": "laptop"}
            yield PersonJoined(id=new_id(), name="A student", role="student", **seat)
            for _ in range(3):
                yield ChatSaid(id=new_id(), name="A student", text="A line of chat", **seat)
            gone = at + timedelta(minutes=chance.randrange(1, 50))
            yield PersonLeft(
                id=new_id(), reason="gone", last_proof_at=gone, **(seat | {"at": gone})
            )
            view = more | {"view": new_id(), "mode": Mode.RECORDING, "position_ms": 0}
            yield ViewPlayed(id=new_id(), **view)
            yield ViewPaused(
                id=new_id(), segments=((0, 60_000),), last_proof_at=gone, **(view | {"at": gone})
            )


async def _timed_reading(database: Database) -> float:
    started, seq = time.perf_counter(), 0
    async with database.connect() as connection:
        while kept := await log.facts_after(connection, seq, 5_000):
            seq = kept[-1].seq
    return time.perf_counter() - started


async def _rebuilt(database: Database) -> int:
    async with database.begin() as connection:
        return await rebuild(connection, HOUSE)


async def _digest(database: Database) -> tuple[int, str]:
    """How many rows all views have, and a hash over them."""
    digest, count = hashlib.sha256(), 0
    async with database.connect() as connection:
        for view in (presence, statements, mention):
            rows = await connection.stream(sa.select(view).order_by(*view.primary_key))
            async for row in rows:
                digest.update(repr(tuple(row)).encode())
                count += 1
    return count, digest.hexdigest()


def _largest_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--store", default="", help="an empty database; SQLite in a new folder")
    parser.add_argument("--facts", type=int, default=50_000)
    asked = parser.parse_args()
    figures = asyncio.run(measure(asked.store, asked.facts))
    show_values("All views made anew from the log", figures, as_json=asked.json)


if __name__ == "__main__":
    main()
