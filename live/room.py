"""A room as rules: who is in it, hands, floor, chat, what is on the stage. No web, SQL or media.

Everything happens in two steps. *Deciding* checks rights and rates and answers with the facts that
would then be true; *applying* a fact, after it was kept, changes the room and says whom to tell.
So nobody is shown what a crash could undo. Event loop only.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, assert_never
from uuid import UUID

import msgspec

from kernel.clock import Clock
from kernel.errors import Forbidden, Invalid, TooMany, Unavailable
from kernel.ids import new_id
from kernel.throttle import Throttle
from live.chat import Chat, clean, told
from live.chat_rule import ChatRule
from live.client_messages import Consent, Record, Say, SetChatMode, SetMuted
from live.decision import Decision, Delivery
from live.events import (
    ChatModeSet,
    ChatSaid,
    LiveFact,
    MuteAsked,
    PersonJoined,
    PersonLeft,
    RecordingConsented,
    RoomClosed,
    RoomOpened,
    SeatProof,
    SeatsAlive,
    TrackPublished,
    TrackUnpublished,
)
from live.messages import (
    AskedToMute,
    ByeReason,
    ChangedPerson,
    IceServer,
    JoinedPeople,
    LectureInfo,
    LeftPerson,
    Me,
    PersonInfo,
    Presence,
    RecordingInfo,
    Source,
    State,
    Welcome,
)
from live.podium import Podium, PodiumFact, PodiumMessage
from live.poll_board import PollBoard
from live.poll_messages import PollMessage
from live.polls import PollFact, Polls
from live.recording_lamp import RecordingLamp
from live.scribe import Scribe
from live.seats import Channel, Seat, Seats, Visitor
from live.staged import Staged
from live.turn import IceServers
from live.waiting_room import WaitingFact, WaitingMessage, WaitingRoom

MOST_SEATS: Final = 2000
MOST_SEATS_OF_A_PERSON: Final = 10

RoomMessage = (
    PollMessage | PodiumMessage | WaitingMessage | Say | SetChatMode | SetMuted | Record | Consent
)


_NO_SERVERS: Final = IceServers()


class RoomFull(Unavailable):
    """No more seats."""


class Room:
    """One run of a lecture's room."""

    def __init__(
        self,
        lecture: LectureInfo,
        *,
        clock: Clock,
        said_before: Iterable[ChatSaid] = (),
        before: Iterable[LiveFact] = (),
        ice_servers: IceServers = _NO_SERVERS,
    ) -> None:
        self.lecture = lecture
        self.seats = Seats()
        self._clock = clock
        self._ice_servers = ice_servers
        self._chat = Chat()
        self.scribe = Scribe(lecture.id, clock)
        known = tuple(before)
        self.polls = Polls(self.scribe, known)
        self.poll_board = PollBoard(self.polls, self.seats)
        self._chat_rule = ChatRule(lecture.chat_mode, self.seats, self.scribe, known)
        self._podium = Podium(self.seats, self.scribe, clock, known)
        self.waiting_room = WaitingRoom(lecture.waiting_room, self.seats, self.scribe, clock, known)
        self._staged = Staged()
        self._lamp = RecordingLamp(self.seats)
        self._consented: set[UUID] = set()  # people
        self._speaking = Throttle(clock, burst=5, every=timedelta(seconds=1))  # by person
        self._asking = Throttle(clock, burst=20, every=timedelta(seconds=0.25))  # by seat
        self._checked_at = clock.now()
        for line in said_before:
            self._chat.append(line)

    # ------------------------------------------------------------ the room and its seats

    def opened(self) -> RoomOpened:
        return self.scribe.fact(RoomOpened, state=self.lecture.state)

    def closed(self, reason: str) -> RoomClosed:
        return self.scribe.fact(RoomClosed, reason=reason)

    def move(self, lecture: LectureInfo) -> tuple[Delivery, ...]:
        """The schedule moved or renamed the lecture."""
        has_moved = lecture.state != self.lecture.state
        self.lecture = lecture
        mode = self._chat_rule.plan(lecture.chat_mode)
        news = (State(lecture.state) if has_moved else None, mode)
        waiting = self.waiting_room.plan(lecture.waiting_room)
        if has_moved:
            self.waiting_room.tell(State(lecture.state))
        return (*(Delivery(message) for message in news if message is not None), *waiting)

    def record(self, recording: RecordingInfo) -> tuple[Delivery, ...]:
        """Recording began, ended or suffers: everybody is told that, hosts what is wrong, too."""
        return self._lamp.turn(recording)

    @property
    def recording(self) -> RecordingInfo:
        """As hosts see it."""
        return self._lamp.recording

    def enter(
        self, visitor: Visitor, device: str, channel: Channel, *, skew_ms: int | None = None
    ) -> tuple[Seat, PersonJoined]:
        """A seat for the visitor, and the fact that must be kept before `admit`."""
        if len(self.seats) >= MOST_SEATS:
            raise RoomFull("The room is full.", retry_after=timedelta(seconds=30))
        if len(self.seats.of(visitor.person)) >= MOST_SEATS_OF_A_PERSON:
            raise TooMany("You have too many tabs of this room open; close some.")
        now = self._clock.now()
        seat = Seat(new_id(), visitor, device, channel, now, now)
        return seat, self.scribe.joined(seat, skew_ms)

    def admit(self, seat: Seat) -> tuple[Delivery, ...]:
        """The seat is taken: its PersonJoined is kept."""
        is_first = not self.seats.of(seat.person)
        before = self.seats.presence(seat.person)
        self.seats.add(seat)
        if is_first:  # for all: the seat itself has no outbox before its welcome
            hands = self._podium.welcome_back(seat.person)
            joined = Delivery(JoinedPeople((self._person(seat.visitor),)))
            return (joined, *map(Delivery, hands))
        return self._presence_news(seat, before)

    def connect(self, seat: Seat) -> tuple[Delivery, ...]:
        """The seat has a socket again."""
        return self._set_connected(seat, is_connected=True)

    def disconnect(self, seat: Seat) -> tuple[Delivery, ...]:
        """The seat lost its socket; it may come back within the grace."""
        return self._set_connected(seat, is_connected=False)

    def leave(self, seat: Seat, reason: str) -> tuple[LiveFact, ...]:
        """The facts of a seat that ends at its last proof, and of a person whose last one it was."""
        seat.is_leaving = True
        facts: list[LiveFact] = [self.scribe.left(seat, reason)]
        person = seat.person
        is_gone = all(other.is_leaving for other in self.seats.of(person))
        if is_gone and reason != ByeReason.RESTART:  # then they are expected back
            facts.extend(self._podium.leave(person))
        return tuple(facts)

    def due(self) -> tuple[Seat, ...]:
        """The seats whose grace is over."""
        now = self._clock.now()
        return tuple(seat for seat in self.seats if seat.is_due(now))

    def checkpoint(self) -> SeatsAlive | None:
        """The proofs of presence since the last checkpoint, if any."""
        since, self._checked_at = self._checked_at, self._clock.now()
        proofs = tuple(
            SeatProof(seat.id, seat.last_proof_at, seat.received_s, seat.visible_s)
            for seat in self.seats
            if seat.last_proof_at > since and not seat.is_leaving
        )
        return self.scribe.fact(SeatsAlive, seats=proofs) if proofs else None

    def welcome(self, seat: Seat) -> Welcome:
        """Everything that the seat needs to know, now."""
        visitor = seat.visitor
        return Welcome(
            seat=seat.id,
            resume=seat.resume,
            me=Me(
                person=visitor.person,
                name=visitor.name,
                role=visitor.role,
                can_publish=visitor.can_host or self._podium.has_floor(visitor.person),
                can_host=visitor.can_host,
                can_moderate=visitor.can_moderate,
            ),
            lecture=self._info(),
            people=tuple(self._person(one) for one in self.seats.people()),
            tracks=self._staged.tracks().tracks,
            chat=self._chat.history(visitor),
            hands=self._podium.hands(),
            recording=self._lamp.shown(can_host=visitor.can_host),
            ice_servers=self.ice_servers(seat),
            now=self._clock.now(),
            polls=self.polls.shown(can_moderate=visitor.can_moderate),
            answers=self.polls.answers_of(visitor.person),
            waiting=self.waiting_room.shown() if visitor.can_moderate else None,
        )

    def _info(self) -> LectureInfo:
        """The lecture, with what is in force."""
        mode, waits = self._chat_rule.mode, self.waiting_room.is_on
        return msgspec.structs.replace(self.lecture, chat_mode=mode, waiting_room=waits)

    def ice_servers(self, seat: Seat) -> tuple[IceServer, ...]:
        """STUN and TURN servers, with log-ins that are the seat's own."""
        return self._ice_servers.of(seat.person, self._clock.now())

    # ------------------------------------------------------------ deciding

    def decide(self, seat: Seat, message: RoomMessage) -> Decision:  # noqa: C901, PLR0911
        """What the message of the seat leads to; a DarisError tells why it may not be."""
        if not isinstance(message, Say):
            self._asking.check(seat.id, "That was too often; wait a moment.")
        if isinstance(message, PodiumMessage):
            return Decision(self._podium.decide(seat, message))
        if isinstance(message, PollMessage):
            return self.polls.decide(seat, message)
        if isinstance(message, WaitingMessage):
            return Decision(self.waiting_room.decide(seat, message))
        match message:
            case Say():
                return self._say(seat, message)
            case SetChatMode():
                return Decision(self._chat_rule.decide(seat, message))
            case SetMuted():
                return self._set_muted(seat, message)
            case Record() | Consent():
                return Decision(self._mind_recording(seat, message))
            case _:
                assert_never(message)

    def could_not_keep(self, facts: Iterable[LiveFact]) -> None:
        """Recording failed: what was decided may be tried again."""
        for fact in facts:
            match fact:
                case ChatSaid():
                    self._chat.forget(fact.id)
                case PersonLeft(seat=left):
                    if (seat := self.seats.get(left)) is not None:
                        seat.is_leaving = False
                case RecordingConsented(person=UUID() as person):
                    self._consented.discard(person)
                case _ if isinstance(fact, PollFact):
                    self.polls.could_not_keep(fact)
                case _:
                    pass

    def is_muted(self, seat: Seat, source: Source) -> bool:
        return self._staged.is_muted(seat.id, source)

    def may_publish(self, seat: Seat, source: Source) -> bool:
        """Hosts publish anything; whoever has the floor microphone and camera."""
        has_floor = self._podium.has_floor(seat.person) and source is not Source.SCREEN
        return seat.visitor.can_host or has_floor

    def published(self, seat: Seat, track: UUID, source: Source) -> TrackPublished:
        return self.scribe.of(seat, TrackPublished, track=track, source=source.value)

    def unpublished(self, seat: Seat, track: UUID, source: Source) -> TrackUnpublished:
        return self.scribe.of(seat, TrackUnpublished, track=track, source=source.value)

    def _say(self, seat: Seat, message: Say) -> Decision:
        line = message.id
        if line.version != 7:
            raise Invalid("The id of a line is a UUID of version 7.")
        text = clean(message.text)
        said = self._chat.find(line, seat.person)
        if said is not None:
            return Decision(replies=(told(said),))
        if self._chat.is_known(line):
            return Decision()  # it is being kept, and then shown to this seat as well
        to_hosts = self._chat_rule.is_to_hosts(seat)
        self._speaking.check(seat.person, "You write too fast; wait a moment.")
        self._chat.expect(line, seat.person)
        fact = self.scribe.of(
            seat, ChatSaid, id=line, name=seat.visitor.name, text=text, to_hosts=to_hosts
        )
        return Decision((fact,))

    def _set_muted(self, seat: Seat, message: SetMuted) -> Decision:
        if message.person is None or message.person == seat.person:
            has_changed = self._staged.set_muted(seat.id, message.source, muted=message.muted)
            return Decision(told=(Delivery(self._staged.tracks()),) if has_changed else ())
        self._check(seat.visitor.can_moderate, "Only a moderator may mute others.")
        if not message.muted:
            raise Forbidden("Nobody can switch on somebody else's microphone or camera.")
        self.seats.visitor(message.person)
        source = message.source.value
        return Decision(
            (self.scribe.fact(MuteAsked, person=message.person, by=seat.person, source=source),)
        )

    def _mind_recording(self, seat: Seat, message: Record | Consent) -> tuple[LiveFact, ...]:
        """What the button does is done, and kept, by `live.broadcast`."""
        if isinstance(message, Record):
            self._check(seat.visitor.can_moderate, "Only a moderator may record.")
            return ()
        if seat.person in self._consented:
            return ()
        self._consented.add(seat.person)
        return (self.scribe.of(seat, RecordingConsented),)

    def _check(self, is_allowed: bool, otherwise: str) -> None:
        if not is_allowed:
            raise Forbidden(otherwise)

    # ------------------------------------------------------------ applying

    def apply(self, fact: LiveFact) -> tuple[Delivery, ...]:  # noqa: C901, PLR0911  # one an arm
        """The fact is kept: let it be so, and say whom to tell what."""
        if isinstance(fact, PollFact):
            return self.poll_board.apply(fact)
        if isinstance(fact, WaitingFact):
            return self.waiting_room.apply(fact)
        if isinstance(fact, PodiumFact):
            return (Delivery(self._podium.apply(fact)),)
        match fact:
            case ChatSaid():
                return self._said(fact)
            case ChatModeSet():
                return (Delivery(self._chat_rule.apply(fact)),)
            case PersonLeft():
                return self._left(fact)
            case TrackPublished() | TrackUnpublished():
                return (Delivery(self._staged.move(fact)),)
            case MuteAsked(person=UUID() as person):
                to = frozenset(seat.id for seat in self.seats.of(person))
                return (Delivery(AskedToMute(Source(fact.source), fact.by), to),)
            case _:
                return ()

    def _said(self, fact: ChatSaid) -> tuple[Delivery, ...]:
        is_new = self._chat.append(fact)
        return (Delivery(told(fact), self._chat_rule.readers(fact)),) if is_new else ()

    def _left(self, fact: PersonLeft) -> tuple[Delivery, ...]:
        seat = self.seats.get(fact.seat)
        if seat is None:
            return ()
        before = self.seats.presence(seat.person)
        self.seats.remove(seat)
        self._staged.forget(seat.id)
        if not self.seats.of(seat.person):
            return (Delivery(LeftPerson(seat.person)),)
        return self._presence_news(seat, before)

    # ------------------------------------------------------------ in common

    def _set_connected(self, seat: Seat, *, is_connected: bool) -> tuple[Delivery, ...]:
        before = self.seats.presence(seat.person)
        seat.is_connected = is_connected
        return self._presence_news(seat, before)

    def _presence_news(self, seat: Seat, before: Presence) -> tuple[Delivery, ...]:
        if self.seats.presence(seat.person) is before:
            return ()
        return (Delivery(ChangedPerson(self._person(seat.visitor)), self._all_but(seat)),)

    def _person(self, visitor: Visitor) -> PersonInfo:
        return PersonInfo(
            id=visitor.person,
            name=visitor.name,
            role=visitor.role,
            can_host=visitor.can_host,
            has_floor=self._podium.has_floor(visitor.person),
            presence=self.seats.presence(visitor.person),
        )

    def _all_but(self, seat: Seat) -> frozenset[UUID]:
        return frozenset(one.id for one in self.seats if one is not seat)
