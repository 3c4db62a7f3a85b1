"""The media connections of a room's seats, and the stage kept to what the room allows."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from kernel.clock import Clock
from kernel.errors import Conflict, DarisError, Gone
from live.casting import Candidate, Cast, Player, cast
from live.client_messages import Offer
from live.decision import Delivery
from live.events import LiveFact
from live.gate import Gate
from live.health import Health
from live.messages import Layers, MediaKind, Source, Speaking
from live.peer import Peer
from live.room import Room
from live.sdp_answer import Transport
from live.seats import Channel, Seat
from live.stage import Stage
from live.tracks import PublishedTrack

log = structlog.get_logger()

_TRY_AGAIN: Final = 1.0  # seconds until a fact that could not be kept is tried again


class Connections:
    """Who sends and receives. It is the stage's listener; event loop only.

    What is on the stage and what the room shows are reconciled by one task: tracks that nobody
    may publish any more are silenced and unlisted, new ones are recorded and then listed.
    """

    def __init__(
        self,
        room: Room,
        *,
        clock: Clock,
        keep: Callable[..., Awaitable[None]],
        tell: Callable[[Delivery], None],
        gate: Gate,
    ) -> None:
        self._room = room
        self._clock = clock
        self._keep = keep
        self._tell = tell
        self._gate = gate
        self._stage: Stage | None = None
        self._by_seat: dict[UUID, Peer] = {}
        self._players: dict[UUID, Player] = {}
        self._views: dict[UUID, Mapping[UUID, int]] = {}
        self._listed: dict[UUID, tuple[Seat, Source]] = {}
        self._loud: tuple[UUID, ...] = ()  # tracks in which somebody speaks
        self._told_speaking = Speaking(())
        self._changed = asyncio.Event()
        self.on_cast: Callable[[], None] | None = None  # told when the listed tracks changed
        self._lost: list[UUID] = []  # seats of encoders and players whose connection ended

    def use(self, stage: Stage) -> None:
        """The stage that this listens to."""
        self._stage = stage

    # ------------------------------------------------------------ seats

    async def answer(self, seat: Seat, offer: Offer) -> str:
        """The SDP answer; what the seat may not publish is answered inactive."""
        refused = self.refused(seat, offer)
        send = {mid: source for mid, source in offer.send.items() if source not in refused}
        answer = await self._answer(seat, offer.sdp, send, offer.receive)
        self.review()
        return answer

    def refused(self, seat: Seat, offer: Offer) -> tuple[Source, ...]:
        """The sources of the offer that the seat may not publish."""
        return tuple(s for s in offer.send.values() if not self._room.may_publish(seat, s))

    async def play(self, seat: Seat, sdp: str, wanted: Mapping[str, MediaKind]) -> str:
        """The SDP answer to a player, which gets the programme, the camera and the voice."""
        player = Player.of(wanted)
        receive = player.receive(self.cast())
        if not receive:
            raise Conflict("Nothing is on the stage yet.", retry_after=timedelta(seconds=5))
        answer = await self._answer(seat, sdp, {}, receive)
        self._players[seat.id] = player
        return answer

    def ice_session(self, seat: Seat) -> str:
        """Our ufrag, which names the ICE session of the seat's connection."""
        return self._peer(seat).path.credentials.ufrag

    def restart_ice(self, seat: Seat, ufrag: str) -> Transport:
        """Our half of a new ICE session; `ufrag` is the client's. Gone, or Refused if it is no new one."""
        return self._peer(seat).restart_ice(ufrag)

    def _peer(self, seat: Seat) -> Peer:
        peer = self._by_seat.get(seat.id)
        if peer is None:
            raise Gone("The media connection has ended: connect again.")
        return peer

    def view(self, seat: Seat, heights: Mapping[UUID, int]) -> None:
        """What the seat's page shows, and how large."""
        self._views[seat.id] = heights
        peer = self._by_seat.get(seat.id)
        if peer is not None:
            peer.view(heights)

    def cast(self) -> Cast:
        """Which of the listed tracks stand for the lecture."""
        return cast(
            Candidate(track, source, seat.visitor.can_host)
            for track, (seat, source) in self._listed.items()
        )

    def microphones(self) -> tuple[UUID, ...]:
        """The listed tracks of microphones."""
        return tuple(t for t, (_, source) in self._listed.items() if source is Source.MICROPHONE)

    def is_teaching(self) -> bool:
        """Whether a host publishes anything."""
        return any(seat.visitor.can_host for seat, _ in self._listed.values())

    def prove(self, seat: Seat) -> None:
        """Media that was heard from the seat is a proof of presence; what came to it is evidence, too."""
        peer = self._by_seat.get(seat.id)
        if peer is not None:
            silence = max(0.0, self._clock.monotonic() - peer.last_heard)
            seat.prove(self._clock.now() - timedelta(seconds=silence))
            seat.tally.receive(peer.receipts.take())

    def healths(self) -> dict[UUID, Health]:
        """How each seat's line fares, where there is one."""
        return {seat: peer.health for seat, peer in self._by_seat.items()}

    def review(self) -> None:
        """Rights, mutes or tracks changed: reconcile soon."""
        self._changed.set()

    async def close(self, seat: UUID) -> None:
        """The seat ends: so does its connection."""
        self._players.pop(seat, None)
        self._views.pop(seat, None)
        peer = self._by_seat.pop(seat, None)
        if peer is not None:
            await peer.aclose()
            self.review()

    def take_lost(self) -> list[UUID]:
        """The seats of encoders and players whose connection has ended since the last call."""
        lost, self._lost = self._lost, []
        return lost

    def shuffled(self) -> list[tuple[Seat, Source]]:
        """Encoders that send B-frames, and of which source."""
        encoders = (seat for seat in self._room.seats if seat.channel is Channel.WHIP)
        return [
            (seat, source)
            for seat in encoders
            if (peer := self._by_seat.get(seat.id)) is not None
            for source in peer.shuffled()
        ]

    # ------------------------------------------------------------ StageListener

    def track_added(self, track: PublishedTrack) -> None:
        self.review()

    def track_removed(self, track: PublishedTrack) -> None:
        self.review()

    def layers_needed(self, track: PublishedTrack, rids: tuple[str, ...]) -> None:
        self._tell(Delivery(Layers(track.source, rids), to=frozenset({track.seat})))

    def voices_changed(self, heard: frozenset[UUID], speaking: tuple[UUID, ...]) -> None:
        self._loud = speaking
        self._tell_speaking()

    def speaking(self) -> Speaking:
        """Whose voice is heard now."""
        listed = (self._listed[track][0] for track in self._loud if track in self._listed)
        return Speaking(tuple(dict.fromkeys(seat.person for seat in listed)))

    def _tell_speaking(self) -> None:
        now = self.speaking()
        if now != self._told_speaking:
            self._told_speaking = now
            self._tell(Delivery(now))

    def connection_ready(self, seat: UUID) -> None:
        log.debug("live.connection_ready", lecture=str(self._room.lecture.id), seat=str(seat))

    def connection_lost(self, seat: UUID) -> None:
        log.info("live.connection_lost", lecture=str(self._room.lecture.id), seat=str(seat))
        self._by_seat.pop(seat, None)
        owner = self._room.seats.get(seat)
        if owner is not None and owner.channel is not Channel.WEBRTC:
            self._lost.append(seat)
        self.review()

    # ------------------------------------------------------------ reconciling

    async def follow(self) -> None:
        """Supervise: reconcile after each change, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.reconcile()
            except DarisError as error:
                log.warning("live.stage_facts_failed", reason=error.message)
                await asyncio.sleep(_TRY_AGAIN)
                self.review()

    async def reconcile(self) -> None:
        """Silence what may not be heard, and record what came on or went off the stage."""
        wanted = {track.id: (seat, track.source) for track, seat in self._on_stage()}
        gone = {track: on for track, on in self._listed.items() if track not in wanted}
        fresh = {track: on for track, on in wanted.items() if track not in self._listed}
        facts: list[LiveFact] = [
            self._room.unpublished(seat, track, source) for track, (seat, source) in gone.items()
        ]
        facts += [
            self._room.published(seat, track, source) for track, (seat, source) in fresh.items()
        ]
        if not facts:
            return
        await self._keep(*facts)
        for track in gone:
            del self._listed[track]
        self._listed |= fresh
        self._tell_speaking()
        self._switch_players()
        if self.on_cast is not None:
            self.on_cast()

    def _switch_players(self) -> None:
        """Players follow the programme without a new offer, where the codec allows it."""
        now = self.cast()
        for seat, player in self._players.items():
            peer = self._by_seat.get(seat)
            if peer is not None:
                for mid, track in player.receive(now).items():
                    peer.switch(mid, track)

    def _on_stage(self) -> Iterator[tuple[PublishedTrack, Seat]]:
        """The tracks that may be there; what may not, or is muted, is silenced."""
        assert self._stage is not None
        for track in tuple(self._stage.tracks.values()):
            seat = self._room.seats.get(track.seat)
            if seat is None:
                continue
            may_publish = self._room.may_publish(seat, track.source)
            is_muted = self._room.is_muted(seat, track.source)
            peer = self._by_seat.get(seat.id)
            if peer is not None:
                peer.set_muted(track.source, muted=is_muted or not may_publish)
            if may_publish:
                yield track, seat

    async def _answer(
        self, seat: Seat, sdp: str, send: Mapping[str, Source], receive: Mapping[str, UUID]
    ) -> str:
        """By the seat's peer; by a new one where the offer comes from another connection."""
        assert self._stage is not None
        peer = self._by_seat.get(seat.id)
        if peer is not None:
            with contextlib.suppress(Gone):
                return await peer.answer(sdp, send=send, receive=receive)
            await self._take_turn(seat)
        peer = self._by_seat[seat.id] = self._stage.connect(seat.id)
        if seat.id in self._views:
            peer.view(self._views[seat.id])
        try:
            return await peer.answer(sdp, send=send, receive=receive)
        except DarisError:
            del self._by_seat[seat.id]
            await peer.aclose()
            raise

    async def _take_turn(self, seat: Seat) -> None:
        """Who comes anew had one when the seat was taken; now it is for another handshake."""
        if seat.visitor.can_host:
            return
        await self._gate.enter()
        if seat.id not in self._room.seats:
            raise Gone("Your seat ended while you waited for a connection.")
