"""Keeps one channel on air: one life of its process after the other."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import structlog
from prometheus_client import Counter, Gauge

from daris.channel_process import ChannelProcess
from kernel.clock import Clock

log = structlog.get_logger()

STARTS = Counter(
    "daris_channel_starts_total", "Times that a channel's process was started", ["channel"]
)
ADOPTIONS = Counter(
    "daris_channel_adoptions_total", "Processes that were found on air, and kept", ["channel"]
)
ON_AIR = Gauge("daris_channel_on_air", "1 while a channel's process runs", ["channel"])

_SHORTEST_PAUSE = timedelta(seconds=0.2)
_LONGEST_PAUSE = timedelta(seconds=10)
_PATIENCE = timedelta(seconds=20)  # without a new playlist the process hangs
_STARTING = timedelta(seconds=30)  # the slate of a new channel is drawn first


class Player:
    """Event loop only."""

    def __init__(
        self,
        channel_id: str,
        folder: Path,
        arguments: Sequence[str],
        *,
        clock: Clock,
        handover: asyncio.Event,
    ) -> None:
        """`arguments` are what the process is told, which plays into `folder`. Once `handover` is set it is left
        to the next server."""
        self._id = channel_id
        self._folder = folder
        self._arguments = arguments
        self._clock = clock
        self._handover = handover

    async def supervise(self) -> None:
        """Until cancelled; then the process has ended, or is left. A pause between its lives, longer each time it was short."""
        pause = _SHORTEST_PAUSE
        while True:
            began = self._clock.monotonic()
            try:
                code = await self._attempt()
                log.warning("channels.process_ended", channel=self._id, code=code)
            except OSError as error:
                log.error("channels.process_not_started", channel=self._id, reason=str(error))
            if self._clock.monotonic() - began > _LONGEST_PAUSE.total_seconds():
                pause = _SHORTEST_PAUSE
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _attempt(self) -> int | None:
        """One life, or the rest of it where the process is on air already."""
        with closing(await self._adopted() or self._started()) as process:
            ON_AIR.labels(self._id).set(1)
            try:
                await self._watch(process)
            finally:
                ON_AIR.labels(self._id).set(0)
                if not self._handover.is_set():
                    await process.end()
            return await process.wait()

    async def _adopted(self) -> ChannelProcess | None:
        """What an earlier server left on air, if it was told the same; else it makes room."""
        process = ChannelProcess.in_folder(self._folder)
        if process is None:
            return None
        if process.was_told(self._arguments):
            ADOPTIONS.labels(self._id).inc()
            log.info("channels.process_adopted", channel=self._id, pid=process.pid)
            return process
        log.info("channels.process_replaced", channel=self._id, pid=process.pid)
        with closing(process):
            await process.end()
        return None

    def _started(self) -> ChannelProcess:
        command = (sys.executable, "-m", "transcode.playout", *self._arguments)
        process = ChannelProcess.start(command)
        STARTS.labels(self._id).inc()
        log.info("channels.process_started", channel=self._id, pid=process.pid)
        return process

    async def _watch(self, process: ChannelProcess) -> None:
        """Return when it has ended, or when its playlist stands still."""
        playlist = self._folder / "index.m3u8"
        patience = _STARTING
        before = _changed_at(playlist)
        while True:
            try:
                async with asyncio.timeout(patience.total_seconds()):
                    await process.wait()
                    return
            except TimeoutError:
                now = _changed_at(playlist)
                if now == before:
                    log.error("channels.process_hangs", channel=self._id, pid=process.pid)
                    return
                before, patience = now, _PATIENCE


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
