"""The bridge to the far tier: what is on the stage of a live lecture becomes its recording.

Nothing that goes wrong here ends the room: it is told as a fact and tried again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import structlog

from kernel.clock import Clock
from kernel.errors import Conflict, DarisError
from live.events import LiveFact, RecordingFaulted, RecordingFinished, RecordingStarted
from live.live_room import LiveRoom
from live.messages import RecordingInfo
from live.packing import Packing
from live.tap import Tap
from transcode.access_unit import TrackKind
from transcode.library import Library
from transcode.recording import Recording

log = structlog.get_logger()

KEYFRAMES: Final = 2.0  # seconds between the keyframes that all tracks are asked for: segments


class Outcome(StrEnum):
    """What became of a recording."""

    WHOLE = "whole"
    FAULTED = "faulted"
    NOTHING = "nothing"


class Broadcast:
    """One lecture's far tier. Event loop only; works within `open`."""

    def __init__(self, live: LiveRoom, library: Library, *, clock: Clock) -> None:
        self._live = live
        self._scribe = live.room.scribe
        self._library = library
        self._clock = clock
        self._recording: Recording | None = None
        self._packing: Packing | None = None
        self._tap: Tap | None = None
        self._is_kept = False
        self._told: list[str] = []
        self._faults: asyncio.Queue[str] = asyncio.Queue(100)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """While the room is up. What is still being recorded at the end can be gone on with."""
        async with asyncio.TaskGroup() as tasks:
            loops = [
                tasks.create_task(self._ask_for_keyframes(), name="keyframes of a broadcast"),
                tasks.create_task(self._tell_faults(), name="faults of a broadcast"),
            ]
            try:
                yield
            finally:
                for loop in loops:
                    loop.cancel()
                await self._stop()

    async def start(self, *, is_recorded: bool) -> None:
        """The lecture is live: make its HLS, and keep it if it is recorded. Harmless twice."""
        if self._packing is not None:
            return
        epoch = self._clock.now()
        recording = self._opened(epoch, is_recorded=is_recorded)
        if recording is None:
            return
        self._recording, self._is_kept = recording, recording.folder is not None
        self._packing = Packing(
            recording,
            clock=self._clock,
            on_key_wanted=self._want_key,
            on_fault=self._fault,
        )
        self._cast()
        self._live.connections.on_cast = self._cast
        self._tap = self._live.stage.tap(self._packing, epoch=epoch)
        self._show()
        log.info("live.recording_started", lecture=str(self._live.lecture), kept=self._is_kept)
        if self._is_kept:
            await self._keep(self._scribe.fact(RecordingStarted, epoch=recording.epoch))

    async def finish(self) -> Outcome:
        """The lecture is over: make the recording whole, also one that a crash left behind."""
        if self._packing is None:
            return await self._finish_interrupted()
        recording, is_kept = self._recording, self._is_kept
        await self._stop()
        assert recording is not None
        return await self._outcome(recording) if is_kept else Outcome.NOTHING

    async def pause(self) -> None:
        """The process stops and the lecture does not: another process goes on with the item."""
        await self._stop()

    # ------------------------------------------------------------ starting and stopping

    def _opened(self, epoch: datetime, *, is_recorded: bool) -> Recording | None:
        """The recording; one in memory alone when the disk refuses it."""
        try:
            return self._library.open_recording(self._live.lecture, epoch, is_kept=is_recorded)
        except Conflict:
            self._fault("Another process is recording this lecture.")
            return None
        except OSError as error:
            self._fault(f"The lecture can't be recorded: {error.strerror or error}.")
            return self._library.open_recording(self._live.lecture, epoch, is_kept=False)

    async def _stop(self) -> None:
        """End tap and thread. Harmless twice."""
        tap, packing = self._tap, self._packing
        self._tap = self._packing = None
        self._live.connections.on_cast = None
        if tap is not None:
            await tap.aclose()
        if packing is not None:
            self._show()
            await packing.finish()

    async def _finish_interrupted(self) -> Outcome:
        try:
            recording = await asyncio.to_thread(
                self._library.finish_interrupted, self._live.lecture
            )
        except (OSError, Conflict) as error:
            self._fault(f"The recording can't be finished: {error}.")
            return Outcome.FAULTED
        return Outcome.NOTHING if recording is None else await self._outcome(recording)

    async def _outcome(self, recording: Recording) -> Outcome:
        if recording.programme.is_empty:
            await asyncio.to_thread(self._library.delete, recording.lecture)
            return Outcome.FAULTED if recording.fault else Outcome.NOTHING
        await self._keep(self._scribe.fact(RecordingFinished, duration=recording.duration))
        log.info(
            "live.recording_finished",
            lecture=str(self._live.lecture),
            seconds=round(recording.duration.total_seconds(), 3),
        )
        return Outcome.WHOLE

    # ------------------------------------------------------------ what is recorded as what

    def _cast(self) -> None:
        if self._packing is not None:
            self._packing.cast(self._roles())

    def _roles(self) -> dict[UUID, TrackKind]:
        """One camera, one screen, and every microphone."""
        now = self._live.connections.cast()
        roles = dict.fromkeys(self._live.connections.microphones(), TrackKind.VOICE)
        pictures = ((now.camera, TrackKind.CAMERA), (now.screen, TrackKind.SCREEN))
        return roles | {track: kind for track, kind in pictures if track is not None}

    async def _ask_for_keyframes(self) -> None:
        """All at once, so that segments of all tracks begin together."""
        while True:
            await asyncio.sleep(KEYFRAMES)
            for track, kind in self._roles().items():
                if self._packing is not None and kind.is_video:
                    self._live.stage.request_keyframe(track)
            if self._recording is not None and self._recording.fault is not None:
                self._fault(self._recording.fault)

    def _want_key(self, kind: TrackKind) -> None:
        for track, role in self._roles().items():
            if role is kind:
                self._live.stage.request_keyframe(track)

    # ------------------------------------------------------------ telling

    def _fault(self, sentence: str) -> None:
        """Tell it once."""
        if sentence not in self._told and not self._faults.full():
            self._told.append(sentence)
            self._faults.put_nowait(sentence)
            self._show()

    def _show(self) -> None:
        """In the room, at once: the disk that faults may also be the one that keeps facts."""
        is_on = self._packing is not None and self._is_kept
        self._live.tell(*self._live.room.record(RecordingInfo(is_on, tuple(self._told))))

    async def _tell_faults(self) -> None:
        while True:
            sentence = await self._faults.get()
            log.error("live.recording_faulted", lecture=str(self._live.lecture), reason=sentence)
            await self._keep(self._scribe.fact(RecordingFaulted, message=sentence))

    async def _keep(self, fact: LiveFact) -> None:
        try:
            await self._live.keep(fact)
        except DarisError as error:
            log.warning("live.recording_fact_lost", kind=type(fact).__name__, reason=error.message)
