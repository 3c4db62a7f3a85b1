"""The packager thread of one recording, and the bounded queue that leads to it.

The event loop puts units in and never waits. The thread mixes, cuts and writes; viewers see
the outcome through calls that it sends to the loop. Packets of voice and pictures of lower rungs do not
wake it: fifty a second cost more in waking than in work, and pictures or the tick come soon. Another
thread syncs to the disk once a second, so that a slow disk does not hold up the live edge.

When the queue is full the new unit is refused and counted. After a refused picture its track
takes nothing before the next key frame, since the pictures between could not be decoded.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final

import structlog

from kernel.errors import Conflict
from transcode.access_unit import AccessUnit, Codec, Rung, TrackKind
from transcode.h264 import MalformedH264
from transcode.manifest import Keeping
from transcode.mixer import VoiceMixer
from transcode.opus import MalformedOpus
from transcode.recording import Recording
from transcode.vp8 import Vp8Rescue

_CAPACITY: Final = 4096  # units: half a minute of two pictures and three voices
_TICK: Final = 0.05  # seconds; longer than from picture to picture, mostly
_SYNC_EVERY: Final = 1.0  # seconds
_SWITCHING: Final = 10.0  # seconds
_KEY_EVERY: Final = 0.5  # seconds between wishes for a key frame

log = structlog.get_logger()


class RecordingWriter:
    """`push`, `key_ahead` and `stop_track` belong to one thread, all else to the event loop."""

    def __init__(
        self,
        recording: Recording,
        now: Callable[[], datetime],
        *,
        on_key_wanted: Callable[[TrackKind], None] | None = None,
    ) -> None:
        """`on_key_wanted` is called on the event loop: ask that track's sender for an IDR."""
        self.recording = recording
        self.refused = 0
        self._now = now
        self._on_key_wanted = on_key_wanted
        self._loop = asyncio.get_running_loop()
        self._jobs: deque[Callable[[], None] | None] = deque()  # bounded by `push`
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._torn: set[TrackKind] = set()
        self._torn_rungs: set[Rung] = set()
        self._mixer = VoiceMixer()
        self._rescues: dict[TrackKind, Vp8Rescue] = {}
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix="recording-sync")
        self._syncing: Future[None] | None = None
        self._synced_at = self._ticked_at = monotonic()
        self._wished_at: dict[TrackKind, float] = {}
        self._is_finishing = False
        self._done = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="packager", daemon=True)
        self._thread.start()

    def push(
        self,
        kind: TrackKind,
        unit: AccessUnit,
        *,
        source: str = "",
        codec: Codec = Codec.H264,
        rung: Rung = Rung.BEST,
    ) -> None:
        """Take a unit. `source` tells voices apart; pictures in VP8 are made into H.264."""
        if rung is not Rung.BEST:
            self._push_lower(kind, unit, rung)
            return
        is_useless = kind in self._torn and not unit.is_key
        if is_useless or len(self._jobs) >= _CAPACITY:
            self.refused += 1
            self._torn |= {kind} if kind.is_video else set()
            return
        self._torn.discard(kind)
        self._jobs.append(partial(self._take, kind, unit, source, codec))
        if kind.is_video:
            self._bell.put(None)

    def _push_lower(self, kind: TrackKind, unit: AccessUnit, rung: Rung) -> None:
        is_useless = rung in self._torn_rungs and not unit.is_key
        if is_useless or len(self._jobs) >= _CAPACITY:
            self.refused += 1
            self._torn_rungs.add(rung)
            return
        self._torn_rungs.discard(rung)
        self._jobs.append(partial(self.recording.push, kind, unit, rung))

    def key_ahead(self, kind: TrackKind, pts: int) -> None:
        """A key picture in H.264 of this time begins to arrive; its unit follows."""
        self._put(partial(self.recording.key_ahead, kind, pts))

    def stop_track(self, kind: TrackKind, *, source: str = "") -> None:
        """The track, or of the voice that source, is not sent any more, for now."""
        if kind is TrackKind.VOICE:
            self._put(partial(self._mixer.leave, source))
        else:
            self._put(partial(self._stop_picture, kind))

    async def switch(self, keeping: Keeping) -> None:
        """Keep what comes from now on, or only show it. When this returns it is so, also after a
        crash. OSError, AlreadyRecorded; TimeoutError if the disk hangs."""
        done: Future[None] = Future()
        self._put(partial(self._switch, keeping, done))
        async with asyncio.timeout(_SWITCHING):
            await asyncio.wrap_future(done)

    async def finish(self) -> None:
        """End the recording; it is playable as a whole when this returns."""
        self._is_finishing = True
        await self.aclose()

    async def aclose(self) -> None:
        """Stop the thread. Without `finish` the recording may be gone on with later."""
        self._put(None)
        await self._done.wait()

    def _put(self, job: Callable[[], None] | None) -> None:
        self._jobs.append(job)
        self._bell.put(None)

    # the packager thread

    def _run(self) -> None:
        try:
            while self._step():
                self._tick_if_due()
            self._end_rescues(*self._rescues)
            self._syncer.shutdown()
            if self._is_finishing:
                self._attempt(self.recording.finish)
        finally:
            self._mixer.close()
            self._loop.call_soon_threadsafe(self._done.set)

    def _step(self) -> bool:
        """What is there, after a wait for it; False after the last."""
        with suppress(Empty):
            self._bell.get(timeout=_TICK)
        for _ in range(len(self._jobs)):
            job = self._jobs.popleft()
            if job is None:
                return False
            self._attempt(job)
        return True

    def _attempt(self, job: Callable[[], None]) -> None:
        """A unit that nobody thought of must not end the recording."""
        try:
            job()
        except (MalformedH264, MalformedOpus) as error:
            log.warning(
                "transcode.unit_malformed", lecture=str(self.recording.lecture), reason=str(error)
            )
        except Exception:
            log.exception("transcode.packager_failed", lecture=str(self.recording.lecture))

    def _switch(self, keeping: Keeping, done: Future[None]) -> None:
        if not done.set_running_or_notify_cancel():
            return
        try:
            self.recording.switch(keeping)
        except (OSError, Conflict) as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    def _take(self, kind: TrackKind, unit: AccessUnit, source: str, codec: Codec) -> None:
        if kind is TrackKind.VOICE:
            self._speak(self._mixer.push(source, unit))
        elif codec is Codec.VP8:
            self._rescue(kind).push(unit)
        else:
            self.recording.push(kind, unit)

    def _rescue(self, kind: TrackKind) -> Vp8Rescue:
        if kind not in self._rescues:
            deliver = partial(self._enqueue_picture, kind)
            self._rescues[kind] = Vp8Rescue(deliver)
        return self._rescues[kind]

    def _enqueue_picture(self, kind: TrackKind, unit: AccessUnit) -> None:
        """From the rescue's thread; it has no more in flight than it may."""
        self._put(partial(self.recording.push, kind, unit))

    def _stop_picture(self, kind: TrackKind) -> None:
        self._end_rescues(kind)
        self.recording.stop_track(kind)

    def _end_rescues(self, *kinds: TrackKind) -> None:
        """What they still hold is pushed before this returns."""
        for kind in kinds:
            rescue = self._rescues.pop(kind, None)
            if rescue:
                rescue.close()
                self._drain()

    def _drain(self) -> None:
        """Take what is there already."""
        for _ in range(len(self._jobs)):
            job = self._jobs.popleft()
            if job:
                self._attempt(job)
            else:
                self._put(None)

    def _speak(self, units: Iterable[AccessUnit]) -> None:
        for unit in units:
            self.recording.push(TrackKind.VOICE, unit)

    def _tick_if_due(self) -> None:
        """Not after each of a hundred units a second: it costs as much as a unit."""
        at = monotonic()
        if at - self._ticked_at < _TICK:
            return
        self._ticked_at = at
        since = (self._now() - self.recording.room_epoch) // timedelta(microseconds=1)
        now = Fraction(since, 1_000_000)
        self._attempt(partial(self._advance, now))

    def _advance(self, now: Fraction) -> None:
        self.recording.tick(now)
        self._wish()
        self._sync()

    def _wish(self) -> None:
        """Ask for key frames, but not all the time."""
        if self._on_key_wanted is None:
            return
        at = monotonic()
        lost = {kind for kind, rescue in self._rescues.items() if rescue.wants_key}
        for kind in self.recording.wanted_keys | lost:
            if at - self._wished_at.get(kind, 0.0) >= _KEY_EVERY:
                self._wished_at[kind] = at
                self._loop.call_soon_threadsafe(self._on_key_wanted, kind)

    def _sync(self) -> None:
        if self._syncing and self._syncing.done():
            error = self._syncing.exception()
            self._syncing = None
            if isinstance(error, OSError):
                self.recording.fail(error)
        if self._syncing is None and monotonic() - self._synced_at >= _SYNC_EVERY:
            self._synced_at = monotonic()
            self._syncing = self._syncer.submit(self.recording.sync)
