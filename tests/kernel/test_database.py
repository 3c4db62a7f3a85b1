import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import StatementError

from kernel.database import Database, Id, UtcDateTime, insert_many, insert_new, sync_url
from kernel.errors import SettingsError
from kernel.ids import new_id

tables = sa.MetaData()
visits = sa.Table(
    "visits",
    tables,
    sa.Column("id", Id, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
)
notes = sa.Table(
    "notes",
    tables,
    sa.Column("id", Id, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("mark", sa.LargeBinary),
)
counters = sa.Table("counters", tables, sa.Column("value", sa.Integer, nullable=False))
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def store(request, tmp_path) -> AsyncIterator[Database]:
    """An empty database of either kind with the tables of this module."""
    is_sqlite = request.param == "sqlite"
    database = Database.open(
        f"sqlite:///{tmp_path}/test.db" if is_sqlite else request.getfixturevalue("postgres_url")
    )
    async with database.begin() as connection:
        await connection.run_sync(tables.drop_all)
        await connection.run_sync(tables.create_all)
        await connection.execute(counters.insert().values(value=0))
    yield database
    await database.aclose()


async def test_sqlite_survives_a_power_cut(tmp_path):
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    async with database.begin() as connection:
        values = [await connection.scalar(sa.text(f"PRAGMA {pragma}")) for pragma in pragmas]
    await database.aclose()
    assert values == ["wal", 2, 1]  # 2 is FULL


async def test_moments_come_back_aware_and_in_utc(store):
    almaty = NOON.astimezone(timezone(timedelta(hours=5)))
    async with store.begin() as connection:
        await connection.execute(visits.insert().values(id=new_id(), at=almaty))
        [at] = await connection.scalars(sa.select(visits.c.at))
    assert (at, at.tzinfo) == (NOON, UTC)


async def test_a_naive_moment_is_refused(store):
    with pytest.raises(StatementError, match="naive"):
        async with store.begin() as connection:
            await connection.execute(
                visits.insert().values(id=new_id(), at=NOON.replace(tzinfo=None))
            )


async def test_only_rows_that_are_new_are_inserted_and_counted(store):
    first, second = ({"id": new_id(), "at": NOON} for _ in range(2))
    async with store.begin() as connection:
        assert await insert_new(connection, visits, [first], key=["id"]) == 1
        assert await insert_new(connection, visits, [first, second], key=["id"]) == 1
        assert await insert_new(connection, visits, [], key=["id"]) == 0
        assert await connection.scalar(sa.select(sa.func.count()).select_from(visits)) == 2


async def test_many_rows_go_in_as_they_are_and_those_that_are_there_stay(store):
    rows = [
        {"id": new_id(), "at": NOON + n * timedelta(microseconds=1), "note": note, "mark": mark}
        for n, (note, mark) in enumerate((('\\u0000 "ә"', b"\0\xff"), ("", b""), (None, None)))
    ]
    async with store.begin() as connection:
        await insert_many(connection, notes, rows)
        again = [rows[0] | {"note": "other"}, rows[1] | {"id": new_id()}]
        await insert_many(connection, notes, again, key=["id"])
        await insert_many(connection, notes, [])
        found = (await connection.execute(sa.select(notes).order_by(notes.c.at))).mappings().all()
    assert [dict(row) for row in found if row["id"] != again[1]["id"]] == rows
    assert len(found) == 4


async def test_a_transaction_that_fails_leaves_nothing(store):
    async def fail_midway() -> None:
        async with store.begin() as connection:
            await connection.execute(counters.update().values(value=7))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_midway()
    async with store.connect() as connection:
        assert await connection.scalar(sa.select(counters.c.value)) == 0


async def test_writers_that_read_first_neither_deadlock_nor_overwrite_each_other(store):
    async def count_up() -> None:
        async with store.begin() as connection:
            value = await connection.scalar(sa.select(counters.c.value).with_for_update())
            await connection.execute(counters.update().values(value=value + 1))

    await asyncio.gather(*(count_up() for _ in range(60)))
    async with store.connect() as connection:
        assert await connection.scalar(sa.select(counters.c.value)) == 60


async def test_two_processes_may_write_to_one_sqlite_file(tmp_path):
    one, other = (Database.open(f"sqlite:///{tmp_path}/test.db") for _ in range(2))
    async with one.begin() as connection:
        await connection.run_sync(tables.create_all)

    async def visit(database: Database) -> None:
        async with database.begin() as connection:
            await connection.execute(visits.insert().values(id=new_id(), at=NOON))

    await asyncio.gather(*(visit(database) for database in (one, other) for _ in range(20)))
    async with one.connect() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(visits)) == 40
    await asyncio.gather(one.aclose(), other.aclose())


async def test_readers_of_sqlite_do_not_wait_for_writers(tmp_path):
    store = Database.open(f"sqlite:///{tmp_path}/test.db")
    async with store.begin() as connection:
        await connection.run_sync(tables.create_all)
        await connection.execute(counters.insert().values(value=0))
    async with store.begin() as writing, asyncio.timeout(5):
        await writing.execute(counters.update().values(value=7))
        waiting = [asyncio.create_task(_touch(store)) for _ in range(30)]
        async with store.connect() as reading:
            assert await reading.scalar(sa.select(counters.c.value)) == 0
    await asyncio.gather(*waiting)
    await store.aclose()


async def _touch(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(counters.update().values(value=1))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("daris.db", "not a database address"),
        ("", "not a database address"),
        ("postgresql://host:port/name", "not a database address"),
        ("mysql://host/name", "names mysql; Daris speaks sqlite and postgresql"),
    ],
)
def test_an_address_that_is_none_is_refused_in_a_sentence(url, sentence):
    with pytest.raises(SettingsError, match=sentence):
        Database.open(url)


@pytest.mark.parametrize("url", ["postgres://host/name", "postgresql+psycopg://host/name"])
def test_common_spellings_of_an_address_are_taken(url):
    assert sync_url(url) == "postgresql+psycopg://host/name"


async def test_a_server_that_does_not_answer_is_named_without_the_password():
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    database = Database.open(f"postgresql://daris:s3cret@127.0.0.1:{port}/daris")
    with pytest.raises(
        SettingsError, match=r"at postgresql.*:\*\*\*@.* does not answer"
    ) as failure:
        await database.check()
    await database.aclose()
    assert "s3cret" not in failure.value.message


@pytest.mark.parametrize(
    ("place", "reason"),
    [("folder", "unable to open database file"), ("file/daris.db", "File exists")],
)
def test_a_place_where_no_file_can_be_is_named(tmp_path, place, reason):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=f"{place} can't be opened: {reason}"):
        Database.open(f"sqlite:///{tmp_path}/{place}")


async def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "daris.db").write_text("Dear diary, " * 1000)
    database = Database.open(f"sqlite:///{tmp_path}/daris.db")
    with pytest.raises(SettingsError, match=r"daris\.db does not answer: file is not a database"):
        await database.check()
    await database.aclose()
