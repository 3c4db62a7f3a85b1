"""One published track: every packet that comes goes to every leg that takes its layer, and to the
taps, which follow the best layer there is.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from prometheus_client import Counter

from live.follower import Followers
from live.layer import Entry, Layer
from live.layers import Option, sorted_by_size
from live.leg import BATCH, LONGEST_PAYLOAD, SILENCE, Fanout, Leg
from live.line_share import LineShare
from live.loudness import Loudness
from live.messages import MediaKind
from live.packet_cache import Cached
from live.picture import height_of
from live.rtp import starts_key
from live.rtp_clock import RtpClock
from live.tracks import PublishedTrack
from transcode.access_unit import AUDIO_TIMESCALE, VIDEO_TIMESCALE, Rung

KEYFRAME_REQUESTS = Counter(
    "daris_live_keyframe_requests_total", "Keyframes asked of publishers, after folding"
)

JOIN_PATIENCE_SECONDS: Final = 0.2
REPLAYED_SECONDS: Final = 0.45
"""The age of a key picture that is still sent to who joins."""
LOSS_PATIENCE_SECONDS: Final = 0.5
UNNEEDED_SECONDS: Final = 5.0
"""How long nobody has wanted a layer when its publisher may stop sending it."""
ONE_LAYER: Final = ("",)
"""The rids of a track without simulcast."""
_ASLEEP_SECONDS: Final = 1.0  # a layer so far behind its sisters is not sent now
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

    def __init__(
        self,
        track: PublishedTrack,
        fanout: Fanout,
        *,
        profile: str = "",
        rids: Sequence[str] = ONE_LAYER,
    ) -> None:
        self.track = track
        self.profile = profile
        self.is_video = track.kind is MediaKind.VIDEO
        self.rate = VIDEO_TIMESCALE if self.is_video else AUDIO_TIMESCALE
        self.taps: tuple[PacketTap, ...] = ()
        self.has_work = False
        self.fan = fanout.fan()
        self.loudness = Loudness()
        self.layers = self._made(rids)
        self._legs: set[int] = set()
        self._waiting = 0
        self.is_muted = False
        self._is_heard = True
        self._follows = Followers(len(rids) - 1)
        self.lower_taps: dict[Rung, tuple[PacketTap, ...]] = {}
        self.is_laddered = False
        """Whether `lower_taps` get the smaller layers, too, if the line has room for them."""
        self._share = LineShare()

    def _made(self, rids: Sequence[str]) -> tuple[Layer, ...]:
        capacity = _VIDEO_CACHE if self.is_video else _SOUND_CACHE
        return tuple(Layer(at, rid, capacity=capacity) for at, rid in enumerate(rids))

    # ------------------------------------------------------------ the publisher's side

    def lay_out(self, rids: Sequence[str]) -> None:
        """The layers that the publisher's newest offer names."""
        if [layer.rid for layer in self.layers] == list(rids):
            return
        for layer in self.layers:
            self.fan.hold(layer.index)
        self.layers = self._made(rids)
        self._follows = Followers(len(rids) - 1, self._follows.best.highest)

    def layer(self, rid: str) -> Layer | None:
        return next((layer for layer in self.layers if layer.rid == rid), None)

    def begin(self, layer: Layer, clock: RtpClock, ask_keyframe: Callable[[], None] | None) -> None:
        """Another stream feeds the layer from its next packet on."""
        layer.begin(clock, ask_keyframe)
        self._hold(layer)

    def _hold(self, layer: Layer) -> None:
        """Hold back every leg until a keyframe; what comes before would not decode."""
        self.fan.hold(layer.index)
        self._follows.hold(layer.index)

    def orphan(self) -> None:
        """The publisher is away; it may come back."""
        for layer in self.layers:
            layer.ask = None

    def push(  # noqa: PLR0917 - once a packet
        self,
        layer: Layer,
        sequence: int,
        timestamp: int,
        marker: int,
        ticks: int,
        pointer: Any,
        payload: memoryview,
        level: int,
        now: float,
        /,
    ) -> None:
        """Take a packet, whose payload is at `pointer`; late and doubled ones are left out."""
        size = len(payload)
        if self.is_muted or size > LONGEST_PAYLOAD:
            return
        placed = layer.place(sequence, timestamp, ticks)
        if placed is None:
            return
        sequence, timestamp = placed
        where = layer.keep(sequence, timestamp, marker, pointer, size)
        if where is None:
            return
        layer.last_at = now
        key = not self.is_video or self._is_entry(layer, payload)
        if key and self.is_video:
            layer.enter(sequence, timestamp, now)
        if self._is_heard:
            self.fan.push(where, size, sequence, timestamp, marker, key, layer.index, level)
            self._wait()
        if self.taps:
            for rung, number in self._follows.numbers(layer.index, sequence, is_key=key):
                self._copy(rung, number, timestamp, marker, ticks, payload)

    def _copy(  # noqa: PLR0917 - once a packet
        self, rung: Rung, number: int, timestamp: int, marker: int, ticks: int, payload: memoryview
    ) -> None:
        for tap in self.taps if rung is Rung.BEST else self.lower_taps.get(rung, ()):
            tap.packet(number, timestamp, marker, ticks, bytes(payload))

    def _wait(self) -> None:
        self._waiting += 1
        self.has_work = True
        if self._waiting == BATCH:
            self.flush()

    def _is_entry(self, layer: Layer, payload: memoryview) -> bool:
        """Whether a receiver may begin with this packet."""
        is_key = starts_key(self.track.codec, payload)
        if is_key:
            layer.requests.came()
            layer.height = height_of(self.track.codec, payload) or layer.height
        return is_key

    def flush(self) -> None:
        """Send what waits."""
        self._waiting = 0
        self.has_work = False
        self.fan.forward()

    def set_muted(self, *, muted: bool) -> None:
        if self.is_muted and not muted:
            for layer in self.layers:
                layer.begin_again()
                self._hold(layer)
        self.is_muted = muted

    def set_heard(self, *, heard: bool) -> None:
        """Whether the seats get it; the taps always do. Sound only: it goes on without a gap."""
        if heard and not self._is_heard:
            self.fan.hold(0)
        self._is_heard = heard

    # ------------------------------------------------------------ keyframes

    def want_keyframe(self, now: float, patience: float, index: int | None = None) -> None:
        """Ask for a keyframe now, or when `patience` has passed since the last time.

        Of one layer, or of all that somebody wants.
        """
        if not self.is_video:
            return
        for layer in self.layers:
            if index == layer.index or (index is None and self._is_wanted(layer, now)):
                layer.requests.want(patience)
                self._ask_if_due(layer, now)

    def _is_wanted(self, layer: Layer, now: float) -> bool:
        return len(self.layers) == 1 or now - layer.needed_at < UNNEEDED_SECONDS

    def ask_if_due(self, now: float) -> None:
        for layer in self.layers:
            self._ask_if_due(layer, now)

    def _ask_if_due(self, layer: Layer, now: float) -> None:
        if layer.ask is None or not layer.requests.is_due(now):
            return
        layer.requests.asked(now)
        KEYFRAME_REQUESTS.inc()
        layer.ask()

    # ------------------------------------------------------------ the layers and who wants them

    def options(self) -> list[Option]:
        """What a seat may choose from."""
        newest = max(layer.last_at for layer in self.layers)
        return [
            Option(
                layer.index,
                layer.rid,
                layer.height,
                layer.bps,
                is_awake=len(self.layers) == 1 or layer.last_at > newest - _ASLEEP_SECONDS,
            )
            for layer in self.layers
        ]

    def need(self, index: int, now: float) -> None:
        """Somebody wants this layer now."""
        self.layers[index].needed_at = now

    def needed(self, now: float) -> tuple[str, ...]:
        """The rids of the layers that somebody wants; at least the least one, for who joins."""
        found = tuple(
            layer.rid for layer in self.layers if now - layer.needed_at < UNNEEDED_SECONDS
        )
        return found or (sorted_by_size(self.options())[0].rid,)

    def measure(self, now: float) -> None:
        """About once a second: the pace of each layer."""
        for layer in self.layers:
            layer.measure(now)

    def follow_best(self, now: float) -> None:
        """Some times a second: what the taps get."""
        if not self.taps or len(self.layers) == 1:
            return
        options = sorted_by_size(self.options())
        self.need(options[-1].index, now)
        follow = [option.index for option in options if option.is_awake][-1]
        is_laddered = self._is_laddered(options[-1].index, now)
        for option in options if is_laddered else ():
            self.need(option.index, now)
        self._follows.aim_lower(options if is_laddered else ())
        if self._follows.best.aim(follow):
            self.want_keyframe(now, LOSS_PATIENCE_SECONDS, follow)

    def _is_laddered(self, largest: int, now: float) -> bool:
        if not self.is_laddered:
            self._share.leave()
            return False
        newest = max(layer.last_at for layer in self.layers)
        return self._share.has_room(self.layers[largest].last_at, newest, now)

    # ------------------------------------------------------------ the receivers' side

    def add(self, leg: Leg) -> None:
        self.fan.add(leg)
        self._legs.add(id(leg))

    def has_entry(self, index: int, now: float) -> bool:
        """Whether a layer's last key picture is not too old yet to be replayed."""
        return self._entry(index, now) is not None

    def _entry(self, index: int, now: float) -> Entry | None:
        entry = self.layers[index].entry if index < len(self.layers) else None
        if self.is_muted or entry is None or now - entry.at > REPLAYED_SECONDS:
            return None
        return entry

    def replay(self, leg: Leg, now: float) -> bool:
        """Send a new leg the last key picture and what followed; False when that is too old, or not to
        be seen any more.

        Whoever asks for a keyframe so soon after one is ignored by the publisher.
        """
        entry = self._entry(leg.target, now)
        if entry is None or not _is_new_to(leg, entry):
            return False
        self.flush()
        packets = self.layers[leg.target].since(entry.sequence)
        for waiting, (sequence, cached) in enumerate(packets, start=1):
            is_entry = sequence == entry.sequence
            self.fan.push(
                cached.payload,
                cached.size,
                sequence,
                cached.timestamp,
                cached.marker,
                is_entry,
                leg.target,
                SILENCE,
            )
            if waiting % BATCH == 0:
                self.fan.forward_to(leg)
        self.fan.forward_to(leg)
        return True

    def remove(self, leg: Leg) -> None:
        if id(leg) in self._legs:
            self._legs.remove(id(leg))
            self.fan.remove(leg)

    def cached(self, index: int, sequence: int) -> Cached | None:
        return self.layers[index].cache.get(sequence) if index < len(self.layers) else None

    def timestamp_at(self, index: int, now: float) -> int | None:
        """The RTP time of our moment `now`, by the publisher's reports; None before the first."""
        return self.layers[index].timestamp_at(now) if index < len(self.layers) else None


def _is_new_to(leg: Leg, entry: Entry) -> bool:
    """Whether the leg's time goes on with it, rather than back."""
    behind = leg.last_timestamp - entry.timestamp - leg.timestamp_offset & 0xFFFFFFFF
    return not leg.packets or behind >= 0x80000000
