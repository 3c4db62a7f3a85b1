"""Offline packages from the command line: one is written, and what was watched of it is taken back."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import log as event_log
from footprint import store
from footprint.polls import polls_of
from footprint.statements import House
from identity import people
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import NotFound, Refused, Unavailable
from kernel.facts import Fact
from kernel.settings import Settings
from player import course_package, late_views, package, watch_record
from player.course_package import Course
from player.extras import run_finisher
from player.late_views import Taken
from player.package_api import Result, Said, packed
from player.site import load_pages
from schedule.lectures import bare_lecture
from transcode import extras
from transcode.library import Library
from transcode.recording import Recording, RecordingState
from transcode.revisions import Revisions


@dataclass(frozen=True, slots=True)
class _Log:
    """Keeps facts straight in the log, in the transaction at hand: the journal is the server's."""

    connection: AsyncConnection
    clock: Clock
    house: House

    async def record(self, *facts: Fact) -> None:
        kept = await event_log.append(self.connection, facts, now=self.clock.now())
        await store.index(self.connection, kept, self.house)


async def export_lecture(
    settings: Settings,
    database: Database,
    clock: Clock,
    lecture: UUID,
    target: Path,
    *,
    with_chat: bool,
) -> None:
    """Write the package; NotFound, Refused or Unavailable say why there is none."""
    found = await _recording(settings, lecture)
    async with database.connect() as connection:
        planned = await bare_lecture(connection, lecture)
        said = await chat_of(connection, lecture) if with_chat else None
        results = await results_of(connection, lecture)
    pages = load_pages(clock)
    wanted = packed(
        planned,
        found,
        said,
        results,
        secret=settings.signing_secret,
        now=clock.now(),
        languages=pages.languages,
        locale="kk",
    )
    try:
        await asyncio.to_thread(_write, target, lambda file: package.build(file, wanted))
    except OSError as error:
        raise Unavailable(f"{target} can't be written: {error.strerror}.") from error


async def export_course(
    settings: Settings,
    database: Database,
    clock: Clock,
    lectures: Sequence[UUID],
    target: Path,
    *,
    title: str,
    with_chat: bool,
    told: Callable[[int], None],
) -> None:
    """Write the package of several lectures, in order of time; `told` hears how many are in it.
    NotFound, Refused or Unavailable say why there is none."""
    async with database.connect() as connection:
        found = [await bare_lecture(connection, each) for each in lectures]
        said = [await chat_of(connection, each.id) if with_chat else None for each in found]
        results = [await results_of(connection, each.id) for each in found]
    pages, now = load_pages(clock), clock.now()
    packages = [
        packed(
            lecture,
            await _recording(settings, lecture.id),
            chat,
            came_to,
            secret=settings.signing_secret,
            now=now,
            languages=pages.languages,
            locale="kk",
        )
        for lecture, chat, came_to in sorted(
            zip(found, said, results, strict=True), key=lambda each: each[0].starts_at
        )
    ]
    course = Course(
        title=title or found[0].title,
        made_at=now,
        lectures=packages,
        languages=pages.languages,
        locale="kk",
    )
    try:
        await asyncio.to_thread(
            _write, target, lambda file: course_package.build(file, course, told)
        )
    except OSError as error:
        raise Unavailable(f"{target} can't be written: {error.strerror}.") from error


async def import_watch(
    settings: Settings, database: Database, clock: Clock, data: bytes, login: str
) -> Taken:
    """Take a watch record for the person of that login."""
    record = watch_record.read(data, settings.signing_secret)
    found = await _recording(settings, record.lecture)
    assert found.folder
    revisions = await asyncio.to_thread(Revisions.read, found.folder)
    held = watch_record.packed(record, revisions, found.uncut)
    async with database.begin() as connection:
        person = await people.person_by_login(connection, login)
        return await late_views.take(
            connection,
            _Log(connection, clock, House(settings.address)),
            record,
            person.id,
            held,
            now=clock.now(),
        )


async def chat_of(connection: AsyncConnection, lecture: UUID) -> Sequence[Said]:
    """Who said what when."""
    return [(line.at, line.name, line.text) for line in await event_log.chat(connection, lecture)]


async def results_of(connection: AsyncConnection, lecture: UUID) -> Sequence[Result]:
    """What the polls came to whose results all were shown."""
    return [
        Result(one.closed_at, one.question, one.answered, one.counts)
        for one in await polls_of(connection, lecture)
        if one.is_shown and one.closed_at is not None
    ]


async def _recording(settings: Settings, lecture: UUID) -> Recording:
    """Finished, with its extras made."""
    found = await Library(settings.data_dir / "media").fetch(lecture)
    if found is None or found.folder is None or not found.programme.segments:
        raise NotFound("There is no recording of this lecture.")
    if found.state is not RecordingState.FINISHED:
        raise Refused("The recording is not finished yet.")
    if not extras.read(found.folder):
        complaint = await run_finisher(found.folder)
        if not extras.read(found.folder):
            raise Refused(f"No file could be made of this recording: {complaint}")
    return found


def _write(target: Path, build: Callable[[IO[bytes]], None]) -> None:
    """Whole, or not at all."""
    fresh = target.with_name(f".{target.name}.new")
    try:
        with fresh.open("wb") as file:
            build(file)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
