"""What all tests share. Real servers, a clock that the test moves, factories with defaults.

clock            ManualClock at NOW
database         a migrated SQLite file of this test
postgres_url     an empty PostgreSQL database of this test
either_database  migrated; the test runs on SQLite and on PostgreSQL
either_url       its address, where a test opens it itself
redis_url        a Redis without keys
kept             a Recorder that holds the facts in a list, `kept.facts`
add_person       await add_person(Role.LECTURER, name=…) on `database`
add_lecture      await add_lecture(lecturer, starts_in=…, takes=…) on `database`
"""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import redis
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from daris.migrations.schema import migrate
from footprint.rulebook import versions
from identity.credentials import add_token
from identity.people import Person
from identity.people import add_person as add_person_to
from identity.rights import Role
from identity.views import MIDDLEWARES
from identity.views import opened as identity_opened
from kernel.bus import InProcessBus
from kernel.clock import ManualClock
from kernel.database import Database
from kernel.facts import Fact
from kernel.ids import new_id
from kernel.pages import PAGES
from kernel.settings import Settings
from kernel.web import BUS, CLOCK, DATABASE, RECORDER, SETTINGS, problems
from live import whip
from player.site import load_pages
from schedule.lifecycle import Lecture
from schedule.planning import Author, Plan, plan
from schedule.policy_versions import POLICY_VERSIONS

NOT_FOR_KEEPS = ("fsync=off", "full_page_writes=off", "autovacuum=off")  # a cluster of one session
NOW = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)  # a Monday in term, 9:00 in Almaty


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def database(tmp_path, migrated_sqlite) -> AsyncIterator[Database]:
    """A migrated SQLite file of this test; a second process may open `database.engine.url`."""
    file = shutil.copy(migrated_sqlite, tmp_path / "daris.db")
    database = Database.open(f"sqlite:///{file}")
    yield database
    await database.aclose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either_url(request, tmp_path) -> str:
    """The address of a migrated database, once of each kind."""
    if request.param == "postgres":
        return str(request.getfixturevalue("migrated_postgres_url"))
    file = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "either.db")
    return f"sqlite:///{file}"


@pytest.fixture
async def either_database(either_url) -> AsyncIterator[Database]:
    """A migrated database, once of each kind."""
    database = Database.open(either_url)
    yield database
    await database.aclose()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory) -> Path:
    """A file to copy: migrating takes longer."""
    file = tmp_path_factory.mktemp("migrated") / "daris.db"
    asyncio.run(_migrated(f"sqlite:///{file}"))
    return file


@pytest.fixture
def postgres_url(postgres_folder) -> Iterator[str]:
    """An empty database, dropped at the end."""
    with _postgres_copy(postgres_folder, of="template0") as url:
        yield url


@pytest.fixture
def migrated_postgres_url(postgres_folder, migrated_postgres) -> Iterator[str]:
    """A migrated database, dropped at the end."""
    with _postgres_copy(postgres_folder, of=migrated_postgres) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_folder) -> Iterator[str]:
    """The name of a database to copy: migrating takes longer."""
    with _postgres_copy(postgres_folder, of="template0", name="migrated") as url:
        asyncio.run(_migrated(url))
        yield "migrated"


async def _migrated(url: str) -> None:
    database = Database.open(url)
    await migrate(database)
    await database.aclose()  # the last to close writes SQLite's WAL back


