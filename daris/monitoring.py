"""Watches the channels: a monitor for each, which receives its stream; alarms to page, metrics and webhook."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, MutableMapping
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import msgspec
import structlog
from prometheus_client import Gauge

from kernel.clock import Clock
from kernel.settings import Settings
from schedule.as_run import read_as_run
from schedule.health import MESSAGES, Alarm, Health
from schedule.places import channel_folder
from transcode.sight import Sight

log = structlog.get_logger()

ALARM = Gauge("daris_channel_alarm", "1 while something is wrong", ["channel", "code"])
LOUDNESS = Gauge("daris_channel_loudness_lufs", "Short-term loudness", ["channel"])

_PAUSE: Final = timedelta(seconds=2)
_PATIENCE: Final = timedelta(seconds=5)  # a monitor tells something each second
_GRACE: Final = timedelta(seconds=15)  # of a channel that begins
_CALM: Final = timedelta(seconds=3)  # an alarm is over when it was not seen for so long
_SCHEDULE_AHEAD: Final = timedelta(hours=1)
_WAITING: Final = 1000  # notices; then the newest are lost
_TRIES: Final = 3
_OF_THE_SLATE: Final = {"silence", "freeze", "black"}  # where it is planned it is no fault


class Notice(msgspec.Struct, frozen=True):
    """What the webhook gets."""

    channel: str
    code: str
    message: str
    state: str  # raised or cleared
    at: datetime


class Alarms:
    """The alarms of one channel: raised at once, cleared when they stay away. Pure but for the metrics."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._since: dict[str, datetime] = {}
        self._seen: dict[str, datetime] = {}
        self._messages: dict[str, str] = {}

    def update(self, faults: MutableMapping[str, str], now: datetime) -> list[Notice]:
        """`faults` are messages by code; what is new and what is over."""
        notices = []
        for code, message in faults.items():
            self._seen[code], self._messages[code] = now, message
            if code not in self._since:
                self._since[code] = now
                notices.append(self._notice(code, "raised", now))
        for code in [code for code, seen in self._seen.items() if now - seen >= _CALM]:
            notices.append(self._notice(code, "cleared", now))
            del self._since[code], self._seen[code]
        return notices

    def now(self) -> tuple[Alarm, ...]:
        """The oldest first."""
        alarms = (Alarm(code, self._messages[code], at) for code, at in self._since.items())
        return tuple(sorted(alarms, key=lambda alarm: alarm.since))

    def _notice(self, code: str, state: str, now: datetime) -> Notice:
        ALARM.labels(self._channel, code).set(state == "raised")
        return Notice(self._channel, code, self._messages[code], state, now)


class Monitors:
    """Event loop only."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        health: MutableMapping[str, Health],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._health = health
        self._tasks = tasks
        self._ports: dict[str, int] = {}
        self._watching: dict[str, asyncio.Task[None]] = {}
        self._notices: asyncio.Queue[Notice] = asyncio.Queue(_WAITING)
        self._telling = tasks.create_task(self._tell(), name="alarms")

    def watch(
        self,
        channel: str,
        planned_until: Callable[[], datetime | None],
        port: int | None = None,
    ) -> None:
        """From now on. `planned_until` is when its schedule ends, if it has one; `port` is where a stream that
        is on air already goes."""
        if channel not in self._watching:
            self._ports[channel] = port or _free_port()
            watching = self._watch(channel, planned_until, self._clock.now())
            self._watching[channel] = self._tasks.create_task(watching, name=f"monitor-{channel}")

    def forget(self, channel: str) -> None:
        self._watching.pop(channel).cancel()
        self._health.pop(channel, None)

    def port(self, channel: str) -> int:
        """Of the loopback, where the channel's process sends the stream for its monitor."""
        return self._ports[channel]

    def close(self) -> None:
        for channel in list(self._watching):
            self.forget(channel)
        self._telling.cancel()

    async def _watch(
        self, channel: str, planned_until: Callable[[], datetime | None], began: datetime
    ) -> None:
        """One life of a monitor after the other."""
        alarms = Alarms(channel)
        while True:
            try:
                await self._attempt(channel, alarms, planned_until, began)
            except Exception:
                log.exception("monitoring.failed", channel=channel)
            self._note(channel, alarms, None, {"monitor": MESSAGES["monitor"]})
            await asyncio.sleep(_PAUSE.total_seconds())

    async def _attempt(
        self,
        channel: str,
        alarms: Alarms,
        planned_until: Callable[[], datetime | None],
        began: datetime,
    ) -> None:
        folder = channel_folder(self._settings, channel)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "transcode.monitor"),
            *("--port", str(self._ports[channel]), "--folder", str(folder)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            while True:
                async with asyncio.timeout(_PATIENCE.total_seconds() + _GRACE.total_seconds()):
                    line = await process.stdout.readline()
                if not line:
                    return
                sight = msgspec.json.decode(line, type=Sight)
                if self._clock.now() - began > _GRACE:
                    faults = await self._faults(channel, sight, planned_until())
                    self._note(channel, alarms, sight, faults)
                else:
                    self._note(channel, alarms, sight, {})
        except (TimeoutError, msgspec.DecodeError):
            return
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def _faults(
        self, channel: str, sight: Sight, planned_until: datetime | None
    ) -> dict[str, str]:
        now = self._clock.now()
        faults = {code: MESSAGES[code] for code in sight.faults}
        folder = channel_folder(self._settings, channel) / "as-run"
        aired = await asyncio.to_thread(read_as_run, folder, now - timedelta(minutes=1), now)
        if aired and aired[-1].slate:
            faults = {code: text for code, text in faults.items() if code not in _OF_THE_SLATE}
            if aired[-1].reason:
                faults["slate"] = MESSAGES["slate"]  # the as-run log says why
        if planned_until is not None and planned_until < now + _SCHEDULE_AHEAD:
            faults["schedule"] = MESSAGES["schedule"]
        return faults

    def _note(
        self, channel: str, alarms: Alarms, sight: Sight | None, faults: dict[str, str]
    ) -> None:
        now = self._clock.now()
        for notice in alarms.update(faults, now):
            log.warning("monitoring.alarm", channel=channel, code=notice.code, state=notice.state)
            with contextlib.suppress(asyncio.QueueFull):
                self._notices.put_nowait(notice)
        levels = sight or Sight()
        LOUDNESS.labels(channel).set(levels.short_term)
        self._health[channel] = Health(
            now, levels.momentary, levels.short_term, levels.integrated, alarms.now()
        )

    async def _tell(self) -> None:
        """Notices to the webhook, in order; one that is not taken is tried again, then lost."""
        patience = aiohttp.ClientTimeout(total=_PATIENCE.total_seconds())
        async with aiohttp.ClientSession(timeout=patience) as client:
            while True:
                notice = await self._notices.get()
                if self._settings.alarm_webhook:
                    await _post(client, self._settings.alarm_webhook, notice)


async def _post(client: aiohttp.ClientSession, address: str, notice: Notice) -> None:
    headers = {"Content-Type": "application/json"}
    for attempt in range(_TRIES):
        try:
            body = msgspec.json.encode(notice)
            async with client.post(address, data=body, headers=headers) as answer:
                if answer.status < 300:
                    return
                reason = f"status {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = str(error) or "no answer in time"
        log.warning("monitoring.webhook_failed", code=notice.code, reason=reason)
        await asyncio.sleep(_PAUSE.total_seconds() * attempt)


def _free_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
