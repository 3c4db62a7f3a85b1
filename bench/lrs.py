"""What the statement store takes: `python -m bench.lrs [--json] [--store URL] [--statements N] [--fill N]`.

Over HTTP on loopback, through the real authentication, durable before each answer: batches of 50 by 4
senders, single statements by 32, then questions by every combination of filters, newest or oldest first, after
the store was filled up to N. Beside it the floor: the same texts into a bare table, committed as often.
"""

import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations, product
from uuid import UUID

import aiohttp
import msgspec
import sqlalchemy as sa
from aiohttp import web

from bench.report import arguments, percentile, show_values
from daris.migrations.schema import migrate
from footprint import lrs
from footprint.intake import INTAKE, Intake, Sender, keep, opened
from footprint.statements import House
from footprint.store import statements
from identity.credentials import add_token_for_role
from identity.rights import Role
from identity.sessions import SESSIONS, Sessions, authenticate
from identity.tickets import TICKETS, Tickets
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.facts import Fact
from kernel.settings import Settings
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, problems

BATCH, SINGLES, QUESTIONS = 50, 2_000, 4
PEOPLE, LECTURES = 3_000, 2_000
_FILTERS = ("agent", "verb", "activity", "registration", "since", "until")
_WAYS = ((), ("related_agents", "related_activities"))
_COMBINATIONS = [
    (*some, *related, *order)
    for size in range(len(_FILTERS) + 1)
    for some in combinations(_FILTERS, size)
    for related, order in product(_WAYS, ((), ("ascending",)))
]
_JSON = {"Content-Type": "application/json"}
VERBS = ("http://activitystrea.ms/join", "http://activitystrea.ms/leave", "http://verb.example/x")


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it."""

    store: str
    statements: int
    statements_per_s: float
    floor_statements_per_s: float  # in commits of 50
    single_per_s: float
    floor_commits_per_s: float  # one after another
    get_p95_ms: float
    slowest_question: str  # by its median


class _Nowhere:
    """Where the reading of statements would be noted; it is not what is measured."""

    async def record(self, *facts: Fact) -> None: ...


async def measure(store: str, statements: int, fill: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(store or f"sqlite:///{folder}/daris.db")
        await migrate(database)
        batches = [_statements(BATCH, n) for n in range(statements // BATCH)]
        singles = [_statements(1, n) for n in range(SINGLES)]
        floor = await _floor(database, batches), await _floor(database, singles[:200])
        async with _served(database) as session:
            per_batch = await _rate(session, batches, 4)
            per_single = await _rate(session, singles, 32)
            await _fill(database, fill - statements)
            p95, slowest = await _questions(session, await _span(database))
        name = database.engine.dialect.name
        await database.aclose()
    return Figures(
        name,
        max(statements, fill),
        round(per_batch * BATCH),
        round(floor[0] * BATCH),
        round(per_single),
        round(floor[1]),
        round(p95, 1),
        slowest,
    )


async def _floor(database: Database, bodies: Sequence[bytes]) -> float:
    """Commits a second of these texts, each statement a row of a bare table."""
    async with database.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS bare (payload TEXT)")
    insert = sa.text("INSERT INTO bare (payload) VALUES (:payload)")
    started = time.perf_counter()
    for body in bodies:
        rows = [{"payload": json.dumps(one)} for one in json.loads(body)]
        async with database.begin() as connection:
            await connection.execute(insert, rows)
    return len(bodies) / (time.perf_counter() - started)


async def _fill(database: Database, count: int) -> None:
    """Without HTTP: it is not what is measured."""
    house = House(Settings().address)
    for number in range(max(0, count) // 1_000):
        now = datetime.now(UTC)
        bodies = msgspec.json.decode(_statements(1_000, number), type=list[msgspec.Raw])
        letter = opened(bodies, house, Sender(None), now=now)
        async with database.begin() as connection:
            assert await keep(connection, [letter], house, now=now) == [None]


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


async def _span(database: Database) -> tuple[datetime, datetime]:
    """From the oldest statement to the newest."""
    stored = statements.c.stored
    async with database.connect() as connection:
        query = sa.select(sa.func.min(stored), sa.func.max(stored))
        first, last = (await connection.execute(query)).one()
    return first, last


async def _questions(
    session: aiohttp.ClientSession, span: tuple[datetime, datetime]
) -> tuple[float, str]:
    """The 95th percentile in milliseconds of all questions for 50 statements, and which is slowest."""
    times: dict[str, list[float]] = {}
    for number, names in product(range(QUESTIONS), _COMBINATIONS):
        asked = _filters(number, *span)
        params = {"limit": "50"} | {name: asked.get(name, "true") for name in names}
        started = time.perf_counter()
        async with session.get("/xapi/statements", params=params) as answer:
            assert answer.status == 200, await answer.text()
            await answer.read()
        times.setdefault("+".join(names), []).append(1000 * (time.perf_counter() - started))
    slowest = max(times, key=lambda each: statistics.median(times[each]))
    every = [each for some in times.values() for each in some]
    told = f"{slowest}: {statistics.median(times[slowest]):.1f} ms"
    return percentile(every, 0.95), told


def _filters(number: int, first: datetime, last: datetime) -> dict[str, str]:
    """What is asked for; most of the time between the first and the last statement is asked for, too."""
    chance = random.Random(number)
    account = {"homePage": "https://example.org", "name": str(chance.randrange(PEOPLE))}
    return {
        "agent": json.dumps({"account": account}),
        "verb": chance.choice(VERBS),
        "activity": f"https://example.org/lectures/{chance.randrange(LECTURES)}",
        "registration": str(UUID(int=chance.randrange(LECTURES))),
        "since": (first + (last - first) * chance.uniform(0, 0.4)).isoformat(),
        "until": (first + (last - first) * chance.uniform(0.6, 1)).isoformat(),
    }


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
                "object": {"id": f"https://example.org/lectures/{chance.randrange(LECTURES)}"},
                "context": {"registration": str(UUID(int=chance.randrange(LECTURES)))},
                "timestamp": datetime.now(UTC).isoformat(),
            }
            for _ in range(count)
        ]
    ).encode()


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--store", default="", help="a database address; SQLite in a new folder")
    parser.add_argument("--statements", type=int, default=10_000, help="sent over HTTP")
    parser.add_argument("--fill", type=int, default=0, help="how many there are for the questions")
    asked = parser.parse_args()
    figures = asyncio.run(measure(asked.store, asked.statements, asked.fill))
    show_values("The statement store over HTTP", figures, as_json=asked.json)


if __name__ == "__main__":
    main()
