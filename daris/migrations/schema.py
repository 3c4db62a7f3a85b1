"""Bring a database to the newest schema, and compare it with what the code expects."""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from kernel.database import Database, metadata
from kernel.errors import SettingsError

FOLDER = Path(__file__).parent
_LOCK = 0x0DA715  # a number of ours for PostgreSQL's advisory locks


async def migrate(database: Database, revision: str = "head") -> None:
    """Upgrade in one transaction. Of several processes one does it and the others wait.

    SettingsError when the database is of a newer Daris than this one.
    """
    try:
        async with database.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            await connection.run_sync(_upgrade, revision)
    except CommandError as error:
        raise SettingsError(
            f"This Daris can't bring the database to its newest schema: {error}"
        ) from error


async def revision_of(database: Database) -> str | None:
    """The schema that the database has; None: it is empty."""
    async with database.connect() as connection:
        return await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision()
        )


def newest_revision() -> str | None:
    """The schema that this code expects."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def is_known(revision: str) -> bool:
    """Whether this code has such a migration; a newer Daris' it has not."""
    return any(
        script.revision == revision for script in ScriptDirectory(str(FOLDER)).walk_revisions()
    )


async def differences(database: Database) -> list[Any]:
    """What separates the schema in the database from the tables in the code; empty is right."""
    whole = whole_metadata()
    async with database.connect() as connection:
        return await connection.run_sync(lambda sync: _compare(sync, whole))


def whole_metadata() -> sa.MetaData:
    """The tables of every package: imports all modules that may define some."""
    for package in ("kernel", "identity", "schedule", "player", "footprint"):
        _import_all(importlib.import_module(package))
    return metadata


def configured(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: sa.Connection, revision: str) -> None:
    command.upgrade(configured(connection), revision)


def _compare(connection: sa.Connection, whole: sa.MetaData) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, whole))


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
