"""The packager thread of one lecture: units of the stage go into its recording.

A recording belongs to one thread for life. The stage's tap calls from its own and may not be kept
waiting, so units wait here in between, bounded: when the disk cannot keep up, units are dropped,
and it is told.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import Counter

from kernel.clock import Clock
from live.tracks import PublishedTrack
from transcode.access_unit import AccessUnit, Codec, TrackKind
from transcode.mixer import VoiceMixer
from transcode.opus import MalformedOpus
from transcode.recording import Recording

log = structlog.get_logger()

DROPPED = Counter("daris_live_dropped_units", "Access units that the packager had no time for")

CAPACITY: Final = 4000  # units: some twenty seconds of camera, screen and voice
TICK: Final = 0.1  # seconds between looks at the clock
_FIT: Final = {Codec.H264: True, Codec.OPUS: True, Codec.VP8: False, Codec.AAC: False}


@dataclass(frozen=True, slots=True)
class _Unit:
    track: PublishedTrack
    unit: AccessUnit


@dataclass(frozen=True, slots=True)
class _End:
    track: PublishedTrack


class Packing:
    """A UnitSink. `take` and `end` are called by the tap's thread, all else by the event loop."""

    def __init__(
        self,
        recording: Recording,
        *,
        clock: Clock,
        epoch: datetime,
        on_key_wanted: Callable[[TrackKind], None],
        on_fault: Callable[[str], None],
    ) -> None:
        self._recording = recording
        self._clock = clock
        self._epoch = epoch
        self._on_key_wanted = on_key_wanted
        self._on_fault = on_fault
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.Queue[_Unit | _End | None] = queue.Queue(CAPACITY)
        self._roles: Mapping[UUID, TrackKind] = {}
        self._sent: dict[TrackKind, UUID] = {}  # packager thread: the track that feeds the kind
        self._faults: set[str] = set()
        self._mixer = VoiceMixer()  # packager thread
        self._ticked_at = 0.0
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(
            target=self._run, name=f"packager {recording.lecture}", daemon=True
        )
        self._thread.start()

    def cast(self, roles: Mapping[UUID, TrackKind]) -> None:
        """Which track is recorded as what, from now on."""
        self._roles = dict(roles)

    async def finish(self) -> None:
        """Pack what waits, end the recording and join the thread."""
        await asyncio.to_thread(self._waiting.put, None)
        await asyncio.shield(self._finished)
        await asyncio.to_thread(self._thread.join)

    # ------------------------------------------------------------ the tap's thread

    def take(self, track: PublishedTrack, unit: AccessUnit) -> None:
        if track.id in self._roles:
            self._put(_Unit(track, unit))

    def end(self, track: PublishedTrack) -> None:
        self._put(_End(track))

    def _put(self, item: _Unit | _End) -> None:
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            DROPPED.inc()
            self._fault("The disk does not keep up: parts of the recording are missing.")

    # ------------------------------------------------------------ the packager thread

    def _run(self) -> None:
        """Supervise: step after step; what one unit breaks, the next may mend."""
        while (item := self._next()) is not None:
            try:
                self._step(item)
            except Exception:
                log.exception("live.packing_failed", lecture=str(self._recording.lecture))
                self._fault("A piece of the recording could not be made.")
        self._conclude()

    def _next(self) -> _Unit | _End | bool | None:
        """What to do: an item, True for a tick alone, None for the end."""
        try:
            return self._waiting.get(timeout=TICK)
        except queue.Empty:
            return True

    def _step(self, item: _Unit | _End | bool) -> None:
        match item:
            case _Unit():
                self._pack(item.track, item.unit)
            case _End():
                self._stop(item.track)
            case _:
                pass
        if time.monotonic() - self._ticked_at >= TICK:
            self._ticked_at = time.monotonic()
            elapsed = (self._clock.now() - self._epoch).total_seconds()
            self._recording.tick(Fraction(elapsed).limit_denominator(1_000_000))
            for kind in self._recording.wanted_keys:
                self._post(self._on_key_wanted, kind)

    def _pack(self, track: PublishedTrack, unit: AccessUnit) -> None:
        kind = self._roles.get(track.id)
        if kind is None:
            return
        if not _FIT[track.codec]:
            self._fault(f"The {kind.value} is sent as {track.codec.value}, which is not recorded.")
            return
        if kind is TrackKind.VOICE:
            self._speak(track, unit)
            return
        if self._sent.get(kind) != track.id:
            if not unit.is_key:
                self._post(self._on_key_wanted, kind)
                return
            self._sent[kind] = track.id
        self._recording.push(kind, unit)

    def _speak(self, track: PublishedTrack, unit: AccessUnit) -> None:
        """One voice of all microphones; a packet that cannot be decoded is left out."""
        with suppress(MalformedOpus):
            for mixed in self._mixer.push(str(track.id), unit):
                self._recording.push(TrackKind.VOICE, mixed)

    def _stop(self, track: PublishedTrack) -> None:
        self._mixer.leave(str(track.id))
        for kind, sent in tuple(self._sent.items()):
            if sent == track.id:
                del self._sent[kind]
                self._recording.stop_track(kind)

    def _conclude(self) -> None:
        error: Exception | None = None
        try:
            self._mixer.close()
            self._recording.finish()
        except OSError as failure:
            log.exception("live.recording_not_finished", lecture=str(self._recording.lecture))
            error = failure
        self._loop.call_soon_threadsafe(self._settle, error)

    # ------------------------------------------------------------ telling the event loop

    def _fault(self, sentence: str) -> None:
        if sentence not in self._faults:
            self._faults.add(sentence)
            self._loop.call_soon_threadsafe(self._on_fault, sentence)

    def _post(self, call: Callable[[TrackKind], None], kind: TrackKind) -> None:
        self._loop.call_soon_threadsafe(call, kind)

    def _settle(self, error: Exception | None) -> None:
        if error is None:
            self._finished.set_result(None)
        else:
            self._finished.set_exception(error)
