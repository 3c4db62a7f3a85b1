"""The bridge to the far tier: what is on the stage of a live lecture becomes its recording.

Nothing that goes wrong here ends the room: it is told as a fact and tried again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import structlog

from kernel.clock import Clock
from kernel.errors import Conflict, DarisError, Unavailable
from live.awaited_sink import AwaitedSink
from live.client_messages import RecordAction
from live.decision import Delivery
from live.demand import Demand
from live.events import (
    LiveFact,
    RecordingFaulted,
    RecordingFinished,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)
from live.live_room import LiveRoom
from live.messages import Caption, RecordingInfo, RecordingState
from live.packing import Packing
from live.tap import Tap
from transcode.access_unit import TrackKind
from transcode.caption_lines import CaptionLine
from transcode.library import Library
from transcode.manifest import Keeping
from transcode.recording import Recording

log = structlog.get_logger()

KEYFRAMES: Final = 2.0  # seconds between the keyframes that all tracks are asked for: segments


LEAD: Final = 0.6  # seconds from telling everybody that it is recorded to the first byte that is
"""What was said before may be that long on its way here, and is not to be kept."""


class Outcome(StrEnum):
    """What became of a recording."""

    WHOLE = "whole"
    FAULTED = "faulted"
    NOTHING = "nothing"


class Broadcast:
    """One lecture's far tier. Event loop only; works within `open`."""

    def __init__(
        self,
        live: LiveRoom,
        library: Library,
        *,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_change` hears that recording began or ended."""
        self._live = live
        self._on_change = on_change
        self._scribe = live.room.scribe
        self._library = library
        self._clock = clock
        self._recording: Recording | None = None
        self._packing: Packing | None = None
        self._sink = AwaitedSink()
        self._tap: Tap | None = None
        self._state = RecordingState.OFF
        self._switching = asyncio.Lock()
        self._told: list[str] = []
        self._demand = Demand()
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
        if self._tap is not None:
            return
        async with self._switching:  # whoever presses the button meanwhile waits
            self._live.on_record = self.record
            await self._start(is_recorded=is_recorded)

    async def _start(self, *, is_recorded: bool) -> None:
        epoch = self._clock.now()
        sink = self._sink = AwaitedSink()
        self._tap = self._live.stage.tap(sink, epoch=epoch)
        recording = await self._opened(epoch, is_recorded=is_recorded)
        if recording is None:
            await self._stop()
            return
        self._recording, self._state = recording, RecordingState(recording.keeping.value)
        recording.captions.watchers.add(self._caption)
        self._packing = Packing(
            recording,
            clock=self._clock,
            on_key_wanted=self._want_key,
            on_fault=self._fault,
        )
        self._cast()
        self._live.connections.on_cast = self._cast
        sink.begin(self._packing)
        self._show()
        log.info("live.broadcast_started", lecture=str(self._live.lecture), recording=self._state)
        if self._state is RecordingState.ON:
            await self._keep(self._scribe.fact(RecordingStarted, epoch=recording.epoch))

    @property
    def is_kept(self) -> bool:
        """Whether there is something that will be the lecture's recording."""
        return self._recording is not None and self._recording.folder is not None

    async def record(self, action: RecordAction, by: UUID | None) -> None:
        """What a person wants of the recording. Harmless twice; Conflict if it makes no sense."""
        async with self._switching:
            if self._packing is None:
                raise Conflict("The lecture is over.")
            wanted = wanted_state(self._state, action)
            if wanted is RecordingState.ON and self._state is not wanted:
                await self._go_on(by)
            elif wanted is not self._state:
                await self._hold(wanted, by)

    async def finish(self) -> Outcome:
        """The lecture is over: make the recording whole, also one that a crash left behind."""
        if self._packing is None:
            return await self._finish_interrupted()
        recording = self._recording
        await self._stop()
        assert recording is not None
        return await self._outcome(recording) if recording.folder else Outcome.NOTHING

    async def pause(self) -> None:
        """The process stops and the lecture does not: another process goes on with the item."""
        await self._stop()

    # ------------------------------------------------------------ the button

    async def _go_on(self, by: UUID | None) -> None:
        """Everybody knows it before anything is written."""
        recording = self._recording
        assert recording is not None
        was_off = self._state is RecordingState.OFF
        fact = (
            self._scribe.fact(RecordingStarted, person=by, epoch=recording.epoch)
            if was_off
            else self._scribe.fact(RecordingResumed, person=by)
        )
        await self._live.keep(fact)
        before, self._state = self._state, RecordingState.ON
        self._show()
        try:
            await asyncio.sleep(LEAD)
            await self._switch(Keeping.ON)
        except DarisError as error:
            self._state = before
            self._fault(error.message)
            raise

    async def _hold(self, wanted: RecordingState, by: UUID | None) -> None:
        """Nothing is written any more before anybody is told so."""
        await self._switch(Keeping(wanted.value))
        self._state = wanted
        self._show()
        if wanted is RecordingState.PAUSED:
            await self._live.keep(self._scribe.fact(RecordingPaused, person=by))
        else:
            await self._live.keep(self._scribe.fact(RecordingStopped, person=by))

    async def _switch(self, keeping: Keeping) -> None:
        if self._packing is None:
            raise Conflict("The lecture is over.")
        try:
            await self._packing.switch(keeping)
        except TimeoutError:
            raise Unavailable("The disk does not answer; try again in a moment.") from None
        except OSError as error:
            raise Unavailable(
                f"The lecture can't be recorded: {error.strerror or error}."
            ) from error
        for kind in (TrackKind.CAMERA, TrackKind.SCREEN):
            self._want_key(kind)
        log.info("live.recording_switched", lecture=str(self._live.lecture), keeping=keeping)
        self._on_change()

    # ------------------------------------------------------------ starting and stopping

    async def _opened(self, epoch: datetime, *, is_recorded: bool) -> Recording | None:
        """The recording; one in memory alone when the disk refuses it."""
        library, lecture = self._library, self._live.lecture
        try:
            has_begun = await asyncio.to_thread(library.has_begun, lecture)  # by the button
            return await library.take_up(lecture, epoch, is_kept=is_recorded or has_begun)
        except Conflict:
            self._fault("Another process is recording this lecture.")
            return None
        except OSError as error:
            self._fault(f"The lecture can't be recorded: {error.strerror or error}.")
            return await library.take_up(lecture, epoch, is_kept=False)

    async def _stop(self) -> None:
        """End tap and thread. Harmless twice."""
        tap, packing = self._tap, self._packing
        self._tap = self._packing = None
        self._live.connections.on_cast = None
        self._live.on_record = None
        if self._recording is not None:
            self._recording.captions.watchers.discard(self._caption)
        if tap is not None:
            self._sink.give_up()
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
        if recording.is_blank:
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
            self._live.stage.take_rungs(self._laddered())
            for track, kind in self._roles().items():
                if self._packing is not None and kind.is_video:
                    self._live.stage.request_keyframe(track)
            if self._recording is not None and self._recording.fault is not None:
                self._fault(self._recording.fault)

    def _laddered(self) -> list[UUID]:
        """Whose smaller layers are packed: the camera's, while there is demand."""
        if self._recording is None or self._packing is None:
            return []
        reads, now = self._recording.picture_reads, self._clock.monotonic()
        is_recorded = self._state is RecordingState.ON
        if not self._demand.is_there(reads, now, is_recorded=is_recorded):
            return []
        return [track for track, kind in self._roles().items() if kind is TrackKind.CAMERA]

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
        state = RecordingState.OFF if self._packing is None else self._state
        is_on = state is RecordingState.ON
        self._live.tell(*self._live.room.record(RecordingInfo(is_on, tuple(self._told), state)))

    def _caption(self, line: CaptionLine) -> None:
        lasts_ms = line.until_ms - line.shown_ms
        self._live.tell(Delivery(Caption(line.id, line.language, line.text, lasts_ms)))

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


def wanted_state(now: RecordingState, action: RecordAction) -> RecordingState:
    """Where the action leads; Conflict if it leads nowhere."""
    match action:
        case RecordAction.START:
            return RecordingState.ON
        case RecordAction.STOP:
            return RecordingState.OFF
        case RecordAction.PAUSE if now is not RecordingState.OFF:
            return RecordingState.PAUSED
        case RecordAction.RESUME if now is not RecordingState.OFF:
            return RecordingState.ON
        case _:
            raise Conflict("Nothing is being recorded.")
