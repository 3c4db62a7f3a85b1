"""The drain: from the journal, where facts are durable at once, into the event log.

At least once in, exactly once kept: a batch is acknowledged after its transaction has committed,
and the log ignores an id that it holds. A database that is away stops nothing: the journal waits.
A record that can't be kept is set aside with the reason, and the rest goes on. A journal belongs
to one process (it is locked), and a process runs one drain.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import log as event_log
from footprint import presence, purposes, store
from footprint.kinds import decode
from footprint.statements import House
from kernel.clock import Clock
from kernel.database import Database, UtcDateTime, insert_new, metadata
from kernel.facts import Fact
from kernel.journal import Batch, Journal, Position

log = structlog.get_logger()

KEPT = Counter("daris_footprint_facts", "Facts kept in the event log")
SET_ASIDE = Counter("daris_footprint_facts_set_aside", "Records that are no facts")
FAILURES = Counter("daris_footprint_drain_failures", "Attempts that the database did not take")
BACKLOG = Gauge("daris_footprint_backlog_bytes", "Bytes of facts that the log does not have yet")

fact_set_aside = sa.Table(
    "fact_set_aside",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("record", sa.LargeBinary, nullable=False),
)

SILENCE: Final = timedelta(minutes=2)  # whoever proved nothing for so long is gone
_SWEEP_EVERY: Final = timedelta(seconds=30)
_GATHER_SECONDS: Final = 0.05  # facts are safe in the journal; together they cost a tenth
_GATHER_IN_A_CROWD_SECONDS: Final = 0.25
_CROWD: Final = 8  # facts that came while so many were gathered
_FIRST_PAUSE: Final = timedelta(milliseconds=250)
_LONGEST_PAUSE: Final = timedelta(seconds=30)
_FAULTS: Final = (SQLAlchemyError, ValueError, TypeError, LookupError, ArithmeticError)


@dataclass(slots=True)
class Drain:
    """Run it in a task group, as long as the journal is open."""

    journal: Journal
    database: Database
    clock: Clock
    house: House
    batch_size: int = 500
    first_pause: timedelta = _FIRST_PAUSE
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self) -> None:
        """Drain and sweep until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._drain(), name="footprint-drain")
            tasks.create_task(self._sweep(), name="footprint-sweep")

    async def settle(self) -> None:
        """Wait until everything that is in the journal now is in the log."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.journal.backlog_bytes() == 0)

    async def catch_up(self, patience: timedelta) -> None:
        """Wait until what is in the journal now is in the log, at most so long."""
        end = self.journal.end
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience.total_seconds()), self._moved:
                await self._moved.wait_for(lambda: self.journal.drained >= end)

    async def shed(self) -> None:
        """Wait until all that is in the journal now is in the log, and nothing of it in the journal."""
        segment = await self.journal.rotate()
        async with self._moved:
            await self._moved.wait_for(lambda: self.journal.drained.segment >= segment)

    async def step(self, batch: Batch) -> None:
        """Keep one batch, then acknowledge it."""
        await self._keep(batch.records)
        await self.journal.acknowledge(batch)

    async def sweep(self) -> None:
        """End whoever fell silent. Not while facts wait: those may prove them there."""
        if self.journal.backlog_bytes():
            return
        now = self.clock.now()
        async with self.database.begin() as connection:
            gone = await presence.lost(connection, now - SILENCE)
            await self._keep_facts(connection, gone)
        if gone:
            log.info("footprint.silent_ended", count=len(gone))

    async def _drain(self) -> None:
        end: Position | None = None
        while True:
            batch = await self.journal.read(self.batch_size)
            if not batch.records and batch.end == end:
                log.error("footprint.journal_damaged", segment=end.segment, offset=end.offset)
                await asyncio.sleep(_LONGEST_PAUSE.total_seconds())
            await self._persist(batch)
            end = batch.end
            BACKLOG.set(self.journal.backlog_bytes())
            async with self._moved:
                self._moved.notify_all()
            is_crowd = len(batch.records) >= _CROWD
            await asyncio.sleep(_GATHER_IN_A_CROWD_SECONDS if is_crowd else _GATHER_SECONDS)

    async def _persist(self, batch: Batch) -> None:
        """One batch, however long the database stays away."""
        pause = self.first_pause
        while True:
            try:
                return await self.step(batch)
            except (SQLAlchemyError, OSError) as error:
                FAILURES.inc()
                BACKLOG.set(self.journal.backlog_bytes())
                log.warning("footprint.drain_waits", reason=_reason(error), pause=pause)
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _sweep(self) -> None:
        while True:
            try:
                await self.sweep()
            except (SQLAlchemyError, OSError) as error:
                log.warning("footprint.sweep_waits", reason=_reason(error))
            await asyncio.sleep(_SWEEP_EVERY.total_seconds())

    async def _keep(self, records: Sequence[bytes]) -> None:
        """All in one transaction; a record that can't be kept is found by halving."""
        try:
            async with self.database.begin() as connection:
                await self._keep_records(connection, records)
        except _FAULTS as error:
            if not _is_of_a_record(error):
                raise
            if len(records) == 1:
                async with self.database.begin() as connection:
                    await self._put_aside(connection, records[0], _reason(error))
                return
            middle = len(records) // 2
            await self._keep(records[:middle])
            await self._keep(records[middle:])

    async def _keep_records(self, connection: AsyncConnection, records: Sequence[bytes]) -> None:
        facts = []
        for record in records:
            try:
                facts.append(decode(record))
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                await self._put_aside(connection, record, str(error))
        await self._keep_facts(connection, await purposes.collected(connection, facts))

    async def _keep_facts(self, connection: AsyncConnection, facts: Sequence[Fact]) -> None:
        """Log, presence and statements move together, in one transaction."""
        events = [fact for fact in facts if not isinstance(fact, presence.CHECKPOINTS)]
        kept = await event_log.append(connection, events, now=self.clock.now())
        await store.index(connection, kept, self.house)
        KEPT.inc(len(kept))
        fresh = {item.fact.id: item.fact for item in kept}
        news = (f for f in facts if isinstance(f, presence.CHECKPOINTS) or fresh.get(f.id) is f)
        endings = await presence.apply(connection, news)
        if endings:
            await self._keep_facts(connection, endings)

    async def _put_aside(self, connection: AsyncConnection, record: bytes, reason: str) -> None:
        row = {
            "digest": hashlib.sha256(record).digest(),
            "received_at": self.clock.now(),
            "reason": reason,
            "record": record,
        }
        SET_ASIDE.inc(await insert_new(connection, fact_set_aside, [row], key=["digest"]))
        log.error("footprint.fact_set_aside", reason=reason)


def _is_of_a_record(error: Exception) -> bool:
    """Whether the record is to blame. If it is the database, waiting helps and nothing is lost."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    return isinstance(error, StatementError) or not isinstance(error, SQLAlchemyError)


def _reason(error: Exception) -> str:
    """The database's own words, without the statement and its values."""
    lines = str(getattr(error, "orig", None) or error).splitlines()
    return lines[0] if lines else type(error).__name__
