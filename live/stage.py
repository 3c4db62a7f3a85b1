"""The media of one room: who publishes what, who receives it, and the tap of the far tier.

The bottom interface that rooms, WHIP and WHEP build on:
`live.port.MediaPort` (one a process), `live.stage.Stage` (one a room),
`live.peer.Peer` (one connection of a seat), `live.tracks.PublishedTrack`.
All of it belongs to the event loop, except `live.tap.UnitSink`, which the tap's thread calls.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from kernel.clock import Clock
from kernel.ids import new_id
from live.forwarder import LOSS_PATIENCE_SECONDS, ONE_LAYER, Forwarder
from live.messages import Source
from live.negotiation import Chosen
from live.peer import Peer
from live.plan import Wanted
from live.port import MediaPort
from live.tap import Tap, UnitSink
from live.tracks import PublishedTrack
from live.voices import MOST_VOICES, Voices

LINGER_SECONDS: Final = 10.0
_REVIEW_SECONDS: Final = 0.25
_MEASURE_SECONDS: Final = 1.0


class StageListener(Protocol):
    """Told what happens on a stage; called on the event loop and must not block."""

    def track_added(self, track: PublishedTrack) -> None:
        """The track can be received from now on (called from within `Peer.answer`)."""

    def track_removed(self, track: PublishedTrack) -> None: ...

    def layers_needed(self, track: PublishedTrack, rids: tuple[str, ...]) -> None:
        """Of a track in several layers only these are watched; the others need not be sent."""

    def voices_changed(self, heard: frozenset[UUID], speaking: tuple[UUID, ...]) -> None:
        """The microphones that are forwarded, and those in which somebody speaks, by track."""

    def connection_ready(self, seat: UUID) -> None:
        """DTLS is done: media flows."""

    def connection_lost(self, seat: UUID) -> None:
        """No authenticated packet for 30 s, DTLS failed, or the other side closed it.

        The peer is closed already; its tracks stay for some seconds, waiting for
        the seat to `connect` and publish again, then `track_removed` follows.
        """


class Stage:
    """The media of one room. Event loop only."""

    def __init__(
        self,
        port: MediaPort,
        listener: StageListener,
        *,
        clock: Clock,
        most_voices: int = MOST_VOICES,
    ) -> None:
        self._port = port
        self._listener = listener
        self._clock = clock
        self._peers: dict[UUID, Peer] = {}
        self._forwarders: dict[UUID, Forwarder] = {}
        self._by_source: dict[tuple[UUID, Source], Forwarder] = {}
        self._orphans: dict[UUID, float] = {}  # track -> when it is removed
        self._taps: list[Tap] = []
        self._muted: set[tuple[UUID, Source]] = set()
        self._voices = Voices(most_voices)
        self._needed: dict[UUID, tuple[str, ...]] = {}  # what publishers were told, by track
        self._review_at = self._measure_at = float("-inf")
        port.add_pulse(self)

    @property
    def tracks(self) -> Mapping[UUID, PublishedTrack]:
        """What is published now, by track id."""
        return {id_: forwarder.track for id_, forwarder in self._forwarders.items()}

    def connect(self, seat: UUID) -> Peer:
        """A new connection of a seat; an older one of that seat is closed.

        Tracks of the older one that are published again keep their ids. Unavailable while too
        many connections are being made.
        """
        self._port.check_opening()
        older = self._peers.pop(seat, None)
        if older is not None:
            self._abandon(older)
            older.retire()
        peer = self._peers[seat] = Peer(seat, self._port, self)
        return peer

    def request_keyframe(self, track_id: UUID) -> None:
        """Ask the publisher for a keyframe; requests within 500 ms are folded into one."""
        forwarder = self._forwarders.get(track_id)
        if forwarder is not None:
            forwarder.want_keyframe(self._clock.monotonic(), LOSS_PATIENCE_SECONDS)

    def take_rungs(self, tracks: Collection[UUID]) -> None:
        """The taps get the smaller layers of these tracks, too, and of no others."""
        for id_, forwarder in self._forwarders.items():
            forwarder.is_laddered = id_ in tracks

    def tap(self, sink: UnitSink, *, epoch: datetime) -> Tap:
        """Hand every access unit of every track to the sink, timed from `epoch`."""
        tap = Tap(sink, self, self._clock, epoch=epoch)
        self._taps.append(tap)
        for forwarder in self._forwarders.values():
            tap.attach(forwarder)
        return tap

    async def aclose(self) -> None:
        """Close every connection and tap."""
        for peer in tuple(self._peers.values()):
            await peer.aclose()
        for forwarder in tuple(self._forwarders.values()):
            self._remove(forwarder)
        for tap in tuple(self._taps):
            await tap.aclose()
        self._port.remove_pulse(self)

    # ------------------------------------------------------------ what the port calls

    def flush(self) -> None:
        """Send what a batch of datagrams brought: sound first."""
        working = [forwarder for forwarder in self._forwarders.values() if forwarder.has_work]
        for forwarder in sorted(working, key=lambda one: one.is_video):
            forwarder.flush()

    def tick(self, now: float) -> None:
        if now >= self._measure_at:
            self._measure_at = now + _MEASURE_SECONDS
            for forwarder in self._forwarders.values():
                forwarder.measure(now)
        for peer in tuple(self._peers.values()):
            peer.tick(now)
        for forwarder in tuple(self._forwarders.values()):
            forwarder.ask_if_due(now)
            if self._orphans.get(forwarder.track.id, now) < now:
                self._remove(forwarder)
        if now >= self._review_at:
            self._review_at = now + _REVIEW_SECONDS
            self._review(now)

    def _review(self, now: float) -> None:
        """Some times a second: whose voice is heard, and which layers are watched."""
        self._hear(now)
        for forwarder in self._forwarders.values():
            if len(forwarder.layers) == 1:
                continue
            forwarder.follow_best(now)
            needed, id_ = forwarder.needed(now), forwarder.track.id
            if self._needed.get(id_) != needed:
                self._needed[id_] = needed
                self._listener.layers_needed(forwarder.track, needed)

    def _hear(self, now: float) -> None:
        sounds = {
            id_: forwarder for id_, forwarder in self._forwarders.items() if not forwarder.is_video
        }
        levels = {
            id_: 0.0 if forwarder.is_muted else forwarder.loudness.at(now)
            for id_, forwarder in sounds.items()
        }
        if self._voices.look(levels, now):
            for id_, forwarder in sounds.items():
                forwarder.set_heard(heard=id_ in self._voices.heard)
            self._listener.voices_changed(self._voices.heard, self._voices.speaking)

    # ------------------------------------------------------------ what a peer calls

    def wanted(self) -> Mapping[UUID, Wanted]:
        return {
            id_: Wanted(forwarder.track.codec, forwarder.profile, forwarder.track.kind)
            for id_, forwarder in self._forwarders.items()
        }

    def forwarder(self, track_id: UUID) -> Forwarder | None:
        return self._forwarders.get(track_id)

    def publish(self, peer: Peer, source: Source, chosen: Chosen) -> Forwarder:
        """The track of the seat's source: the one that is there, or a new one."""
        found = self._by_source.get((peer.seat, source))
        if found is not None and found.track.codec is chosen.codec:
            self._orphans.pop(found.track.id, None)
            found.profile = chosen.profile
            found.lay_out(chosen.rids or ONE_LAYER)
            self._needed.pop(found.track.id, None)  # a new connection has to be told again
            return found
        if found is not None:
            self._remove(found)
        track = PublishedTrack(new_id(), peer.seat, source, source.kind, chosen.codec)
        forwarder = Forwarder(
            track,
            self._port.fanout,
            profile=chosen.profile,
            rids=chosen.rids or ONE_LAYER,
        )
        forwarder.set_muted(muted=(peer.seat, source) in self._muted)
        self._forwarders[track.id] = self._by_source[peer.seat, source] = forwarder
        for tap in self._taps:
            tap.attach(forwarder)
        self._listener.track_added(track)
        return forwarder

    def unpublish(self, peer: Peer, forwarder: Forwarder) -> None:
        if self._peers.get(peer.seat) is peer:
            self._remove(forwarder)

    def mute(self, seat: UUID, source: Source, *, muted: bool) -> None:
        if ((seat, source) in self._muted) == muted:
            return
        (self._muted.add if muted else self._muted.discard)((seat, source))
        forwarder = self._by_source.get((seat, source))
        if forwarder is not None:
            forwarder.set_muted(muted=muted)
            forwarder.want_keyframe(self._port.now, 0)

    def peer_ready(self, peer: Peer) -> None:
        if self._peers.get(peer.seat) is peer:
            self._listener.connection_ready(peer.seat)

    def peer_lost(self, peer: Peer) -> None:
        if self._peers.get(peer.seat) is peer:
            del self._peers[peer.seat]
            self._abandon(peer)
            self._listener.connection_lost(peer.seat)

    def peer_closed(self, peer: Peer) -> None:
        if self._peers.get(peer.seat) is peer:
            del self._peers[peer.seat]
            for forwarder in peer.published():
                self._remove(forwarder)

    def _abandon(self, peer: Peer) -> None:
        """Keep the peer's tracks for a while: the seat may be reloading its page."""
        for forwarder in peer.published():
            forwarder.orphan()
            self._orphans[forwarder.track.id] = self._port.now + LINGER_SECONDS

    def _remove(self, forwarder: Forwarder) -> None:
        track = forwarder.track
        if self._forwarders.pop(track.id, None) is None:
            return
        self._by_source.pop((track.seat, track.source), None)
        self._orphans.pop(track.id, None)
        self._needed.pop(track.id, None)
        for tap in self._taps:
            tap.detach(forwarder)
        self._listener.track_removed(track)

    def tap_closed(self, tap: Tap) -> None:
        for forwarder in self._forwarders.values():
            tap.detach(forwarder)
        if tap in self._taps:
            self._taps.remove(tap)
