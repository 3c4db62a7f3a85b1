"""The schema that the migrations make is the one that the code expects, on both databases."""

import asyncio

import pytest
import sqlalchemy as sa

from daris.migrations.schema import differences, migrate, newest_revision, revision_of
from kernel.database import Database
from kernel.errors import SettingsError


async def test_the_migrated_schema_equals_the_tables_in_the_code(either_database):
    assert await differences(either_database) == []


async def test_migrating_twice_is_migrating_once(either_database):
    await migrate(either_database)
    assert await revision_of(either_database) == newest_revision()


async def test_each_step_goes_up_from_the_one_before(postgres_url):
    database = Database.open(postgres_url)
    for number in range(1, int(newest_revision()) + 1):
        await migrate(database, f"{number:04}")
        assert await revision_of(database) == f"{number:04}"
    await database.aclose()


async def test_an_empty_database_has_no_revision(postgres_url):
    database = Database.open(postgres_url)
    assert await revision_of(database) is None
    await database.aclose()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_several_processes_may_migrate_at_once(kind, request, tmp_path):
    is_sqlite = kind == "sqlite"
    url = f"sqlite:///{tmp_path}/m.db" if is_sqlite else request.getfixturevalue("postgres_url")
    several = [Database.open(url) for _ in range(3)]
    await asyncio.gather(*(migrate(database) for database in several))
    assert await revision_of(several[0]) == newest_revision()
    for database in several:
        await database.aclose()


async def test_a_database_of_a_newer_daris_is_refused_with_a_sentence(either_database):
    async with either_database.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="9999"):
        await migrate(either_database)
