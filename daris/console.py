"""What all commands share: settings, a migrated database, and one sentence or JSON as the answer."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
import msgspec
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncConnection

from daris.migrations import schema
from kernel import settings as kernel_settings
from kernel import telemetry
from kernel.database import Database
from kernel.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

out = Console(highlight=False)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Answer as one line of JSON.")


def with_settings(
    command: Callable[Concatenate[Settings, P], T],
) -> Callable[P, T]:
    """Give the command the settings of the environment."""

    @wraps(command)
    def run(*arguments: P.args, **options: P.kwargs) -> T:
        settings = kernel_settings.load(os.environ)
        telemetry.configure(style=settings.log_format, level=settings.log_level)
        return command(settings, *arguments, **options)

    return run


def write(settings: Settings, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Run `work` in one transaction of the migrated database."""

    async def run(database: Database) -> T:
        async with database.begin() as connection:
            return await work(connection)

    return on_database(settings, run)


def on_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        database = Database.open(settings.database)
        try:
            await database.check()
            await schema.migrate(database)
            return await work(database)
        finally:
            await database.aclose()

    return asyncio.run(run())


def say(data: Any, sentence: str, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(data))
    else:
        out.print(sentence, soft_wrap=True)
