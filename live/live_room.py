"""One run of a room with all that hangs on it: deliveries, connections, the recorder of facts.

The room decides and applies (live.room); this keeps what was decided, and then tells the seats.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, assert_never
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge, Histogram

from kernel.clock import Clock
from kernel.errors import Conflict, DarisError, Gone
from kernel.facts import Recorder
from live.client_messages import Offer, Record, RecordAction, Report, SetMuted, View, Visibility
from live.connections import Connections
from live.decision import Delivery
from live.deliveries import Deliveries
from live.events import ChatSaid, LiveFact, PersonLeft, PollAnswered
from live.expelled import B_FRAMES, Expelled
from live.gate import Gate
from live.line_watch import LineWatch
from live.messages import (
    Answer,
    Bye,
    ByeReason,
    LectureInfo,
    MediaKind,
    Refused,
    Source,
)
from live.outbox import Outbox
from live.poll_news import PollNews
from live.quality import Qualities
from live.room import Room, RoomMessage
from live.seats import Channel, Seat, Visitor
from live.stage import Stage, StageListener

log = structlog.get_logger()

SEATS = Gauge("daris_live_seats", "Seats taken in all rooms")
POLL_ANSWERS = Counter("daris_live_poll_answers", "Answers to polls that were kept")
CHAT_LINES = Counter("daris_live_chat_lines", "Lines of chat that were kept and shown")
KEPT_SECONDS = Histogram(
    "daris_live_fact_kept_seconds",
    "From a fact decided in a room to it being durable",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
)

TICK: Final = 0.5  # seconds between looks at proofs and graces
CHECKPOINT: Final = TICK  # with `alive` every second, a crash loses a second and a half

_ANEW: Final = Bye(ByeReason.RESTART, "The room starts anew; please wait a moment.")

OnRecord = Callable[[RecordAction, UUID | None], Awaitable[None]]
"""Does what a person asks of the recording."""

PageMessage = View | Report | Visibility

StageMaker = Callable[[StageListener], Stage]


@dataclass(frozen=True, slots=True)
class _Kept:
    """How keeping ended; the task that keeps never raises, as it is a child of the room."""

    error: DarisError | None = None


class Closing(Gone):
    """Nobody comes in and nothing is said any more; `bye` says why."""

    def __init__(self, bye: Bye) -> None:
        super().__init__(bye.message)
        self.bye = bye


class LiveRoom:
    """Event loop only. Nothing works outside of `open`."""

    def __init__(
        self, room: Room, *, recorder: Recorder, clock: Clock, stage: StageMaker, gate: Gate
    ) -> None:
        self.room = room
        self.deliveries = Deliveries()
        self.tell, self.reply = self.deliveries.tell, self.deliveries.reply
        self.connections = Connections(room, clock=clock, keep=self.keep, tell=self.tell, gate=gate)
        self.stage = stage(self.connections)
        self.connections.use(self.stage)
        self.qualities = Qualities()
        self.on_record: OnRecord | None = None  # while the lecture is live
        self._recorder = recorder
        self._gate = gate
        self._clock = clock
        self._poll_news = PollNews(lambda poll: self.tell(*self.room.poll_board.news(poll)))
        self._expelled = Expelled()
        self._tasks: asyncio.TaskGroup | None = None
        self._closing: Bye | None = None
        self._is_over = False

    @property
    def lecture(self) -> UUID:
        return self.room.lecture.id

    # ------------------------------------------------------------ coming and going

    async def enter(
        self, visitor: Visitor, device: str, channel: Channel, *, skew_ms: int | None = None
    ) -> Seat:
        """A new seat, after a wait when many come; Crowded when it would be long, Held or TurnedAway
        when nobody let the visitor in.

        On return its PersonJoined is kept and the others were told.
        """
        self._check_open()
        self.room.waiting_room.enter(visitor)
        if not visitor.can_host:  # whoever teaches need not wait for the audience
            await self._gate.enter()
            self._check_open()
        seat, joined = self.room.enter(visitor, device, channel, skew_ms=skew_ms)
        try:
            await self._as_child(self._keep((joined,), then=lambda: self._admit(seat)))
        except asyncio.CancelledError:
            seat.is_connected = False  # whoever came is gone again: the grace runs
            raise
        return seat

    def resume(self, token: str, visitor: Visitor) -> Seat | None:
        """The visitor's seat of that token, if it still stands."""
        return self.room.seats.by_resume(token, visitor.person)

    def attach(self, seat: Seat, outbox: Outbox) -> None:
        """The seat's messages go there from now on, a welcome first; an older socket ends."""
        self.deliveries.release(seat)
        seat.prove(self._clock.now())
        seat.tally.doubt()
        self.tell(*self.room.connect(seat))
        outbox.put(self.room.welcome(seat))
        speaking = self.connections.speaking()
        if speaking.people:
            outbox.put(speaking)
        for votes in self.room.polls.votes() if seat.visitor.can_moderate else ():
            outbox.put(votes)
        self.qualities.begin_anew(seat.id)
        self.deliveries.attach(seat, outbox)
        if self._closing is not None:
            outbox.close(self._closing)

    def detach(self, seat: Seat, outbox: Outbox) -> None:
        """The socket of that outbox is gone; the seat waits for its return."""
        if self.deliveries.detach(seat, outbox):
            seat.tally.doubt()
            self.tell(*self.room.disconnect(seat))

    async def leave(self, seat: Seat, reason: str) -> None:
        """The seat ends now, at its last proof."""
        if seat.is_leaving or seat.id not in self.room.seats:
            return
        self.connections.prove(seat)
        facts = self.room.leave(seat, reason)
        self.qualities.forget(seat.id)
        await self.connections.close(seat.id)
        await self.keep(*facts)

    # ------------------------------------------------------------ messages

    async def handle(self, seat: Seat, message: RoomMessage) -> None:
        """Do what the seat asks; a DarisError tells why not."""
        self._check_open()
        decision = self.room.decide(seat, message)
        for reply in decision.replies:
            self.reply(seat, reply)
        self.tell(*decision.told)
        if isinstance(message, SetMuted):
            self.connections.review()
        if isinstance(message, Record):
            await self.record(message.action, seat.person)
        if decision.facts:
            await self.keep(*decision.facts)

    async def record(self, action: RecordAction, by: UUID | None) -> None:
        """Start, pause, resume or stop the recording; a DarisError tells why not."""
        self._check_open()
        if self.on_record is None:
            raise Conflict("The lecture has not begun; recording can start with it.")
        await self.on_record(action, by)

    async def answer(self, seat: Seat, offer: Offer) -> None:
        """Answer an offer of the seat's socket."""
        self._check_open()
        self.reply(seat, Answer(await self.connections.answer(seat, offer)))
        for source in self.connections.refused(seat, offer):
            self.reply(seat, Refused("forbidden", _no_floor(source), source.value))

    def note(self, seat: Seat, message: PageMessage) -> None:
        """What the seat's page says of itself: what it shows, how that comes, whether it is in sight."""
        match message:
            case View(heights):
                self.connections.view(seat, heights)
            case Report():
                if not seat.is_leaving:
                    self.qualities.take(seat.id, message)
            case Visibility(visible):
                seat.tally.tell(is_visible=visible)
            case _:
                assert_never(message)

    async def connect_encoder(self, seat: Seat, offer: str, send: Mapping[str, Source]) -> str:
        """The answer to an encoder; a seat whose offer is no good leaves again."""
        return await self._connected(
            seat, self.connections.answer(seat, Offer(offer, send=dict(send)))
        )

    async def connect_player(self, seat: Seat, offer: str, wanted: Mapping[str, MediaKind]) -> str:
        """The answer to a player; it follows the programme from then on."""
        return await self._connected(seat, self.connections.play(seat, offer, wanted))

    async def _connected(self, seat: Seat, answering: Awaitable[str]) -> str:
        try:
            return await answering
        except BaseException:
            await self.leave(seat, "refused")
            raise

    def move(self, lecture: LectureInfo) -> None:
        """The schedule changed the lecture."""
        self.tell(*self.room.move(lecture))

    # ------------------------------------------------------------ keeping

    async def keep(self, *facts: LiveFact) -> None:
        """Record facts, then apply and tell them. Being cancelled does not tear that apart."""
        await self._as_child(self._keep(facts))

    def _check_open(self) -> None:
        if self._closing is not None:
            raise Closing(self._closing)

    async def _as_child(self, keeping: Coroutine[Any, Any, _Kept]) -> None:
        if self._tasks is None or self._is_over:
            keeping.close()
            raise Closing(self._closing or Bye(ByeReason.RESTART, "The room is closed."))
        task = self._tasks.create_task(keeping, name=f"keep facts of {self.lecture}")
        kept = await asyncio.shield(task)
        if kept.error is not None:
            raise kept.error

    async def _keep(
        self, facts: tuple[LiveFact, ...], then: Callable[[], None] | None = None
    ) -> _Kept:
        start = self._clock.monotonic()
        try:
            await self._recorder.record(*facts)
        except DarisError as error:
            self.room.could_not_keep(facts)
            log.warning("live.facts_not_kept", lecture=str(self.lecture), reason=error.message)
            return _Kept(error)
        KEPT_SECONDS.observe(self._clock.monotonic() - start)
        if then is not None:
            then()
        for fact in facts:
            self.tell(*self.room.apply(fact))
            _count(fact)
            if isinstance(fact, PollAnswered):
                self._poll_news.take(fact.poll)
        self.connections.review()
        return _Kept()

    def _admit(self, seat: Seat) -> None:
        SEATS.inc()
        self.tell(*self.room.admit(seat))

    # ------------------------------------------------------------ life

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The room is up while this lasts; whoever still sits there at the end is told to return."""
        try:
            async with aclosing(self.stage), asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                await self.keep(self.room.opened())
                lines = LineWatch(
                    self.room, self.connections.healths, self.qualities, self._recorder, self._clock
                )
                loops = [
                    tasks.create_task(self.connections.follow(), name=f"stage of {self.lecture}"),
                    tasks.create_task(self._keep_house(), name=f"seats of {self.lecture}"),
                    tasks.create_task(lines.run(self.tell), name=f"lines of {self.lecture}"),
                ]
                try:
                    yield
                finally:
                    for loop in loops:
                        loop.cancel()
        finally:
            self._is_over = True
            self.close(_ANEW)
            self.qualities.close()
            self._poll_news.close()
            SEATS.dec(len(self.room.seats))

    async def empty(self, bye: Bye) -> None:
        """Nobody comes in any more, and every seat has left now; sockets stay open to read on."""
        self._closing = bye
        self.room.waiting_room.close(Closing(bye))
        is_pause = bye.reason == ByeReason.RESTART
        facts: list[LiveFact] = [] if is_pause else list(self.room.polls.end())
        for seat in self.room.seats:
            self.connections.prove(seat)
            facts.extend(self.room.leave(seat, bye.reason))
        facts.append(self.room.closed(bye.reason))
        await self._recorder.record(*facts)

    def close(self, bye: Bye) -> None:
        """Tell every socket why it ends."""
        self._closing = self._closing or bye
        self.room.waiting_room.close(Closing(self._closing))
        self.deliveries.close(self._closing)

    async def _keep_house(self) -> None:
        """Supervise the seats until cancelled."""
        next_checkpoint = self._clock.monotonic()
        while True:
            is_checkpoint = self._clock.monotonic() >= next_checkpoint
            if is_checkpoint:
                next_checkpoint = self._clock.monotonic() + CHECKPOINT
            try:
                await self.look_after_seats(is_checkpoint=is_checkpoint)
            except DarisError as error:
                log.warning("live.seats_not_kept", lecture=str(self.lecture), reason=error.message)
            await asyncio.sleep(TICK)

    async def look_after_seats(self, *, is_checkpoint: bool) -> None:
        """Gather proofs, end the seats that are over, and write the checkpoint."""
        for seat in self.room.seats:
            self.connections.prove(seat)
        self.tell(*self.room.waiting_room.tidy())
        for seat in self._over():
            await self.leave(seat, "lost")
        for seat, source in self.connections.shuffled():
            await self._expel(seat, source)
        checkpoint = self.room.checkpoint() if is_checkpoint else None
        if checkpoint is not None:
            await self._recorder.record(checkpoint)

    async def _expel(self, seat: Seat, source: Source) -> None:
        """End an encoder whose pictures nobody could watch, and tell it and the hosts why."""
        log.warning(
            "live.b_frames", lecture=str(self.lecture), seat=str(seat.id), device=seat.device
        )
        self._expelled.note(seat.resume, B_FRAMES)
        hosts = frozenset(one.id for one in self.room.seats if one.visitor.can_host)
        self.tell(Delivery(Refused("b-frames", B_FRAMES, source.value), to=hosts))
        await self.leave(seat, "refused")

    def expelled(self, token: str) -> str | None:
        """Why the encoder with that token was ended, if it was."""
        return self._expelled.why(token)

    def _over(self) -> list[Seat]:
        lost = (self.room.seats.get(seat) for seat in self.connections.take_lost())
        return [*self.room.due(), *(seat for seat in lost if seat is not None)]


def _no_floor(source: Source) -> str:
    return f"You need the floor to publish your {source.value}."


def _count(fact: LiveFact) -> None:
    if isinstance(fact, ChatSaid):
        CHAT_LINES.inc()
    elif isinstance(fact, PollAnswered):
        POLL_ANSWERS.inc()
    elif isinstance(fact, PersonLeft):
        SEATS.dec()
