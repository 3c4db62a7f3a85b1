"""Channels on air: a process for each, its plan written from the database, its media conditioned in time.

Nothing here is on the way of a picture. The processes play on while the database is away, and what is
to be done follows from the database alone, so it can begin anew at any moment.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec
import structlog
from aiohttp import web

from daris.channel_process import ChannelProcess, on_air_in
from daris.conditioning import Conditioning
from daris.live_feeds import Feed, LiveFeeds
from daris.monitoring import Monitors
from daris.plans import Looks, Rundown, looks_on_air, needs_of, plan_of, rooms_in
from daris.player import Player
from daris.takes import current, feeds_of, moved, takes_in, without_rooms
from kernel.bus import Bus
from kernel.clock import Clock
from kernel.database import Database
from kernel.pages import HOUSE_ZONE
from kernel.settings import Settings
from kernel.web import BUS, CLOCK, DATABASE, SETTINGS
from player.delivery import LIBRARY
from schedule.channels import (
    Channel,
    HouseItem,
    house_items_for,
    house_items_state,
    list_channels,
    programmes_between,
)
from schedule.health import HEALTH
from schedule.lifecycle import OVER, LectureState
from schedule.live_ends import end_on_air, lectures_on_channels
from schedule.places import channel_folder, channels_folder
from schedule.takes import TOPIC, TakeMoved
from transcode.claim import Claimed, claimed
from transcode.supervision import engine
from transcode.timeline import Item, Plan

log = structlog.get_logger()

HANDOVER = web.AppKey("handover", asyncio.Event)  # set before the end: channels stay on air
HOUSE_COUNTRY = "KAZ"  # of HOUSE_ZONE

_STEP = timedelta(seconds=1)
_READ_AGAIN = timedelta(minutes=1)
_BACK = timedelta(days=1)  # what was pushed out of its time may go on for long
_CONDITIONED_BACK = timedelta(hours=1)
_AHEAD = timedelta(days=8)


class Channels:
    """Keeps the processes and the plan files in step with the database. Event loop only."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        settings: Settings,
        *,
        feeds: LiveFeeds,
        monitors: Monitors,
        handover: asyncio.Event,
    ) -> None:
        """Once `handover` is set, processes are left on air for the next server when this ends."""
        self._feeds = feeds
        self._monitors = monitors
        self._database = database
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._folder = channels_folder(settings)
        self._engine = engine()
        self._handover = handover
        self._conditioning = Conditioning(database, clock, settings)
        self._players: dict[str, tuple[Channel, asyncio.Task[None]]] = {}
        self._plans: dict[str, bytes] = {}  # as written
        self._planned: dict[str, Plan] = {}
        self._takes: dict[str, tuple[Item, ...]] = {}
        self._state: object = None
        self._rooms: frozenset[UUID] = frozenset()  # lectures that are planned live
        self._rundowns: Sequence[Rundown] = ()
        self._planned_feeds: set[Feed] = set()
        self._looks: Looks = {}  # of the rooms on air
        self._over: Mapping[UUID, datetime] = {}  # of the rooms that are taken, those that ended
        self._read_at = 0.0  # monotonic seconds

    async def run(self) -> None:
        """Until cancelled; then every process has ended, those too that an earlier server left and nobody kept."""
        async with self._supervising():
            try:
                await self._keep_all()
            finally:
                if not self._handover.is_set():
                    await self._end_all(but=())

    @asynccontextmanager
    async def _supervising(self) -> AsyncIterator[None]:
        """Those on air notice. Wait while another server looks after the channels of this folder."""
        told = None
        while True:
            with ExitStack() as stack:
                try:
                    stack.enter_context(claimed(self._claim))
                except (Claimed, OSError) as error:
                    if told != (told := str(error)):
                        log.error("channels.not_ours", reason=told)
                else:
                    yield
                    return
            await asyncio.sleep(_STEP.total_seconds())

    async def _end_all(self, *, but: Collection[str]) -> None:
        """All that are on air but those of the channels `but`."""
        for channel_id, process in on_air_in(self._folder):
            with closing(process):
                if channel_id not in but:
                    log.warning("channels.orphan_ended", channel=channel_id, pid=process.pid)
                    await process.end()

    async def _keep_all(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._conditioning.run(), name="conditioning")
            tasks.create_task(self._follow_takes(), name="takes")
            while True:
                try:
                    await self._step(tasks)
                except Exception:
                    log.exception("channels.step_failed")
                await asyncio.sleep(_STEP.total_seconds())

    async def _step(self, tasks: asyncio.TaskGroup) -> None:
        """Read the rundowns if anything about them changed, and from time to time."""
        now = self._clock.now()
        taken = {feed.lecture for one in self._takes.values() for feed in feeds_of(one, now)}
        async with self._database.connect() as connection:
            lectures = await lectures_on_channels(connection, self._rooms | taken)
            ends = {key: end for key, one in lectures.items() if (end := end_on_air(one, now))}
            state = await list_channels(connection), await house_items_state(connection), ends
        self._looks = looks_on_air(self._rundowns, ends, now, self._looks)
        self._planned_feeds = {
            Feed(lecture, look)
            for (_, lecture), look in self._looks.items()
            if lectures[lecture].state is LectureState.LIVE
        }
        self._over = {key: ends[key] for key in taken & ends.keys() if lectures[key].state in OVER}
        self._feed()
        age = self._clock.monotonic() - self._read_at
        if state == self._state and age < _READ_AGAIN.total_seconds():
            return
        rundowns, items = await self._read()
        self._state, self._read_at = state, self._clock.monotonic()
        self._rundowns, self._rooms = rundowns, rooms_in(rundowns)
        for rundown in rundowns:
            self._plan(rundown, items, ends)
            await self._keep_playing(tasks, rundown.channel)
        for channel_id in self._players.keys() - {rundown.channel.id for rundown in rundowns}:
            await self._stop(channel_id)
            self._monitors.forget(channel_id)
        await self._end_all(but={rundown.channel.id for rundown in rundowns})
        self._conditioning.want(needs_of(rundowns, now - _CONDITIONED_BACK))

    async def _read(self) -> tuple[list[Rundown], Mapping[tuple[str, str], HouseItem]]:
        since, until = self._clock.now() - _BACK, self._clock.now() + _AHEAD
        async with self._database.connect() as connection:
            rundowns = [
                Rundown(channel, await programmes_between(connection, channel.id, since, until))
                for channel in await list_channels(connection)
            ]
            sources = {p.source.key for rundown in rundowns for p in rundown.programmes}
            items = await house_items_for(connection, (key for key in sources if key))
        return rundowns, items

    def _plan(
        self,
        rundown: Rundown,
        items: Mapping[tuple[str, str], HouseItem],
        ends: Mapping[UUID, datetime],
    ) -> None:
        channel = rundown.channel
        if channel.id not in self._takes:  # those of our last life
            self._takes[channel.id] = takes_in(self._plan_path(channel.id))
        takes = without_rooms(self._takes[channel.id], self._over)
        self._takes[channel.id] = current(takes, self._clock.now())
        self._planned[channel.id] = plan_of(rundown, items, self._settings, ends, self._looks)
        self._write_plan(channel.id)

    async def _follow_takes(self) -> None:
        """A take needs no database: it goes into the plan that was read last."""
        async with self._bus.subscribe(TOPIC) as messages:
            async for message in messages:
                try:
                    self._take(msgspec.json.decode(message, type=TakeMoved))
                except msgspec.DecodeError as error:
                    log.error("channels.take_failed", reason=str(error))

    def _take(self, news: TakeMoved) -> None:
        if news.channel not in self._planned:
            return
        takes = self._takes[news.channel]
        self._takes[news.channel] = moved(takes, news, self._settings)
        self._write_plan(news.channel)
        self._feed()

    def _feed(self) -> None:
        """The rooms that are planned, and those that are taken, which begin at once."""
        now = self._clock.now()
        taken = {
            feed
            for rundown in self._rundowns
            for feed in feeds_of(self._takes.get(rundown.channel.id, ()), now)
            if feed.lecture not in self._over
        }
        self._feeds.want(self._planned_feeds | taken)

    def _write_plan(self, channel_id: str) -> None:
        """Only when it says something new: the process reads it again then."""
        plan = msgspec.structs.replace(self._planned[channel_id], takes=self._takes[channel_id])
        encoded = msgspec.json.encode(plan)
        if self._plans.get(channel_id) == encoded:
            return
        path = self._plan_path(channel_id)
        partial = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(encoded)
            partial.replace(path)
        except OSError as error:  # a full disk: it is played as it was planned, and tried again
            log.error("channels.plan_not_written", channel=channel_id, reason=str(error))
            return
        self._plans[channel_id] = encoded

    async def _keep_playing(self, tasks: asyncio.TaskGroup, channel: Channel) -> None:
        playing = self._players.get(channel.id)
        if playing and _set_up(playing[0]) == _set_up(channel):
            return
        if playing:
            await self._stop(channel.id)
        port = self._port_on_air(channel.id)
        self._monitors.watch(channel.id, partial(self._planned_until, channel.id), port)
        arguments = self._arguments(channel)
        folder = self._folder / channel.id
        player = Player(channel.id, folder, arguments, clock=self._clock, handover=self._handover)
        playing_on = tasks.create_task(player.supervise(), name=f"channel-{channel.id}")
        self._players[channel.id] = channel, playing_on

    def _planned_until(self, channel_id: str) -> datetime | None:
        planned = self._planned.get(channel_id)
        return planned.items[-1].ends_at if planned and planned.items else None

    async def _stop(self, channel_id: str) -> None:
        _, player = self._players.pop(channel_id)
        player.cancel()
        await asyncio.wait([player])

    def _arguments(self, channel: Channel) -> list[str]:
        """What a process is told when it starts; one that was told the same is as good."""
        settings = self._settings
        outputs = [part for url in channel.outputs for part in ("--output", url)]
        alone = str(settings.channel_alone_minutes)
        return [
            *("--plan", str(self._plan_path(channel.id)), "--out", str(self._folder / channel.id)),
            *("--profile", channel.profile, "--name", channel.name, *outputs),
            *("--charset", channel.charset, "--zone", HOUSE_ZONE, "--country", HOUSE_COUNTRY),
            *("--keep-hours", str(settings.catchup_hours)),
            *("--monitor", str(self._monitors.port(channel.id)), "--engine", self._engine),
            *("--supervisor", str(self._claim), "--alone-minutes", alone),
        ]

    @property
    def _claim(self) -> Path:
        return self._folder / ".supervisor"

    def _port_on_air(self, channel_id: str) -> int | None:
        """Where a process that is on air already sends its stream for a monitor."""
        process = ChannelProcess.in_folder(self._folder / channel_id)
        if process is None:
            return None
        with closing(process):
            return process.monitor_port

    def _plan_path(self, channel_id: str) -> Path:
        return channel_folder(self._settings, channel_id) / "plan.json"


def _set_up(channel: Channel) -> tuple[object, ...]:
    """What a process is told when it starts."""
    return channel.name, channel.profile, channel.charset, tuple(channel.outputs)


async def opened(app: web.Application) -> AsyncIterator[None]:
    """A cleanup context behind DATABASE: the channels of this process."""
    async with asyncio.TaskGroup() as tasks:
        feeds = LiveFeeds(app[LIBRARY], app[DATABASE], app[SETTINGS], tasks)
        app[HEALTH] = {}
        monitors = Monitors(app[SETTINGS], app[CLOCK], app[HEALTH], tasks)
        app[HANDOVER] = asyncio.Event()
        channels = Channels(
            app[DATABASE],
            app[BUS],
            app[CLOCK],
            app[SETTINGS],
            feeds=feeds,
            monitors=monitors,
            handover=app[HANDOVER],
        )
        running = tasks.create_task(channels.run(), name="channels")
        yield
        running.cancel()
        feeds.want(())
        monitors.close()
