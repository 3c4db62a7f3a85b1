"""Live lectures on their way to channels: a conditioner for each lecture and profile while it is on."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog
from prometheus_client import Gauge

from daris.logos import logo_options
from kernel.database import Database
from kernel.errors import DarisError, NotFound
from kernel.settings import Settings
from schedule.looks import Look
from schedule.places import live_folder
from transcode.access_unit import TrackKind
from transcode.library import Library
from transcode.live_edge import LiveEdge
from transcode.live_feed import Kind, packed
from transcode.recording import Recording
from transcode.segments import Init, Part

log = structlog.get_logger()

FED = Gauge("daris_live_feeds", "Live lectures that are conditioned for channels")

_LOOK_AGAIN = timedelta(seconds=0.5)
_PAUSE = timedelta(seconds=1)
_PATIENCE = timedelta(seconds=20)  # a conditioner that takes nothing for so long is stuck
_PICTURE, _SOUND = (Kind.PICTURE_INIT, Kind.PICTURE), (Kind.SOUND_INIT, Kind.SOUND)
_BESIDE = TrackKind.VOICE, TrackKind.CAMERA
_SCREEN, _CAMERA = (Kind.SCREEN_INIT, Kind.SCREEN), (Kind.CAMERA_INIT, Kind.CAMERA)

Step = Callable[[Init, Part], Awaitable[bool]]
"""Passes a fragment on; False when nobody takes it any more."""


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
        try:
            logo = await logo_options(self._database, self._settings, feed.look.logo)
        except NotFound:  # taken away since, and the room begins anew
            logo = []
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
        pumping = tasks.create_task(pump.run(), name="live-feed-pump")
        ended = tasks.create_task(process.wait(), name="live-feed-process")
        await asyncio.wait([ended, pumping], return_when=asyncio.FIRST_COMPLETED)
        for task in (pumping, ended):
            task.cancel()


class Pump:
    """A recording's renditions into the pipe of its conditioner. Event loop only."""

    def __init__(self, recording: Recording, pipe: asyncio.StreamWriter) -> None:
        self._recording = recording
        self._pipe = pipe
        self._shows_screen = self._sends_camera = False
        self._programme: Init | None = None  # its set-up that was seen last
        self._known: dict[tuple[Kind, Kind], Init] = {}  # that was sent last

    async def run(self) -> None:
        """Until the programme ends or the other side goes away."""
        windows = self._recording.programme, *map(self._recording.track, _BESIDE)
        steps = (self._show, self._hear, self._inset)
        edges = [LiveEdge(window) for window in windows]
        if not await self._catch_up(edges, steps):
            return
        async with asyncio.TaskGroup() as tasks:
            programme, *others = (
                tasks.create_task(self._follow(edge, step), name="live-feed-track")
                for edge, step in zip(edges, steps, strict=True)
            )
            await programme
            for other in others:
                other.cancel()

    async def _catch_up(self, edges: Sequence[LiveEdge], steps: Sequence[Step]) -> bool:
        """What is there already, by its time: a camera that came after all of its screen would be too late for
        the pictures in whose corner it lies."""
        waiting = [
            (edge.seconds_of(part), step, init, part)
            for edge, step in zip(edges, steps, strict=True)
            for init, part in edge.ready()
        ]
        waiting.sort(key=lambda each: each[0])
        for _, step, init, part in waiting:
            if not await step(init, part):
                return False
        return True

    async def _follow(self, edge: LiveEdge, step: Step) -> None:
        async for init, part in edge.fragments():
            if not await step(init, part):
                return

    async def _show(self, init: Init, part: Part) -> bool:
        if init is not self._programme:
            self._programme, self._shows_screen = init, self._is_of_screen(init)
        return await self._write(_SCREEN if self._shows_screen else _PICTURE, init, part)

    async def _hear(self, init: Init, part: Part) -> bool:
        return await self._write(_SOUND, init, part)

    async def _inset(self, init: Init, part: Part) -> bool:
        """The camera only while it is not the programme itself; from a key picture on."""
        self._sends_camera = self._shows_screen and (self._sends_camera or part.is_independent)
        if self._sends_camera:
            return await self._write(_CAMERA, init, part)
        self._known.pop(_CAMERA, None)
        return True

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
