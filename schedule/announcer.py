"""Announcing: from the history of lectures to the journal of facts, then to the bus.

The history is an outbox, written in the transaction of the change. Whoever comes by empties it:
the process that changed something, or the next agenda tick after a crash. A line may be announced
twice; its fact keeps its id, and the log ignores an id that it already holds.
"""

from collections.abc import Sequence

import msgspec
import structlog

from kernel.bus import Bus
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Unavailable
from kernel.facts import Recorder
from schedule.events import TOPIC, LectureFact
from schedule.lectures import mark_announced, unannounced

log = structlog.get_logger()


class Announcer:
    """Empties the outbox."""

    def __init__(self, database: Database, recorder: Recorder, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._recorder = recorder
        self._bus = bus
        self._clock = clock

    async def announce(self) -> int:
        """Keep the facts that wait, ring for each, note that it is done; how many."""
        async with self._database.connect() as connection:
            entries = await unannounced(connection)
        if not entries:
            return 0
        are_kept = await self._keep([entry.fact for entry in entries if entry.fact is not None])
        for entry in entries:
            await self._bus.publish(TOPIC, msgspec.json.encode(entry.moved))
        if are_kept:
            async with self._database.begin() as connection:
                await mark_announced(connection, entries, at=self._clock.now())
        return len(entries)

    async def _keep(self, facts: Sequence[LectureFact]) -> bool:
        """False when the journal takes nothing now: the outbox keeps them until it does."""
        try:
            await self._recorder.record(*facts)
        except Unavailable as error:
            log.warning("schedule.facts_wait", count=len(facts), reason=error.message)
            return False
        return True
