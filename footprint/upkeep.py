"""Upkeep: what the log needs once in a while, whoever is there. Today's checkpoint is signed,
what is over its time is taken out, and what the journal has handed over is dropped there, so that no
file remembers longer than the log."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from footprint import checkpoints, retention
from footprint import log as event_log
from footprint.checkpoints import Checkpoint, Signer
from footprint.drain import Drain
from footprint.retention import Rules
from kernel.clock import Clock
from kernel.database import Database

log = structlog.get_logger()

_EVERY: Final = timedelta(minutes=10)
_CHECKPOINT_EVERY: Final = timedelta(days=1)


@dataclass(slots=True)
class Upkeep:
    """Run it in a task group; several processes may, each with a file of its own."""

    database: Database
    clock: Clock
    signer: Signer
    file: Path  # of checkpoints
    drain: Drain
    rules: Rules = field(default_factory=dict)

    async def run(self) -> None:
        """Step after step until cancelled."""
        while True:
            try:
                await self.step()
            except (SQLAlchemyError, OSError) as error:
                log.warning("footprint.upkeep_waits", reason=str(error))
            await asyncio.sleep(_EVERY.total_seconds())

    async def step(self) -> None:
        """Do what is due."""
        await self.drain.shed()
        signed_at = await asyncio.to_thread(checkpoints.newest_at, self.file)
        if signed_at is None or self.clock.now() - signed_at >= _CHECKPOINT_EVERY:
            await self.tidy()
            await sign(self.database, self.clock, self.signer, self.file)

    async def tidy(self) -> None:
        """Take out what is over its time, a transaction after another."""
        while True:
            async with self.database.begin() as connection:
                gone = await retention.expire(connection, self.rules, self.clock.now())
            if not gone:
                return
            log.info("footprint.facts_expired", kinds=gone)


async def sign(database: Database, clock: Clock, signer: Signer, file: Path) -> Checkpoint:
    """Sign the log's end as it is now."""
    async with database.connect() as connection:
        head = await event_log.head(connection)
    signed = signer.sign(head, at=clock.now())
    await asyncio.to_thread(checkpoints.append, file, signed)
    log.info("footprint.checkpoint_signed", seq=signed.seq)
    return signed
