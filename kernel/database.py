"""The database: SQLite by default, PostgreSQL by URL, the same SQL Core for both."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

import msgspec
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

from kernel.errors import SettingsError, Unavailable

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = sa.Uuid


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as UTC; naive ones are refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A naive datetime can't be stored; pass an aware one.")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """An engine with our habits: WAL and full sync on SQLite, one writer at a time there."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        is_sqlite = engine.dialect.name == "sqlite"
        # Writers queue here, fairly, and not in the pool, where they would keep readers out.
        self._turn: AbstractAsyncContextManager[object] = (
            asyncio.Lock() if is_sqlite else nullcontext()
        )

    @classmethod
    def open(cls, url: str) -> Self:
        """Make the engine; SettingsError when `url` can't be understood or opened."""
        engine = create_async_engine(async_url(url), **_options(url))
        if engine.dialect.name == "sqlite":
            _make_file(engine.url.database or ":memory:")
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return cls(engine)

    async def check(self) -> None:
        """Ask the server one question; SettingsError says what it answered."""
        try:
            async with self.connect() as connection:
                await connection.execute(sa.text("SELECT 1"))
        except (SQLAlchemyError, OSError, sqlite3.Error) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            address = self.engine.url.render_as_string(hide_password=True)
            raise SettingsError(f"The database at {address} does not answer: {reason}") from error

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that may write; committed at the end, rolled back on an error."""
        async with self._turn, self.engine.connect() as connection:
            writing = await connection.execution_options(daris_writes=True)
            async with writing.begin():
                yield writing

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """A transaction to read from."""
        async with self.engine.connect() as connection:
            yield connection

    async def scrub(self) -> None:
        """Write the files anew, so that what was deleted is not in them any more. Writers wait.

        Unavailable when a long reader keeps SQLite's WAL as it is; then scrub again. PostgreSQL's
        WAL and every backup have their own way of passing.
        """
        async with self._turn, self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                vacuuming = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await vacuuming.exec_driver_sql("VACUUM FULL")
                return
            raw = await connection.get_raw_connection()
            assert raw.driver_connection is not None  # a connection that is open has one
            await raw.driver_connection.execute("VACUUM")
            shrunk = await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            [is_busy, *_] = await shrunk.fetchone()
        if is_busy:
            raise Unavailable("A long reader keeps the old pages; try again in a moment.")

    async def aclose(self) -> None:
        await self.engine.dispose()


def async_url(url: str) -> str:
    """The URL with the asynchronous driver that we bring; SettingsError if it is none we speak."""
    return _driven(url, sqlite_driver="sqlite+aiosqlite")


def sync_url(url: str) -> str:
    """The same database for alembic, which is synchronous."""
    return _driven(url, sqlite_driver="sqlite")


async def insert_new(
    connection: AsyncConnection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Iterable[str],
) -> int:
    """Insert the rows whose `key` is not there yet; how many really went in. All name one set of
    columns: the statement is compiled once for any number of rows."""
    if not rows:
        return 0
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table).on_conflict_do_nothing(index_elements=list(key))
    found = await connection.execute(insert.returning(sa.literal(1)), list(rows))
    return len(found.all())


async def insert_many(
    connection: AsyncConnection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Iterable[str] = (),
) -> None:
    """Insert many rows at once. Where `key` is given, a row whose key is there already is left out.
    All name one set of columns, and their texts hold no NUL."""
    if not rows:
        return
    columns, key = tuple(rows[0]), tuple(key)
    if connection.dialect.name == "postgresql":
        query = _from_json(table, columns, key)
        await connection.exec_driver_sql(query, (msgspec.json.encode(rows).decode(),))
        return
    query, processors = _row_by_row(table, columns, key)
    by_column = (
        [process(row[name]) for row in rows] if process else [row[name] for row in rows]
        for name, process in zip(columns, processors, strict=True)
    )
    await connection.exec_driver_sql(query, list(zip(*by_column, strict=True)))


@cache
def _row_by_row(
    table: sa.Table, columns: tuple[str, ...], key: tuple[str, ...]
) -> tuple[str, list[Callable[[Any], Any] | None]]:
    """SQLite's insert, and what makes its values of ours, without what SQLAlchemy does for each row."""
    dialect = make_url("sqlite://").get_dialect()()
    kinds = [table.c[name].type.dialect_impl(dialect) for name in columns]
    unless = f" ON CONFLICT ({', '.join(key)}) DO NOTHING" if key else ""
    values = ", ".join("?" * len(columns))
    query = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({values}){unless}"  # noqa: S608
    return query, [kind.bind_processor(dialect) for kind in kinds]


@cache
def _from_json(table: sa.Table, columns: tuple[str, ...], key: tuple[str, ...]) -> str:
    """PostgreSQL's insert of any number of rows that come as one parameter: the driver spends
    ten times as long on one parameter for each value."""
    dialect = make_url("postgresql+psycopg://").get_dialect()()
    types = {name: table.c[name].type for name in columns}
    sent = (
        f"{name} {'text' if isinstance(kind, sa.LargeBinary) else kind.compile(dialect)}"
        for name, kind in types.items()
    )
    values = (
        f"decode({name}, 'base64')" if isinstance(kind, sa.LargeBinary) else name
        for name, kind in types.items()
    )
    unless = f" ON CONFLICT ({', '.join(key)}) DO NOTHING" if key else ""
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {', '.join(values)} "  # noqa: S608 - names of ours
        f"FROM json_to_recordset(%s) AS sent ({', '.join(sent)}){unless}"
    )


def _options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": 30}}
    return {"pool_pre_ping": True, "pool_size": 10, "connect_args": {"connect_timeout": 10}}


def _driven(url: str, *, sqlite_driver: str) -> str:
    drivers = dict.fromkeys(("postgresql", "postgres"), "postgresql+psycopg") | {
        "sqlite": sqlite_driver
    }
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise SettingsError(
            "DARIS_DATABASE_URL is not a database address; write sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/NAME."
        ) from error
    name = parsed.get_backend_name()
    if name not in drivers:
        raise SettingsError(f"DARIS_DATABASE_URL names {name}; Daris speaks sqlite and postgresql.")
    return parsed.set(drivername=drivers[name]).render_as_string(hide_password=False)


def _make_file(name: str) -> None:
    """Here, since aiosqlite leaves a thread behind when it can't open a file."""
    try:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        sqlite3.connect(name).close()
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"The database {name} can't be opened: {reason}.") from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    cursor = connection.cursor()
    _use_wal(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _use_wal(cursor: Any) -> None:
    """Of several that turn a new file to WAL in the same moment all but one are refused at once,
    whatever the timeout; the next try finds it done."""
    for is_last in (*(False,) * 100, True):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if is_last:
                raise
        else:
            return


def _begin_sqlite(connection: sa.Connection) -> None:
    """A writer takes the lock at once: upgrading a read later could fail as busy."""
    writes = connection.get_execution_options().get("daris_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
