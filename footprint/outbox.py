"""The outbox: our statements, given on to the record store of another system.

At least once out, and once there: ids are fixed before the first try, and the place up to which all
is delivered moves only afterwards. A destination that is away, or refuses us, loses nothing: we wait.
A statement that it refuses for good is listed in `dead.jsonl` with its words, and the rest goes on.
What others sent to us is not given on, or two stores would echo for ever.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError

from footprint import dead_letters, store
from footprint.dead_letters import Dead
from footprint.statements import House
from footprint.store import Outgoing
from footprint.xapi import VERSION, matter
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

BATCH: Final = 50
_PATIENCE: Final = aiohttp.ClientTimeout(total=30)
_IDLE: Final = timedelta(seconds=1)
_FIRST_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = timedelta(minutes=2)
_OF_STATEMENTS: Final = frozenset({400, 409, 413})  # the fault is in what was sent
_SAID: Final = 500  # characters of the destination's words that are kept


class _Place(msgspec.Struct, frozen=True):
    """Up to where a destination has all."""

    url: str
    seq: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Another system's record store, as `https://lrs.example.kz/xapi`."""

    url: str
    user: str
    password: str

    def client(self) -> aiohttp.ClientSession:
        key = aiohttp.encode_basic_auth(self.user, self.password)
        headers = {"X-Experience-API-Version": VERSION, "Authorization": key}
        return aiohttp.ClientSession(headers=headers, timeout=_PATIENCE)


@dataclass(slots=True)
class Outbox:
    """Run it in one process of a service; `folder` keeps the place and what was refused."""

    destination: Destination
    folder: Path
    database: Database
    clock: Clock
    house: House

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
        """Deliver the next batch; how many it held. Unavailable when nothing could be settled."""
        place = await asyncio.to_thread(self._place)
        async with self.database.connect() as connection:
            batch = await store.outgoing(connection, place, BATCH, self.house)
        if not batch:
            AGE.set(0)
            return 0
        AGE.set((self.clock.now() - batch[0].stored).total_seconds())
        dead = await self._deliver(client, batch)
        await asyncio.to_thread(self._settle, dead, batch[-1].seq)
        SENT.inc(len(batch) - len(dead))
        DEAD.inc(len(dead))
        return len(batch)

    async def retry(self) -> list[Dead]:
        """Send what was refused for good once more, each by itself; what is refused again. One whose
        fact is gone is no longer listed. Unavailable when the destination is away."""
        listed = await asyncio.to_thread(dead_letters.listed, self.folder)
        refused: list[Dead] = []
        async with self.destination.client() as client:
            for one in listed:
                async with self.database.connect() as connection:
                    found = await store.outgoing(connection, one.seq - 1, 1, self.house)
                mine = [each for each in found if each.seq == one.seq]
                again = await self._deliver(client, mine) if mine else []
                if again:
                    await asyncio.to_thread(dead_letters.add, self.folder, again)
                else:
                    await asyncio.to_thread(dead_letters.forget, self.folder, [one.seq])
                refused += again
        return refused

    async def _deliver(
        self, client: aiohttp.ClientSession, batch: Sequence[Outgoing]
    ) -> list[Dead]:
        """What was refused for good; a batch that is refused is halved until the fault is found."""
        status, said = await self._send(client, batch)
        if status in {200, 204}:
            return []
        if status not in _OF_STATEMENTS:
            raise Unavailable(f"The record store answered {status}: {said}")
        if len(batch) > 1:
            middle = len(batch) // 2
            before = await self._deliver(client, batch[:middle])
            return before + await self._deliver(client, batch[middle:])
        [one] = batch
        if status == 409 and await self._is_there(client, one):
            return []
        log.error("footprint.outbox_refused", seq=one.seq, status=status)
        return [Dead(one.seq, one.id, status, said)]

    async def _send(
        self, client: aiohttp.ClientSession, batch: Sequence[Outgoing]
    ) -> tuple[int, str]:
        body = b"[" + b",".join(one.statement for one in batch) + b"]"
        headers = {"Content-Type": "application/json"}
        url = f"{self.destination.url.rstrip('/')}/statements"
        try:
            async with client.post(url, data=body, headers=headers) as answer:
                return answer.status, (await answer.text())[:_SAID]
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"The record store does not answer: {error!r}") from error

    async def _is_there(self, client: aiohttp.ClientSession, one: Outgoing) -> bool:
        """Whether the destination has this very statement: the answer to an earlier try was lost."""
        url = f"{self.destination.url.rstrip('/')}/statements"
        try:
            async with client.get(url, params={"statementId": str(one.id)}) as answer:
                text = await answer.read()
                if answer.status == 200:
                    return bool(matter(text) == matter(one.statement))
                if answer.status == 404:
                    return False
                raise Unavailable(f"The record store answered {answer.status} to a question.")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"The record store does not answer: {error!r}") from error
        except msgspec.DecodeError:
            return False

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
