"""One published track: every packet that comes goes to every leg, and to the taps.

Publishers come back with another SSRC, sequence and time; here they become one unbroken stream,
so that a leg only ever adds its own offset. RTP times here count our monotonic clock.
"""

import secrets
from collections.abc import Callable
from typing import Any, Final, Protocol

from prometheus_client import Counter

from live.keyframes import KeyframeRequests
from live.leg import BATCH, LONGEST_PAYLOAD, Fanout, Leg, Waits
from live.messages import MediaKind
from live.packet_cache import Cached, PacketCache
from live.rtp import starts_key
from live.rtp_clock import RtpClock
from live.tracks import PublishedTrack
from transcode.access_unit import AUDIO_TIMESCALE, VIDEO_TIMESCALE

KEYFRAME_REQUESTS = Counter(
    "daris_live_keyframe_requests_total", "Keyframes asked of publishers, after folding"
)

JOIN_PATIENCE_SECONDS: Final = 0.2
LOSS_PATIENCE_SECONDS: Final = 0.5
_VIDEO_CACHE: Final = 1024
_SOUND_CACHE: Final = 128


class PacketTap(Protocol):
    """Takes a copy of every packet; must not block."""

    def packet(
        self, sequence: int, timestamp: int, marker: int, ticks: int, payload: bytes, /
    ) -> None:
        """`timestamp` tells pictures apart; `ticks` is the capture time on our monotonic clock."""


class Forwarder:
    """Event loop only; `push` and `flush` are the hot path."""

    def __init__(self, track: PublishedTrack, fanout: Fanout, *, profile: str = "") -> None:
        self.track = track
        self.profile = profile
        self.is_video = track.kind is MediaKind.VIDEO
        self.rate = VIDEO_TIMESCALE if self.is_video else AUDIO_TIMESCALE
        self.taps: tuple[PacketTap, ...] = ()
        self.has_work = False
        self._cache = PacketCache(_VIDEO_CACHE if self.is_video else _SOUND_CACHE)
        self._capacity = _VIDEO_CACHE if self.is_video else _SOUND_CACHE
        self.fan = fanout.fan()
        self._legs: set[int] = set()
        self._waiting = 0
        self._highest = secrets.randbits(15)
        self._sequence_shift = self._timestamp_shift = 0
        self._is_beginning = True
        self._is_muted = False
        self._ask: Callable[[], None] | None = None
        self._clock: RtpClock | None = None
        self._requests = KeyframeRequests()

    # ------------------------------------------------------------ the publisher's side

    def begin(self, clock: RtpClock, ask_keyframe: Callable[[], None] | None) -> None:
        """Another stream feeds the track from its next packet on."""
        self._is_beginning = True
        self._clock = clock
        self._ask = ask_keyframe
        self.wait_for_key()

    def orphan(self) -> None:
        """The publisher is away; it may come back."""
        self._ask = None

    def push(  # noqa: PLR0917 - once a packet
        self,
        sequence: int,
        timestamp: int,
        marker: int,
        ticks: int,
        pointer: Any,
        payload: memoryview,
        /,
    ) -> None:
        """Take a packet, whose payload is at `pointer`; late and doubled ones are left out."""
        size = len(payload)
        if self._is_muted or size > LONGEST_PAYLOAD:
            return
        if self._is_beginning:
            self._join(sequence, timestamp, ticks)
        sequence = (sequence + self._sequence_shift) & 0xFFFF
        timestamp = (timestamp + self._timestamp_shift) & 0xFFFFFFFF
        ahead = (sequence - self._highest) & 0xFFFF
        if ahead < 0x8000:
            self._highest = sequence
        elif 0x10000 - ahead >= self._capacity:
            return
        where = self._cache.put(sequence, timestamp, marker, pointer, size)
        if where is None:
            return
        key = self._is_entry(payload)
        self.fan.push(where, size, sequence, timestamp, marker, key)
        self._waiting += 1
        self.has_work = True
        if self._waiting == BATCH:
            self.flush()
        for tap in self.taps:
            tap.packet(sequence, timestamp, marker, ticks, bytes(payload))

    def _is_entry(self, payload: memoryview) -> bool:
        """Whether a receiver may begin with this packet."""
        if not self.is_video:
            return True
        is_key = starts_key(self.track.codec, payload)
        if is_key:
            self._requests.came()
        return is_key

    def _join(self, sequence: int, timestamp: int, ticks: int) -> None:
        """Shift the stream so that it goes on where the track stands, at the time that it is."""
        self._sequence_shift = self._highest + 1 - sequence
        self._timestamp_shift = ticks - timestamp
        self._is_beginning = False

    def flush(self) -> None:
        """Send what waits."""
        self._waiting = 0
        self.has_work = False
        self.fan.forward()

    def set_muted(self, *, muted: bool) -> None:
        if self._is_muted and not muted:
            self._is_beginning = True
            self.wait_for_key()
        self._is_muted = muted

    # ------------------------------------------------------------ keyframes

    def want_keyframe(self, now: float, patience: float) -> None:
        """Ask for a keyframe now, or when `patience` has passed since the last time."""
        if not self.is_video:
            return
        self._requests.want(patience)
        self.ask_if_due(now)

    def ask_if_due(self, now: float) -> None:
        if self._ask is None or not self._requests.is_due(now):
            return
        self._requests.asked(now)
        KEYFRAME_REQUESTS.inc()
        self._ask()

    # ------------------------------------------------------------ the receivers' side

    def add(self, leg: Leg) -> None:
        self.fan.add(leg)
        self._legs.add(id(leg))

    def remove(self, leg: Leg) -> None:
        if id(leg) in self._legs:
            self._legs.remove(id(leg))
            self.fan.remove(leg)

    def wait_for_key(self) -> None:
        """Hold back every video leg until a keyframe; what comes before would not decode."""
        self.fan.wait_all(Waits.KEY if self.is_video else Waits.ANY)

    def cached(self, sequence: int) -> Cached | None:
        return self._cache.get(sequence)

    def timestamp_at(self, now: float) -> int | None:
        """The RTP time of our moment `now`, by the publisher's reports; None before the first."""
        rtp = self._clock.rtp_at(now) if self._clock is not None else None
        return None if rtp is None else (rtp + self._timestamp_shift) & 0xFFFFFFFF
