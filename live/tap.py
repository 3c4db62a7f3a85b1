"""The tap of the far tier: copies of a stage's packets become access units on a thread of its own.

The forwarder only puts a packet into a bounded queue; what does not fit is dropped, counted,
and shows to the depacketizer as loss.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, Protocol
from uuid import UUID

import structlog
from prometheus_client import Counter

from kernel.clock import Clock
from live.depacketizer import Depacketizer, TappedPacket
from live.forwarder import Forwarder, PacketTap
from live.tracks import PublishedTrack
from transcode.access_unit import VIDEO_TIMESCALE, AccessUnit, Rung

log: Final = structlog.get_logger()

UNTAPPED = Counter("daris_live_untapped_packets_total", "Packets that the far tier had no room for")
SINK_FAILURES = Counter("daris_live_tap_failures_total", "Access units that the sink refused")

_MOST_WAITING: Final = 8192  # packets
_WAKE_SECONDS: Final = 0.05


class UnitSink(Protocol):
    """Takes a stage's access units. Every call comes from the one thread of the tap."""

    def take(self, track: PublishedTrack, unit: AccessUnit) -> None:
        """One whole unit; `pts` counts from the tap's epoch. Units of a track come in order, and so do
        those of each of its smaller layers, which come as a track of another rung."""

    def key_ahead(self, track: PublishedTrack, pts: int) -> None:
        """The track's next unit is a key picture of this time, unless packets of it are lost."""

    def end(self, track: PublishedTrack) -> None:
        """No more units of this track."""


class KeyframeSource(Protocol):
    """The stage."""

    def request_keyframe(self, track_id: UUID) -> None: ...
    def tap_closed(self, tap: "Tap") -> None: ...


@dataclass(frozen=True, slots=True)
class _Begin:
    track: PublishedTrack


@dataclass(frozen=True, slots=True)
class _End:
    track: PublishedTrack


_Work = _Begin | _End | tuple[PublishedTrack, TappedPacket] | None


class Tap:
    """Made by `Stage.tap`; `contextlib.aclosing` fits."""

    def __init__(
        self, sink: UnitSink, stage: KeyframeSource, clock: Clock, *, epoch: datetime
    ) -> None:
        self._stage = stage
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._lines: dict[UUID, frozenset[PacketTap]] = {}
        since_epoch = (clock.now() - epoch).total_seconds()
        self._worker = _Worker(sink, self._waiting, clock, self._ask_keyframe)
        self._worker.epoch_seconds = clock.monotonic() - since_epoch
        self._thread = threading.Thread(target=self._worker.run, name="far-tier", daemon=True)
        self._thread.start()
        self._clock = clock

    def attach(self, forwarder: Forwarder) -> None:
        """Follow a track. Event loop."""
        track = forwarder.track
        lines = {
            rung: _Line(replace(track, rung=rung), self._waiting, self._clock) for rung in Rung
        }
        self._lines[track.id] = frozenset(lines.values())
        self._waiting.put(_Begin(track))
        forwarder.taps = (*forwarder.taps, lines.pop(Rung.BEST))
        for rung, line in lines.items():
            forwarder.lower_taps[rung] = (*forwarder.lower_taps.get(rung, ()), line)
        self._stage.request_keyframe(forwarder.track.id)

    def detach(self, forwarder: Forwarder) -> None:
        lines = self._lines.pop(forwarder.track.id, None)
        if lines is not None:
            forwarder.taps = tuple(tap for tap in forwarder.taps if tap not in lines)
            forwarder.lower_taps = {
                rung: tuple(tap for tap in taps if tap not in lines)
                for rung, taps in forwarder.lower_taps.items()
            }
            self._waiting.put(_End(forwarder.track))

    async def aclose(self) -> None:
        """Hand over what is held, end every track, and join the thread. Harmless twice."""
        self._stage.tap_closed(self)
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _ask_keyframe(self, track_id: UUID) -> None:
        """Called on the thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stage.request_keyframe, track_id)


class _Line:
    """The forwarder's end of one track, or of one of its smaller layers. Event loop."""

    def __init__(
        self, track: PublishedTrack, waiting: queue.SimpleQueue[_Work], clock: Clock
    ) -> None:
        self._track = track
        self._waiting = waiting
        self._clock = clock

    def packet(
        self, sequence: int, timestamp: int, marker: int, ticks: int, payload: bytes, /
    ) -> None:
        if self._waiting.qsize() >= _MOST_WAITING:
            UNTAPPED.inc()
            return
        now = self._clock.monotonic()
        packet = TappedPacket(sequence, timestamp, marker, ticks, payload, now)
        self._waiting.put((self._track, packet))


