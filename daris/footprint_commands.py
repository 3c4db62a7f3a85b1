"""`daris footprint`: the log is checked, signed, made into its views anew, and made to forget."""

import asyncio
import base64
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from daris.console import as_json_option, on_database, say, with_settings, write
from footprint import checkpoints, integrity, rebuilding, retention, upkeep
from footprint.checkpoints import Checkpoint, Signer
from footprint.dead_letters import Dead, listed
from footprint.drain import Drain
from footprint.eraser import Eraser
from footprint.erasure import Erased, Ground, Traces
from footprint.integrity import Verdict
from footprint.log import Head
from footprint.outbox import outbox_folder, outbox_of
from footprint.statements import House
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.errors import DarisError, SettingsError
from kernel.journal import open_journal
from kernel.settings import Settings

T = TypeVar("T")

CLOCK = SystemClock()


@click.group()
def footprint() -> None:
    """The digital footprint."""


@footprint.command("verify")
@click.option(
    "--checkpoints",
    "copies",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A copy of checkpoints that was kept elsewhere; may be given several times.",
)
@click.option("--key", help="The public key that must have signed them; else this service's own.")
@as_json_option
@with_settings
def verify(settings: Settings, *, copies: tuple[Path, ...], key: str | None, as_json: bool) -> None:
    """Check the event log against its chain and its checkpoints; names the first bad place."""
    public = checkpoints.public_key(key) if key else _signer(settings).public_key
    heads = list(_heads((settings.checkpoints, *copies), public))

    async def check(database: Database) -> Verdict:
        async with database.connect() as connection:
            return await integrity.verify(connection, expected=heads)

    verdict = on_database(settings, check)
    sentence = f"The log is sound: {verdict.count} facts, {len(heads)} checkpoints."
    if not verdict.is_sound:
        sentence = f"The log is not sound from number {verdict.bad_seq} on: {verdict.reason}"
    say(verdict, sentence, as_json)
    if not verdict.is_sound:
        sys.exit(1)


@footprint.command("checkpoint")
@as_json_option
@with_settings
def checkpoint(settings: Settings, as_json: bool) -> None:
    """Sign the log's end as it is now; `serve` does it once a day."""

    async def sign(database: Database) -> Checkpoint:
        return await upkeep.sign(database, CLOCK, _signer(settings), settings.checkpoints)

    signed = on_database(settings, sign)
    key = base64.b64encode(signed.key).decode()
    sentence = (
        f"The log up to number {signed.seq} is signed, in {settings.checkpoints}; "
        f"the public key is {key}."
    )
    say(signed, sentence, as_json)


@footprint.command("erase")
@click.argument("person", type=click.UUID)
@click.option("--ground", type=click.Choice([ground.value for ground in Ground]), default="request")
@click.option("--dry-run", is_flag=True, help="Only tell what there is.")
@as_json_option
@with_settings
def erase(settings: Settings, person: UUID, *, ground: str, dry_run: bool, as_json: bool) -> None:
    """Erase a person while the service is stopped; while it runs, its page does it."""

    async def work(eraser: Eraser) -> Traces | Erased:
        if dry_run:
            return await eraser.look(person)
        return await eraser.erase(person, by=None, ground=Ground(ground))

    async def open_and_work(database: Database) -> Traces | Erased:
        return await _erasing(settings, database, work)

    done = on_database(settings, open_and_work)
    sentence = f"There are {done.facts} facts of this person; {done.mentions} of others name them."
    if isinstance(done, Erased):
        sentence = f"Erased: {done.facts} facts; {done.mentions} of others name nobody now."
    say(done, sentence, as_json)


@footprint.command("expire")
@click.option("--dry-run", is_flag=True, help="Only tell what is due.")
@as_json_option
@with_settings
def expire(settings: Settings, *, dry_run: bool, as_json: bool) -> None:
    """Take out facts that are over their time (DARIS_FOOTPRINT_DAYS); `serve` does it once a day."""
    rules = retention.rules_in(settings.footprint_days)

    async def work(connection: AsyncConnection) -> dict[str, int]:
        found = await retention.due(connection, rules, CLOCK.now())
        while not dry_run and await retention.expire(connection, rules, CLOCK.now()):
            pass
        return found

    found = write(settings, work)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items())) or "nothing"
    say(found, f"Due: {listed}." if dry_run else f"Taken out: {listed}.", as_json)


@footprint.command("rebuild")
@as_json_option
@with_settings
def rebuild(settings: Settings, as_json: bool) -> None:
    """Make presence and the index of statements anew from the event log."""

    async def work(connection: AsyncConnection) -> int:
        return await rebuilding.rebuild(connection, House(settings.address))

    count = write(settings, work)
    say({"facts": count}, f"All views were made anew from {count} facts.", as_json)


@footprint.command("refused")
@click.option("--retry", is_flag=True, help="Send each once more first.")
@as_json_option
@with_settings
def refused(settings: Settings, *, retry: bool, as_json: bool) -> None:
    """List the statements that the other record store (DARIS_XAPI_URL) refused for good, or that break
    it and are still sent, and why."""

    async def send(database: Database) -> list[Dead]:
        return await outbox_of(settings, database, CLOCK).retry()

    if retry and not settings.xapi_url:
        raise SettingsError("DARIS_XAPI_URL names no record store to send to.")
    found = on_database(settings, send) if retry else listed(outbox_folder(settings))
    lines = [
        f"Number {one.seq}, {one.id}: {one.status}, {one.reason}" + " (still sent)" * one.is_waiting
        for one in found
    ]
    say(found, "\n".join(lines) or "Nothing is refused.", as_json)


async def _erasing(
    settings: Settings, database: Database, work: Callable[[Eraser], Awaitable[T]]
) -> T:
    """With the journal for itself: SettingsError while the service has it."""
    house = House(settings.address)
    async with open_journal(settings.data_dir / "journal") as journal:
        drain = Drain(journal, database, CLOCK, house)
        eraser = Eraser(database, CLOCK, house, drain, outbox_folder(settings))
        try:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(drain.run(), name="footprint-drain")
                done = await work(eraser)
                running.cancel()
        except* DarisError as errors:
            raise errors.exceptions[0] from None
    return done


def _signer(settings: Settings) -> Signer:
    return Signer(settings.checkpoint_secret)


def _heads(files: tuple[Path, ...], key: bytes) -> Iterator[Head]:
    for file in files:
        yield from (signed.head for signed in checkpoints.read(file, key=key))
