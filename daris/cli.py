"""The command line: each command is one sentence to the machine, and answers in one."""

import asyncio
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from daris import casing, timetable_commands
from daris.app import build
from daris.channel_commands import channel
from daris.console import as_json_option as _as_json
from daris.console import on_database as _on_database
from daris.console import out, with_settings
from daris.console import say as _say
from daris.console import write as _write
from daris.demo import Demo, make_demo
from daris.doctor.examination import examine, is_well
from daris.doctor.findings import Finding, State
from daris.footprint_commands import footprint
from daris.migrations import schema
from daris.server import serve as serve_app
from identity import credentials, people
from identity.passwords import Passwords
from identity.rights import Role
from kernel import telemetry
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.errors import DarisError
from kernel.settings import Settings
from player.late_views import Taken

CLOCK = SystemClock()
_err = Console(stderr=True)  # progress, where it disturbs no pipe
_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.FAILING: "bold red"}
_roles = click.Choice([role.value for role in Role])


class OneSentence(click.Group):
    """Errors that we know are one sentence on standard error and exit code 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except DarisError as error:
            click.echo(f"daris: {error.message}", err=True)
            for finding in error.findings:
                click.echo(f"  {finding}", err=True)
            sys.exit(1)


@click.group(cls=OneSentence, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Daris: live teaching and broadcast. Settings are DARIS_* variables (docs/settings.md)."""


@main.command()
@with_settings
def serve(settings: Settings) -> None:
    """Serve pages, rooms, streams and channels until told to stop."""
    asyncio.run(_serve(settings))


@main.command()
@_as_json
@with_settings
def migrate(settings: Settings, as_json: bool) -> None:
    """Bring the database to the newest schema."""
    revision = _on_database(settings, schema.revision_of)
    _say({"revision": revision}, f"The database is at revision {revision}.", as_json)


@main.command()
@_as_json
def doctor(as_json: bool) -> None:
    """Look at every hop from the settings to the media port; exit code 1 when one fails."""
    telemetry.configure(style="text", level="error")
    with _err.status("Looking…") if not as_json else nullcontext():
        findings = asyncio.run(examine(os.environ, _quiet if as_json else _show))
    if as_json:
        click.echo(msgspec.json.encode(findings))
    if not is_well(findings):
        sys.exit(1)


@main.command()
@click.option("--serve", "and_serve", is_flag=True, help="Serve afterwards.")
@_as_json
@with_settings
def demo(settings: Settings, and_serve: bool, as_json: bool) -> None:
    """Make a demo term: a lecture live now, some to come, one recorded, a channel on air."""
    made = asyncio.run(make_demo(settings, CLOCK))
    _say(made, _described(made, settings), as_json)
    if and_serve:
        asyncio.run(_serve(settings))


@main.group()
def person() -> None:
    """People: add, list, give a new password."""


@person.command("add")
@click.option("--login", required=True)
@click.option("--name", required=True)
@click.option("--role", "roles", multiple=True, required=True, type=_roles)
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@_as_json
@with_settings
def person_add(
    settings: Settings,
    *,
    login: str,
    name: str,
    roles: tuple[Role, ...],
    password: str,
    as_json: bool,
) -> None:
    """Add someone who signs in with a password."""
    hashed = _hash(password)

    async def add(connection: AsyncConnection) -> people.Person:
        return await people.add_person(
            connection,
            login=login,
            name=name,
            roles=map(Role, roles),
            at=CLOCK.now(),
            password_hash=hashed,
        )

    added = _write(settings, add)
    _say({"id": added.id, "login": added.login}, f"{added.name} may sign in as {login}.", as_json)


@person.command("list")
@_as_json
@with_settings
def person_list(settings: Settings, as_json: bool) -> None:
    """Everybody, by login."""
    everybody = _write(settings, lambda connection: people.list_people(connection, limit=10_000))
    lines = [f"{p.login:20} {', '.join(sorted(p.roles)):24} {p.name}" for p in everybody]
    rows = [
        {"id": p.id, "login": p.login, "name": p.name, "roles": sorted(p.roles)} for p in everybody
    ]
    _say(rows, "\n".join(lines), as_json)


@person.command("password")
@click.option("--login", required=True)
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@_as_json
@with_settings
def person_password(settings: Settings, login: str, password: str, as_json: bool) -> None:
    """Give someone a new password; their sessions and tokens end."""
    hashed = _hash(password)

    async def change(connection: AsyncConnection) -> people.Person:
        found = await people.person_by_login(connection, login)
        await people.set_password_hash(connection, found.id, hashed)
        await credentials.revoke_all(connection, found.id, at=CLOCK.now())
        return found

    changed = _write(settings, change)
    _say({"id": changed.id}, f"{changed.name} has a new password.", as_json)