@contextmanager
def _postgres_copy(folder: Path, *, of: str, name: str | None = None) -> Iterator[str]:
    """The address of a copy of the database `of`."""
    name = name or f"t{new_id().hex}"
    with psycopg.connect(_postgres(folder), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {of}")
        yield f"postgresql://postgres@/{name}?host={folder}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """A running cluster of this session; the folder holds its socket. It listens on no port."""
    binaries = _postgres_binaries()
    account = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    with TemporaryDirectory(prefix="daris-postgres-") as name:
        folder = Path(name)
        if account:
            shutil.chown(folder, **account)
        data = folder / "data"
        make = [binaries / "initdb", "--pgdata", data, "--username=postgres", "--auth=trust"]
        subprocess.run([*make, "--no-sync"], check=True, stdout=subprocess.DEVNULL, **account)
        settings = ("listen_addresses=", f"unix_socket_directories={folder}", *NOT_FOR_KEEPS)
        serve = [binaries / "postgres", "-D", data, *(f"--{setting}" for setting in settings)]
        with _child(serve, log=folder / "log", **account):
            _wait_until(lambda: psycopg.connect(_postgres(folder)).close(), psycopg.Error)
            yield folder


@pytest.fixture
def redis_url(redis_socket) -> str:
    """A Redis without keys."""
    url = f"unix://{redis_socket}"
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture(scope="session")
def redis_socket() -> Iterator[Path]:
    """A running Redis of this session, behind a socket file. It listens on no port."""
    if shutil.which("redis-server") is None:
        pytest.fail("These tests need redis-server: apt-get install redis-server")
    with TemporaryDirectory(prefix="daris-redis-") as name:
        socket = Path(name) / "socket"
        serve = ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", name]
        with _child(serve, log=Path(name) / "log"):
            client = redis.Redis.from_url(f"unix://{socket}")
            _wait_until(client.ping, redis.ConnectionError)
            client.close()
            yield socket


class Kept:
    """A recorder whose journal is a list."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    async def record(self, *facts: Fact) -> None:
        self.facts.extend(facts)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def add_person(database, clock):
    """Add somebody: `await add_person(Role.STUDENT, name="Aliya")`; `into` is another database."""

    async def add(*roles: Role, name: str = "", into: Database = database, **more) -> Person:
        login = more.pop("login", f"p{new_id().hex}")
        async with into.begin() as connection:
            return await add_person_to(
                connection, login=login, name=name or login, roles=roles, at=clock.now(), **more
            )

    return add


@pytest.fixture
def add_lecture(database, clock):
    """Plan a lecture: `await add_lecture(person, starts_in=timedelta(hours=1))`."""

    async def add(
        lecturer: Person,
        *,
        starts_in: timedelta = timedelta(hours=1),
        takes: timedelta = timedelta(minutes=50),
        into: Database = database,
        **more,
    ) -> Lecture:
        starts_at = clock.now() + starts_in
        wanted = Plan(
            title=more.pop("title", "Linear algebra"),
            lecturer=lecturer.id,
            starts_at=starts_at,
            ends_at=starts_at + takes,
            **more,
        )
        async with into.begin() as connection:
            return await plan(connection, wanted, Author(lecturer.id, clock.now()))

    return add


@pytest.fixture
async def serve(database, clock, kept, tmp_path):
    """Serve routes: `client = await serve(routes(), opened)`, with more cleanup contexts behind."""
    async with AsyncExitStack() as clients:

        async def start(routes, *contexts, **settings) -> TestClient:
            app = web.Application(middlewares=[problems, *MIDDLEWARES])
            alone = {"channel_alone_minutes": 0}  # a run that is killed leaves nothing behind
            app[SETTINGS] = Settings(data_dir=tmp_path, **(alone | settings))
            app[CLOCK], app[DATABASE], app[RECORDER], app[BUS] = (
                clock,
                database,
                kept,
                InProcessBus(),
            )
            app[PAGES] = load_pages(clock)
            app[POLICY_VERSIONS] = versions
            app.cleanup_ctx.extend([identity_opened, *contexts])
            app.on_response_prepare.append(whip.for_strangers)
            app.add_routes(routes)
            return await clients.enter_async_context(TestClient(TestServer(app)))

        yield start


@pytest.fixture
def bearer(database, clock):
    async def headers(person: Person, **more) -> dict[str, str]:
        async with database.begin() as connection:
            token, _ = await add_token(connection, person.id, at=clock.now(), **more)
        return {"Authorization": f"Bearer {token}"}

    return headers


def _postgres(folder: Path) -> str:
    return f"host={folder} user=postgres dbname=postgres"


def _postgres_binaries() -> Path:
    """The newest installed; Debian keeps them off the PATH."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest = max(versions, key=lambda folder: float(folder.parent.name), default=None)
    if newest is None:
        pytest.fail("These tests need PostgreSQL: apt-get install postgresql")
    return newest


@contextmanager
def _child(command, *, log: Path, **account) -> Iterator[None]:
    """Run a server for as long as the block, and end it gently."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, **account)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until(works, error: type[Exception], *, seconds: float = 30) -> None:
    """Until a child that was just started answers. Only servers that can't tell are asked so."""
    last = time.monotonic() + seconds
    while True:
        try:
            works()
        except error:
            if time.monotonic() > last:
                raise
            time.sleep(0.02)
        else:
            return
