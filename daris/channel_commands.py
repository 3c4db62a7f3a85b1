"""`daris channel`: an operator pushes a schedule, takes a source on air, and gives it back."""

import asyncio
from pathlib import Path
from typing import Any

import click

from daris.console import as_json_option, say
from daris.pushing import media_type_of, push_schedule, told
from daris.taking import release_channel, source_named, take_source, taken

_channel = click.option("--channel", "name", required=True, help="The word in its addresses.")
_server = click.option("--server", default="http://127.0.0.1:8080", show_default=True)
_token = click.option(
    "--token", required=True, help="An operator's API token (daris token create)."
)


@click.group()
def channel() -> None:
    """Television channels."""


@channel.command("push")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_channel
@_server
@_token
@click.option("--charset", help="The encoding of a file that is not in UTF-8: windows-1251.")
@click.option("--dry-run", is_flag=True, help="Only tell what would change.")
@as_json_option
def push(
    file: Path,
    *,
    name: str,
    server: str,
    token: str,
    charset: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Push a schedule to a channel of a running server: all of it or nothing.

    The file's ending tells its format: .json, .csv, .tsv, .xml or .xmltv.
    """
    media_type = media_type_of(file.name, charset)
    pushed = asyncio.run(
        push_schedule(
            file.read_bytes(), media_type, channel=name, server=server, token=token, is_dry=dry_run
        )
    )
    say(pushed, told(pushed), as_json)


@channel.command("take")
@click.argument("source")
@_channel
@_server
@_token
@click.option("--minutes", type=click.FloatRange(min=0.1, max=1440), help="How long at most.")
@as_json_option
def take(source: str, *, minutes: float | None, as_json: bool, **where: Any) -> None:
    """Put a source on air now, over the plan, of a running server.

    SOURCE is recording:ID, file:NAME, live:ID or slate.
    """
    body = {"source": source_named(source)} | ({"duration": minutes * 60} if minutes else {})
    made = asyncio.run(take_source(body, channel=where["name"], **_at(where)))
    say(made, taken(made), as_json)


@channel.command("release")
@_channel
@_server
@_token
@as_json_option
def release(*, as_json: bool, **where: Any) -> None:
    """End a take: the channel goes back to its plan, where it is by now."""
    asyncio.run(release_channel(channel=where["name"], **_at(where)))
    say({"channel": where["name"]}, "The channel follows its plan again.", as_json)


def _at(where: dict[str, Any]) -> dict[str, Any]:
    return {"server": where["server"], "token": where["token"]}
