"""The eraser: all the places in which a person is, in the order in which they must be cleaned."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog

from footprint import dead_letters, erasure
from footprint.drain import Drain
from footprint.erasure import Erased, Ground, Traces
from footprint.statements import House
from kernel.clock import Clock
from kernel.database import Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Eraser:
    """Needs a drain that runs."""

    database: Database
    clock: Clock
    house: House
    drain: Drain
    outbox_folder: Path

    async def look(self, person: UUID) -> Traces:
        """The dry run."""
        await self.drain.settle()
        async with self.database.connect() as connection:
            return await erasure.traces(connection, person, self.house)

    async def erase(self, person: UUID, *, by: UUID | None, ground: Ground) -> Erased:
        """First what still waits in the journal, then the database, then the files that may keep
        a copy. What fails behind the commit may be done again by another erasure or upkeep."""
        await self.drain.settle()
        async with self.database.begin() as connection:
            done = await erasure.erase(
                connection, person, by=by, ground=ground, house=self.house, now=self.clock.now()
            )
        await asyncio.to_thread(dead_letters.forget, self.outbox_folder, done.seqs)
        await self.drain.shed()
        await self.database.scrub()
        log.info("footprint.person_erased", erasure=str(done.id), facts=done.facts)
        return done
