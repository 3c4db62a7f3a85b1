"""Conditioning: media to house items, one at a time in a child process, as the rundowns need them."""

import asyncio
import hashlib
import json
import math
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import Counter

from daris.leftovers import Leftovers
from daris.logos import forget_logos, logo_options
from kernel.clock import Clock
from kernel.database import Database
from kernel.settings import Settings
from schedule.channels import (
    HouseItem,
    ItemState,
    best_items,
    house_files,
    house_items_for,
    keep_house_item,
)
from schedule.logos import drop_unused_logos
from schedule.looks import Look
from schedule.places import captions_folder, house_folder, library_file, recording_index
from schedule.rundown import Source
from transcode.house import RECIPE

log = structlog.get_logger()

CONDITIONED = Counter("daris_conditioned_total", "Media that was conditioned", ["outcome"])

_LOOK_AGAIN = timedelta(seconds=5)
_SILENCE = timedelta(minutes=15)  # a child that says nothing for so long is stuck
_SWEEP_EVERY = timedelta(minutes=10)
_LONGEST_ERROR = 500  # characters
_ENCODER = version("av")  # another build makes other parameter sets


@dataclass(frozen=True, slots=True)
class Need:
    """Media that a channel of that look will show."""

    source: Source
    look: Look

    @property
    def key(self) -> str:
        assert self.source.key is not None  # the slate needs nothing
        return self.source.key


class _Made(Enum):
    """How the conditioned media of a need stands."""

    MISSING = 0
    OUTDATED = 1  # by an older recipe, or with another logo: aired as it is until it was made anew
    DONE = 2


class _Failed(Exception):
    """The child gave up; the sentence is its own."""


