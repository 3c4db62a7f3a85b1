"""Draft the next revision from the tables in the code: `python -m daris.migrations.draft "What"`."""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from alembic import command

from daris.migrations import schema
from kernel.database import Database


async def draft(sentence: str) -> None:
    """Write `versions/NNNN_…py`: what separates the newest schema from the code. Read it over."""
    schema.whole_metadata()
    number = f"{int(schema.newest_revision() or 0) + 1:04}"
    with TemporaryDirectory() as folder:
        database = Database.open(f"sqlite:///{Path(folder) / 'draft.db'}")
        await schema.migrate(database)
        async with database.begin() as connection:
            await connection.run_sync(_write, sentence, number)
        await database.aclose()


def _write(connection: sa.Connection, sentence: str, number: str) -> None:
    config = schema.configured(connection)
    command.revision(config, sentence, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    asyncio.run(draft(sys.argv[1]))