class _Worker:
    """The thread's side: depacketizers and the sink are touched here only."""

    def __init__(
        self,
        sink: UnitSink,
        waiting: queue.SimpleQueue[_Work],
        clock: Clock,
        ask_keyframe: Callable[[UUID], None],
    ) -> None:
        self.epoch_seconds = 0.0
        self._sink = sink
        self._waiting = waiting
        self._clock = clock
        self._ask_keyframe = ask_keyframe
        self._tracks: dict[tuple[UUID, Rung], tuple[PublishedTrack, Depacketizer]] = {}

    def run(self) -> None:
        while True:
            try:
                work = self._waiting.get(timeout=_WAKE_SECONDS)
            except queue.Empty:
                self._hurry()
                continue
            if work is None:
                break
            self._step(work)
        for track, _ in tuple(self._tracks.values()):
            self._end(track)  # with its smaller layers, which come after it

    def _step(self, work: _Begin | _End | tuple[PublishedTrack, TappedPacket]) -> None:
        match work:
            case _Begin(track):
                self._begin(track)
            case _End(track):
                self._end(track)
            case (track, packet):
                self._packet(track, packet)

    def _begin(self, track: PublishedTrack) -> tuple[PublishedTrack, Depacketizer]:
        ask = lambda: self._ask_keyframe(track.id)  # noqa: E731
        ahead = partial(self._key_ahead, track)
        made = self._tracks[track.id, track.rung] = track, Depacketizer(track.codec, ask, ahead)
        return made

    def _packet(self, track: PublishedTrack, packet: TappedPacket) -> None:
        """A smaller layer begins with its first packet."""
        found = self._tracks.get((track.id, track.rung))
        track, depacketizer = found or self._begin(track)
        self._deliver(track, depacketizer.push(packet, packet.arrived))

    def _hurry(self) -> None:
        """Nothing comes: let go of what waits for a packet that will not come either."""
        now = self._clock.monotonic()
        for track, depacketizer in self._tracks.values():
            self._deliver(track, depacketizer.due(now))

    def _end(self, track: PublishedTrack) -> None:
        ended = [found for rung in Rung if (found := self._tracks.pop((track.id, rung), None))]
        for layer, depacketizer in reversed(ended):
            self._deliver(layer, depacketizer.due(float("inf")))
        if not ended:
            return
        try:
            self._sink.end(track)
        except Exception:
            log.exception("live.tap_failed", track=str(track.id))

    def _key_ahead(self, track: PublishedTrack, ticks: int) -> None:
        try:
            self._sink.key_ahead(track, ticks - round(self.epoch_seconds * VIDEO_TIMESCALE))
        except Exception:
            log.exception("live.tap_failed", track=str(track.id))

    def _deliver(self, track: PublishedTrack, units: Iterable[AccessUnit]) -> None:
        for unit in units:
            pts = unit.pts - round(self.epoch_seconds * unit.timescale)
            if pts < 0:
                continue  # captured before the epoch, it came late
            try:
                self._sink.take(track, AccessUnit(unit.data, pts, unit.timescale, unit.is_key))
            except Exception:
                SINK_FAILURES.inc()
                log.exception("live.tap_failed", track=str(track.id))