class Conditioning:
    """Works off the wants, the soonest first; what can be shown as it is comes after all that can't.
    Event loop only."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._leftovers = Leftovers(house_folder(settings), clock)
        self._swept_at = -math.inf  # monotonic seconds
        self._wanted: Sequence[Need] = ()
        self._changed = asyncio.Event()

    def want(self, needs: Sequence[Need]) -> None:
        """Take these instead of those before; what is done already costs nothing."""
        if needs != self._wanted:
            self._wanted = needs
            self._changed.set()

    async def run(self) -> None:
        while True:
            self._changed.clear()
            try:
                while await self._step():
                    pass
                await self._sweep()
            except Exception:
                log.exception("conditioning.failed")
            with suppress(TimeoutError):  # a file may have come or changed meanwhile
                async with asyncio.timeout(_LOOK_AGAIN.total_seconds()):
                    await self._changed.wait()

    async def _step(self) -> bool:
        """Condition the first that has to be; whether there was one."""
        wanted = self._wanted
        async with self._database.connect() as connection:
            items = await house_items_for(connection, {need.key for need in wanted})
        paths = [self._path(need.source) for need in wanted]
        versions = await asyncio.to_thread(lambda: list(map(_version, paths)))
        there = [
            (need, path, current)
            for need, path, current in zip(wanted, paths, versions, strict=True)
            if path and current
        ]
        shown = {look: best_items(items, look) for look in {need.look for need in wanted}}
        for state in (_Made.MISSING, _Made.OUTDATED):
            for need, path, current in there:
                known = items.get((need.key, str(need.look)))
                if self._state(known, shown[need.look].get(need.key), current) is state:
                    await self._condition(need, path, current, known)
                    return True
        return False

    def _state(self, known: HouseItem | None, shown: HouseItem | None, current: str) -> _Made:
        """`known` is in the look that is needed, `shown` what is aired meanwhile."""
        exact = self._made(known, current)
        if exact is not _Made.MISSING:
            return exact
        return _Made.MISSING if self._made(shown, current) is _Made.MISSING else _Made.OUTDATED

    async def _sweep(self) -> None:
        """From time to time, while nothing is conditioned."""
        if self._clock.monotonic() - self._swept_at < _SWEEP_EVERY.total_seconds():
            return
        self._swept_at = self._clock.monotonic()
        async with self._database.begin() as connection:
            logos = await drop_unused_logos(connection)
            named = await house_files(connection)
        await asyncio.to_thread(self._leftovers.look, named)
        await asyncio.to_thread(forget_logos, self._settings, logos)

    def _path(self, source: Source) -> Path | None:
        if source.recording is not None:
            return recording_index(self._settings, source.recording)
        return library_file(self._settings, source.file or "")

    def _made(self, item: HouseItem | None, current: str) -> _Made:
        if item is None or item.version != current:
            return _Made.MISSING
        if item.state is ItemState.FAILED:
            return _Made.DONE
        if not (house_folder(self._settings) / item.file).exists():
            return _Made.MISSING
        recipe = (item.report or {}).get("recipe", 1)
        return _Made.DONE if recipe >= RECIPE else _Made.OUTDATED

    async def _condition(
        self, need: Need, path: Path, current: str, before: HouseItem | None
    ) -> None:
        name = _name_of(
            need, current
        )  # whatever the recipe: a channel that shows it goes on with it
        target = house_folder(self._settings) / f"{name}.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        look = str(need.look)
        log.info("conditioning.began", source=need.key, look=look)
        item = HouseItem(source=need.key, look=look, version=current, state=ItemState.READY)
        try:
            report = await self._run(need, path, target)
            item = replace(item, file=target.name, report=report)
            log.info("conditioning.done", source=need.key, look=look)
        except _Failed as error:
            item = self._after_failure(item, before, str(error))
            log.warning("conditioning.refused", source=need.key, reason=str(error))
        CONDITIONED.labels(item.state).inc()
        async with self._database.begin() as connection:
            await keep_house_item(connection, item, at=self._clock.now())

    def _after_failure(self, item: HouseItem, before: HouseItem | None, why: str) -> HouseItem:
        """What was made by an older recipe stays, and is not tried again."""
        if before and self._made(before, item.version) is _Made.OUTDATED:
            return replace(before, report=(before.report or {}) | {"recipe": RECIPE})
        return replace(item, state=ItemState.FAILED, error=why)

    async def _run(self, need: Need, source: Path, target: Path) -> dict[str, Any]:
        """The child's report. _Failed with its sentence when it could not."""
        more = await logo_options(self._database, self._settings, need.look.logo)
        if need.source.file is not None:
            more += ["--captions", str(captions_folder(self._settings, need.key))]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "transcode.conditioner"),
            *(str(source), str(target), "--profile", need.look.profile, *more),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                complaint = tasks.create_task(_tail(process.stderr), name="conditioner-errors")
                last = await _last_line(process.stdout)
            if await process.wait() == 0:
                report: dict[str, Any] = json.loads(last)
                return report
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        sentence = complaint.result().strip().splitlines()[-1:] or ["The conditioner broke down."]
        raise _Failed(sentence[0][:_LONGEST_ERROR])


def _name_of(need: Need, current: str) -> str:
    about = f"{need.key}\0{need.look}\0{current}"
    return hashlib.sha256(about.encode()).hexdigest()[:20]


def _version(path: Path | None) -> str | None:
    """What changes when the source does; None when it is not there."""
    try:
        status = path.stat() if path else None
    except OSError:
        return None
    return f"{status.st_size}-{status.st_mtime_ns}-{_ENCODER}" if status else None


async def _last_line(stream: asyncio.StreamReader | None) -> bytes:
    """The last line; what was said before, when nothing follows for too long."""
    assert stream is not None
    last = b""
    while True:
        try:
            async with asyncio.timeout(_SILENCE.total_seconds()):
                line = await stream.readline()
        except TimeoutError:
            return last
        if not line:
            return last
        last = line


async def _tail(stream: asyncio.StreamReader | None) -> str:
    """The end of what the child complained about."""
    assert stream is not None
    kept = b""
    while chunk := await stream.read(4096):
        kept = (kept + chunk)[-8192:]
    return kept.decode(errors="replace")