@main.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@click.option("--login", help="Whose token; without it a new person of the role is made.")
@click.option("--role", type=_roles, help="Narrow the token to this role.")
@click.option("--label", default="made on the command line")
@_as_json
@with_settings
def token_create(
    settings: Settings, *, login: str | None, role: str | None, label: str, as_json: bool
) -> None:
    """Make a token for scripts and encoders; it is shown once."""

    async def create(connection: AsyncConnection) -> str:
        if login is None:
            if role is None:
                raise click.UsageError("Say --login, or --role, or both.")
            made, _ = await credentials.add_token_for_role(connection, Role(role), at=CLOCK.now())
            return made
        owner = await people.person_by_login(connection, login)
        roles = [Role(role)] if role else None
        made, _ = await credentials.add_token(
            connection, owner.id, at=CLOCK.now(), roles=roles, label=label
        )
        return made

    made = _write(settings, create)
    _say({"token": made}, made, as_json)


@main.group("export")
def exports() -> None:
    """Take something away from here."""


@exports.command("lecture")
@click.argument("lecture", type=click.UUID)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--with-chat", is_flag=True, help="Put in who said what in the chat.")
@_as_json
@with_settings
def export_lecture(
    settings: Settings, lecture: UUID, file: Path, *, with_chat: bool, as_json: bool
) -> None:
    """Write a recorded lecture as a zip that plays without a network, from a USB stick."""

    async def export(database: Database) -> None:
        await casing.export_lecture(settings, database, CLOCK, lecture, file, with_chat=with_chat)

    _on_database(settings, export)
    _say({"file": str(file), "bytes": file.stat().st_size}, f"{file} is written.", as_json)


@exports.command("course")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("lectures", type=click.UUID, nargs=-1, required=True)
@click.option("--title", default="", help="What the package is called; the first lecture's title.")
@click.option("--with-chat", is_flag=True, help="Put in who said what in the chats.")
@_as_json
@with_settings
def export_course(
    settings: Settings,
    file: Path,
    lectures: tuple[UUID, ...],
    *,
    title: str,
    with_chat: bool,
    as_json: bool,
) -> None:
    """Write several recorded lectures as one zip, with a page that lists them."""
    with Progress(console=_err, transient=True) as progress:
        task = progress.add_task("Packing", total=len(lectures))

        async def export(database: Database) -> None:
            await casing.export_course(
                settings,
                database,
                CLOCK,
                lectures,
                file,
                title=title,
                with_chat=with_chat,
                told=lambda count: progress.update(task, completed=count),
            )

        _on_database(settings, export)
    _say({"file": str(file), "bytes": file.stat().st_size}, f"{file} is written.", as_json)


@main.group("import")
def imports() -> None:
    """Bring something in."""


@imports.command("watch")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--login", required=True, help="Who watched.")
@_as_json
@with_settings
def import_watch(settings: Settings, file: Path, *, login: str, as_json: bool) -> None:
    """Take what somebody watched of an offline package, from the file that its page saved."""

    async def take(database: Database) -> Taken:
        return await casing.import_watch(settings, database, CLOCK, file.read_bytes(), login)

    taken = _on_database(settings, take)
    sentence = f"{taken.taken} sittings were taken; {taken.known} had been handed in before."
    _say(taken, sentence, as_json)


main.add_command(footprint)
main.add_command(channel)
for one in timetable_commands.EXPORTS:
    exports.add_command(one)
for one in timetable_commands.IMPORTS:
    imports.add_command(one)


async def _serve(settings: Settings) -> None:
    await serve_app(build(settings, CLOCK), settings)


def _hash(password: str) -> str:
    passwords = Passwords()
    try:
        return asyncio.run(passwords.hash(password))
    finally:
        passwords.close()


def _show(finding: Finding) -> None:
    state = Text(f"{finding.state:8}", style=_COLOURS[finding.state])
    out.print(state, f"{finding.hop:15}", finding.sentence, soft_wrap=True, markup=False)


def _quiet(finding: Finding) -> None:
    """JSON comes whole, at the end."""


def _described(made: Demo, settings: Settings) -> str:
    lines = [f"[bold]{settings.address}[/bold]", ""]
    lines += [f"  {what:12} {settings.address}{path}" for what, path in made.addresses.items()]
    lines += ["", f"Log-ins, all with the password [bold]{made.password}[/bold]:", ""]
    lines += [f"  {login:12} {who}" for login, who in made.logins.items()]
    return "\n".join([*lines, ""])
