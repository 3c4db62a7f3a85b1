"""What the statement store takes: `python -m bench.lrs [--json] [--store URL] [--statements N]`.

Over HTTP on loopback, through the real authentication, durable before each answer: batches of 50,
single statements by a few senders at once, then filtered questions.
"""

import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import aiohttp
from aiohttp import web

from bench.report import arguments, show_values
from daris.migrations.schema import migrate
from footprint import lrs
from footprint.intake import INTAKE, Intake
from footprint.statements import House
from identity.credentials import add_token_for_role
from identity.rights import Role
from identity.sessions import SESSIONS, Sessions, authenticate
from identity.tickets import TICKETS, Tickets
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.facts import Fact
from kernel.settings import Settings
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, problems

SENDERS, BATCH, SINGLES, QUESTIONS = 4, 50, 2000, 200
PEOPLE = 300
_JSON = {"Content-Type": "application/json"}
VERBS = ("http://activitystrea.ms/join", "http://activitystrea.ms/leave", "http://verb.example/x")


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it."""

    store: str
    statements: int
    statements_per_s: float
    single_per_s: float
    get_p95_ms: float


class _Nowhere:
    """Where the reading of statements would be noted; it is not what is measured."""

    async def record(self, *facts: Fact) -> None: ...


async def measure(store: str, statements: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(store or f"sqlite:///{folder}/daris.db")
        await migrate(database)
        async with _served(database) as session:
            batches = [_statements(BATCH, n) for n in range(statements // BATCH)]
            per_batch = await _rate(session, batches, 4)
            singles = [_statements(1, n) for n in range(SINGLES)]
            per_single = await _rate(session, singles, 32)
            p95 = await _questions(session)
        name = database.engine.dialect.name
        await database.aclose()
    return Figures(name, statements, round(per_batch * BATCH), round(per_single), round(p95, 1))


@asynccontextmanager
async def _served(database: Database) -> AsyncIterator[aiohttp.ClientSession]:
    clock = SystemClock()
    app = web.Application(middlewares=[problems, authenticate])
    app[SETTINGS], app[DATABASE], app[CLOCK] = Settings(), database, clock
    app[RECORDER] = _Nowhere()
    app[TICKETS] = Tickets(b"only for this benchmark, and long enough", clock)
    app[SESSIONS] = Sessions(database, app[TICKETS], clock)
    app[INTAKE] = Intake(database, clock, House(app[SETTINGS].address))
    app.add_routes(lrs.routes())
    async with database.begin() as connection:
        token, _ = await add_token_for_role(connection, Role.ADMIN, at=clock.now())
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        headers = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "1.0.3"}
        async with aiohttp.ClientSession(address, headers=headers) as session:
            yield session
    finally:
        await runner.cleanup()


async def _rate(session: aiohttp.ClientSession, bodies: list[bytes], senders: int) -> float:
    """Requests a second by a few senders at once."""
    waiting = iter(bodies)
    started = time.perf_counter()

    async def send() -> None:
        for body in waiting:
            async with session.post("/xapi/statements", data=body, headers=_JSON) as answer:
                assert answer.status == 200, await answer.text()

    await asyncio.gather(*(send() for _ in range(senders)))
    return len(bodies) / (time.perf_counter() - started)


async def _questions(session: aiohttp.ClientSession) -> float:
    """The 95th percentile in milliseconds of a filtered question for 50 statements."""
    times = []
    for number in range(QUESTIONS):
        agent = {"account": {"homePage": "https://example.org", "name": str(number % PEOPLE)}}
        asked = {"agent": json.dumps(agent), "verb": VERBS[number % 3], "limit": "50"}
        started = time.perf_counter()
        async with session.get("/xapi/statements", params=asked) as answer:
            assert answer.status == 200
            await answer.read()
        times.append(time.perf_counter() - started)
    return statistics.quantiles(times, n=20)[-1] * 1000


def _statements(count: int, seed: int) -> bytes:
    chance = random.Random(seed + count * 1_000_000)
    return json.dumps(
        [
            {
                "id": str(UUID(int=chance.getrandbits(128), version=4)),
                "actor": {
                    "account": {
                        "homePage": "https://example.org",
                        "name": str(chance.randrange(PEOPLE)),
                    }
                },
                "verb": {"id": chance.choice(VERBS)},
                "object": {"id": f"https://example.org/lectures/{chance.randrange(20)}"},
                "context": {"registration": str(UUID(int=chance.randrange(20)))},
                "timestamp": datetime.now(UTC).isoformat(),
            }
            for _ in range(count)
        ]
    ).encode()


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--store", default="", help="a database address; SQLite in a new folder")
    parser.add_argument("--statements", type=int, default=10_000)
    asked = parser.parse_args()
    figures = asyncio.run(measure(asked.store, asked.statements))
    show_values("The statement store over HTTP", figures, as_json=asked.json)


if __name__ == "__main__":
    main()
