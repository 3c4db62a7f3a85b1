"""The outbox: our statements, given on to the record store of another system.

At least once out, and once there: ids are fixed before the first try, and the place up to which all
is delivered moves only afterwards. A destination that is away, or refuses us, loses nothing: we wait.
A statement that it refuses for good is listed in `dead.jsonl` with its words, and the rest goes on.
What others sent to us is not given on, or two stores would echo for ever.

A destination may break at one statement and at no other. After some tries the batch is parted, and if
some of it is taken, what is not is set aside: it is sent again alone, for days, and the rest goes on.
Where nothing at all is taken the destination is at fault, and we wait as for one that is away.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError

from footprint import dead_letters, store
from footprint.dead_letters import Dead
from footprint.destination import Destination
from footprint.statements import House
from footprint.store import Outgoing
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Unavailable
from kernel.settings import Settings

log = structlog.get_logger()

SENT = Counter("daris_footprint_outbox_statements", "Statements that the destination has")
DEAD = Counter("daris_footprint_outbox_dead", "Statements that the destination refused for good")
AGE = Gauge(
    "daris_footprint_outbox_age_seconds", "How long the oldest statement waits; alert on it"
)
ASIDE = Gauge(
    "daris_footprint_outbox_aside", "Statements that break the destination, and are sent alone"
)

BATCH: Final = 50
TRIES: Final = 10  # of a batch as a whole, some eight minutes
ALONE_EVERY: Final = timedelta(minutes=15)
ALONE_FOR: Final = timedelta(days=3)  # then it is refused for good
_IDLE: Final = timedelta(seconds=1)
_FIRST_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = timedelta(minutes=2)
_OF_STATEMENTS: Final = frozenset({400, 409, 413})  # the fault is in what was sent
_NOT_NOW: Final = 503


class _Place(msgspec.Struct, frozen=True):
    """Up to where a destination has all."""

    url: str
    seq: int


@dataclass(slots=True)
class Outbox:
    """Run it in one process of a service; `folder` keeps the place and what was refused."""

    destination: Destination
    folder: Path
    database: Database
    clock: Clock
    house: House
    _failures: int = 0  # since something was settled
    _alone_at: datetime | None = None  # when those set aside are due

    async def run(self) -> None:
        """Deliver until cancelled."""
        pause = _FIRST_PAUSE
        async with self.destination.client() as client:
            while True:
                try:
                    found = await self.step(client)
                    pause = _FIRST_PAUSE
                    if not found:
                        await asyncio.sleep(_IDLE.total_seconds())
                except (Unavailable, SQLAlchemyError, OSError) as error:
                    log.warning("footprint.outbox_waits", reason=str(error), pause=pause)
                    await asyncio.sleep(pause.total_seconds())
                    pause = min(pause * 2, _LONGEST_PAUSE)

    async def step(self, client: aiohttp.ClientSession) -> int:
        """Deliver the next batch, and what is set aside if it is due; how many the batch held.
        Unavailable when nothing could be settled."""
        place = await asyncio.to_thread(self._place)
        async with self.database.connect() as connection:
            batch = await store.outgoing(connection, place, BATCH, self.house)
        AGE.set((self.clock.now() - batch[0].stored).total_seconds() if batch else 0)
        if batch:
            refused = await self._part(client, batch)
            await asyncio.to_thread(self._settle, refused, batch[-1].seq)
            SENT.inc(len(batch) - len(refused))
            DEAD.inc(sum(not one.is_waiting for one in refused))
        await self._send_alone(client)
        return len(batch)

    async def retry(self) -> list[Dead]:
        """Send what was refused for good, or is set aside, once more, each by itself; what is refused
        again. One whose fact is gone is no longer listed. Unavailable when the destination is away."""
        listed = await asyncio.to_thread(dead_letters.listed, self.folder)
        async with self.destination.client() as client:
            again = [await self._again(client, one, is_parted=one.status >= 500) for one in listed]
        return [one for one in again if one is not None]

    async def _part(self, client: aiohttp.ClientSession, batch: Sequence[Outgoing]) -> list[Dead]:
        """What was refused or is set aside; the batch goes as a whole until that has failed too often."""
        self._failures += 1
        refused = await self._deliver(client, batch, is_parted=self._failures > TRIES)
        if len(refused) == len(batch) and all(one.is_waiting for one in refused):
            raise Unavailable(f"The record store takes nothing: {refused[0].reason}")
        self._failures = 0
        return refused

    async def _send_alone(self, client: aiohttp.ClientSession) -> None:
        """Once in a while those that are set aside, each by itself."""
        now = self.clock.now()
        if self._alone_at is not None and now < self._alone_at:
            return
        self._alone_at = now + ALONE_EVERY
        listed = await asyncio.to_thread(dead_letters.listed, self.folder)
        waiting = [one for one in listed if one.is_waiting]
        again = [await self._again(client, one, is_parted=True) for one in waiting]
        left = [one for one in again if one is not None]
        ASIDE.set(sum(one.is_waiting for one in left))
        SENT.inc(len(waiting) - len(left))
        DEAD.inc(sum(not one.is_waiting for one in left))

    async def _again(
        self, client: aiohttp.ClientSession, one: Dead, *, is_parted: bool
    ) -> Dead | None:
        """Send one that is listed: None when it is settled and listed no longer."""
        async with self.database.connect() as connection:
            found = await store.outgoing(connection, one.seq - 1, 1, self.house)
        mine = [each for each in found if each.seq == one.seq]
        refused = await self._deliver(client, mine, is_parted=is_parted) if mine else []
        if not refused:
            await asyncio.to_thread(dead_letters.forget, self.folder, [one.seq])
            return None
        [now] = refused
        if now.waits_since is not None:
            since = one.waits_since
            is_over = since is None or now.waits_since - since >= ALONE_FOR
            now = msgspec.structs.replace(now, waits_since=None if is_over else since)
        await asyncio.to_thread(dead_letters.add, self.folder, [now])
        return now

    async def _deliver(
        self, client: aiohttp.ClientSession, batch: Sequence[Outgoing], *, is_parted: bool
    ) -> list[Dead]:
        """What was refused; a batch that is refused is halved until the fault is found. If `is_parted`, so
        is one that breaks the destination."""
        status, said = await self.destination.take(client, batch)
        if status in {200, 204}:
            return []
        is_broken = status >= 500 and status != _NOT_NOW  # 502 says a proxy of a server that fell
        if status not in _OF_STATEMENTS and not (is_parted and is_broken):
            raise Unavailable(f"The record store answered {status}: {said}")
        if len(batch) > 1:
            middle = len(batch) // 2
            before = await self._deliver(client, batch[:middle], is_parted=is_parted)
            return before + await self._deliver(client, batch[middle:], is_parted=is_parted)
        [one] = batch
        if status == 409 and await self.destination.has(client, one):
            return []
        log.error("footprint.outbox_refused", seq=one.seq, status=status)
        return [Dead(one.seq, one.id, status, said, self.clock.now() if is_broken else None)]

    def _place(self) -> int:
        """Blocks. Another destination begins at the beginning."""
        try:
            place = msgspec.json.decode((self.folder / "place.json").read_bytes(), type=_Place)
        except FileNotFoundError:
            return 0
        return place.seq if place.url == self.destination.url else 0

    def _settle(self, dead: Sequence[Dead], seq: int) -> None:
        """Blocks. First what was refused, then the place: both are on the disk on return."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if dead:
            dead_letters.add(self.folder, dead)
        fresh = self.folder / "place.new"
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(_Place(self.destination.url, seq)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / "place.json")


def outbox_folder(settings: Settings) -> Path:
    return settings.data_dir / "outbox"


def outbox_of(settings: Settings, database: Database, clock: Clock) -> Outbox:
    """The outbox that the settings ask for."""
    destination = Destination(settings.xapi_url, settings.xapi_user, settings.xapi_password)
    return Outbox(destination, outbox_folder(settings), database, clock, House(settings.address))
