"""Live lectures on their way to channels: a conditioner for each lecture and profile while it is on."""

import asyncio
import sys
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog
from prometheus_client import Gauge

from daris.logos import logo_options
from kernel.database import Database
from kernel.errors import DarisError
from kernel.settings import Settings
from schedule.looks import Look
from schedule.places import live_folder
from transcode.access_unit import TrackKind
from transcode.library import Library
from transcode.live_edge import fragments
from transcode.live_feed import Kind, packed
from transcode.recording import Recording
from transcode.segments import Init, Part

log = structlog.get_logger()

FED = Gauge("daris_live_feeds", "Live lectures that are conditioned for channels")

_LOOK_AGAIN = timedelta(seconds=0.5)
_PAUSE = timedelta(seconds=1)
_PATIENCE = timedelta(seconds=20)  # a conditioner that takes nothing for so long is stuck
_PICTURE, _SOUND = (Kind.PICTURE_INIT, Kind.PICTURE), (Kind.SOUND_INIT, Kind.SOUND)
_SCREEN, _CAMERA = (Kind.SCREEN_INIT, Kind.SCREEN), (Kind.CAMERA_INIT, Kind.CAMERA)


@dataclass(frozen=True, slots=True)
class Feed:
    """A lecture that channels of that look show."""

    lecture: UUID
    look: Look


class LiveFeeds:
    """Keeps a conditioner for each feed that is wanted. Event loop only."""

    def __init__(
        self, library: Library, database: Database, settings: Settings, tasks: asyncio.TaskGroup
    ) -> None:
        self._library = library
        self._database = database
        self._settings = settings
        self._tasks = tasks
        self._running: dict[Feed, asyncio.Task[None]] = {}

    def want(self, feeds: Collection[Feed]) -> None:
        """These from now on, and no others."""
        for feed in self._running.keys() - set(feeds):
            self._running.pop(feed).cancel()
        for feed in set(feeds) - self._running.keys():
            name = f"live-feed-{feed.lecture}"
            self._running[feed] = self._tasks.create_task(self._supervise(feed), name=name)

    async def _supervise(self, feed: Feed) -> None:
        """Wait for the room, feed, and again: a room may be interrupted, a conditioner may fail."""
        while True:
            recording = self._library.remembered(feed.lecture)
            if recording is None or not self._library.is_live(feed.lecture):
                await asyncio.sleep(_LOOK_AGAIN.total_seconds())
                continue
            try:
                await self._attempt(feed, recording)
            except (OSError, DarisError) as error:
                log.error("live_feeds.failed", lecture=str(feed.lecture), reason=str(error))
            await asyncio.sleep(_PAUSE.total_seconds())

    async def _attempt(self, feed: Feed, recording: Recording) -> None:
        """One life of a conditioner: until the room ends, or it does."""
        logo = await logo_options(self._database, self._settings, feed.look.logo)
        folder = live_folder(self._settings, feed.lecture, feed.look)
        process = await asyncio.create_subprocess_exec(
            *_command(folder, feed, recording),
            *logo,
            stdin=asyncio.subprocess.PIPE,
        )
        log.info("live_feeds.began", lecture=str(feed.lecture), look=str(feed.look))
        try:
            with FED.track_inprogress():
                await _feed(recording, process)
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            log.info("live_feeds.ended", lecture=str(feed.lecture), code=process.returncode)


def _command(folder: Path, feed: Feed, recording: Recording) -> list[str]:
    return [
        *(sys.executable, "-m", "transcode.live_conditioner", str(folder)),
        *("--epoch", recording.epoch.isoformat(), "--profile", feed.look.profile),
    ]


async def _feed(recording: Recording, process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    pump = Pump(recording, process.stdin)
    async with asyncio.TaskGroup() as tasks:
        pumps = [
            tasks.create_task(run(), name="live-feed-pump")
            for run in (pump.programme, pump.voice, pump.camera)
        ]
        ended = tasks.create_task(process.wait(), name="live-feed-process")
        await asyncio.wait([ended, pumps[0]], return_when=asyncio.FIRST_COMPLETED)
        for task in (*pumps, ended):
            task.cancel()


class Pump:
    """A recording's renditions into the pipe of its conditioner, each until it ends or the other side goes
    away. Event loop only."""

    def __init__(self, recording: Recording, pipe: asyncio.StreamWriter) -> None:
        self._recording = recording
        self._pipe = pipe
        self._shows_screen = False
        self._known: dict[tuple[Kind, Kind], Init] = {}  # that was sent last

    async def programme(self) -> None:
        known = None
        async for init, part in fragments(self._recording.programme):
            if init is not known:
                known, self._shows_screen = init, self._is_of_screen(init)
            kinds = _SCREEN if self._shows_screen else _PICTURE
            if not await self._write(kinds, init, part):
                return

    async def voice(self) -> None:
        async for init, part in fragments(self._recording.track(TrackKind.VOICE)):
            if not await self._write(_SOUND, init, part):
                return

    async def camera(self) -> None:
        """Only while it is not the programme itself; from a key picture on."""
        is_sent = False
        async for init, part in fragments(self._recording.track(TrackKind.CAMERA)):
            is_sent = self._shows_screen and (is_sent or part.is_independent)
            if not is_sent:
                self._known.pop(_CAMERA, None)
            elif not await self._write(_CAMERA, init, part):
                return

    async def _write(self, kinds: tuple[Kind, Kind], init: Init, part: Part) -> bool:
        """With its set-up before, where that is another one. False when nobody takes it."""
        if self._known.get(kinds) is not init:
            self._known[kinds] = init
            self._pipe.write(packed(kinds[0], init.data))
        self._pipe.write(packed(kinds[1], part.data))
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                await self._pipe.drain()
        except (ConnectionError, TimeoutError):
            return False
        return True

    def _is_of_screen(self, init: Init) -> bool:
        """The programme's set-ups are those of its tracks."""
        camera, screen = (
            {known.data for known in self._recording.track(kind).inits.values()}
            for kind in (TrackKind.CAMERA, TrackKind.SCREEN)
        )
        return init.data in screen - camera
