"""Who asks for the floor, and who has it: raised hands, and the people who may speak and show."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kernel.clock import Clock
from kernel.errors import Conflict, Forbidden
from live.client_messages import GiveFloor, LowerHand, LowerHandOf, RaiseHand, TakeFloor
from live.events import (
    FloorGiven,
    FloorTaken,
    HandLowered,
    HandRaised,
    LiveFact,
    PersonJoined,
    RoomOpened,
)
from live.messages import Floor, Hand, RaisedHand
from live.scribe import Scribe
from live.seats import Seat, Seats

MOST_ON_STAGE: Final = 25  # people who may publish at the same time
PATIENCE: Final = timedelta(minutes=2)  # after a restart, for people to come back

PodiumMessage = RaiseHand | LowerHand | LowerHandOf | GiveFloor | TakeFloor
PodiumFact = HandRaised | HandLowered | FloorGiven | FloorTaken


@dataclass(slots=True)
class Held:
    """Hands, in the order in which they went up, and floors."""

    hands: dict[UUID, datetime] = field(default_factory=dict)
    floor: set[UUID] = field(default_factory=set)

    def apply(self, fact: PodiumFact) -> None:
        assert fact.person is not None
        match fact:
            case HandRaised():
                self.hands.setdefault(fact.person, fact.at)
            case HandLowered():
                self.hands.pop(fact.person, None)
            case FloorGiven():
                self.floor.add(fact.person)
            case FloorTaken():
                self.floor.discard(fact.person)

    def keep_those(self, people: set[UUID]) -> None:
        self.hands = {person: at for person, at in self.hands.items() if person in people}
        self.floor &= people


class Podium:
    """The hands and the floor of a room. Whoever held one when an earlier run broke off has it again
    when they are back in time."""

    def __init__(
        self, seats: Seats, scribe: Scribe, clock: Clock, before: Iterable[LiveFact] = ()
    ) -> None:
        self._seats = seats
        self._scribe = scribe
        self._clock = clock
        self._held = Held()
        self._awaited = broken_off(before)
        self._awaited_until = clock.now() + PATIENCE

    def is_raised(self, person: UUID) -> bool:
        return person in self._held.hands

    def has_floor(self, person: UUID) -> bool:
        return person in self._held.floor

    def hands(self) -> tuple[RaisedHand, ...]:
        raised = sorted(self._held.hands.items(), key=lambda hand: hand[1])
        return tuple(RaisedHand(person, at) for person, at in raised)

    def welcome_back(self, person: UUID) -> tuple[Hand, ...]:
        """The person comes in: what they held in the run before is theirs again. What to tell."""
        self._await_no_longer()
        if person in self._awaited.floor:
            self._awaited.floor.discard(person)
            self._held.floor.add(person)
        raised_at = self._awaited.hands.pop(person, None)
        if raised_at is None:
            return ()
        self._held.hands[person] = raised_at
        return (Hand(person, raised=True, at=raised_at),)

    def decide(self, seat: Seat, message: PodiumMessage) -> tuple[PodiumFact, ...]:
        """The facts that would then be true; a DarisError tells why it may not be."""
        match message:
            case RaiseHand():
                is_up = self.is_raised(seat.person)
                return () if is_up else (self._scribe.of(seat, HandRaised),)
            case LowerHand():
                return self._lower(seat, seat.person)
            case LowerHandOf(person):
                return self._lower(seat, person)
            case GiveFloor(person):
                return self._give_floor(seat, person)
            case TakeFloor(person):
                return self._take_floor(seat, person)

    def leave(self, person: UUID) -> tuple[PodiumFact, ...]:
        """The facts of a person who goes."""
        facts: list[PodiumFact] = []
        if self.is_raised(person):
            facts.append(self._scribe.fact(HandLowered, person=person, by=person))
        if self.has_floor(person):
            facts.append(self._scribe.fact(FloorTaken, person=person, by=person))
        return tuple(facts)

    def apply(self, fact: PodiumFact) -> Hand | Floor:
        """The fact is kept; the message that tells of it."""
        assert fact.person is not None
        self._held.apply(fact)
        match fact:
            case HandRaised() | HandLowered():
                return Hand(fact.person, isinstance(fact, HandRaised), fact.at)
            case FloorGiven() | FloorTaken():
                return Floor(fact.person, isinstance(fact, FloorGiven))

    def _lower(self, seat: Seat, person: UUID) -> tuple[PodiumFact, ...]:
        if person != seat.person and not seat.visitor.can_moderate:
            raise Forbidden("Only a moderator may lower somebody's hand.")
        if not self.is_raised(person):
            return ()
        return (self._scribe.fact(HandLowered, person=person, by=seat.person),)

    def _give_floor(self, seat: Seat, person: UUID) -> tuple[PodiumFact, ...]:
        if not seat.visitor.can_host:
            raise Forbidden("Only the host may give the floor.")
        self._seats.visitor(person)
        facts: list[PodiumFact] = []
        if not self.has_floor(person):
            self._check_stage()
            facts.append(self._scribe.fact(FloorGiven, person=person, by=seat.person))
        if self.is_raised(person):
            facts.append(self._scribe.fact(HandLowered, person=person, by=seat.person))
        return tuple(facts)

    def _check_stage(self) -> None:
        """Hosts are on the stage by right; the others as long as there is room."""
        self._await_no_longer()
        hosts = sum(visitor.can_host for visitor in self._seats.people())
        if hosts + len(self._held.floor) + len(self._awaited.floor) >= MOST_ON_STAGE:
            raise Conflict(
                f"The stage is full: at most {MOST_ON_STAGE} people speak at the same time."
                " Take the floor from somebody first."
            )

    def _take_floor(self, seat: Seat, person: UUID) -> tuple[PodiumFact, ...]:
        if person != seat.person and not seat.visitor.can_moderate:
            raise Forbidden("Only a moderator may take the floor away.")
        if not self.has_floor(person):
            return ()
        return (self._scribe.fact(FloorTaken, person=person, by=seat.person),)

    def _await_no_longer(self) -> None:
        if self._clock.now() > self._awaited_until:
            self._awaited = Held()


def broken_off(facts: Iterable[LiveFact]) -> Held:
    """What was held when the last run of the room broke off, by those who were in it then. `facts` are
    those of the lecture, in order."""
    held, there = Held(), set[UUID]()
    for fact in facts:
        match fact:
            case RoomOpened():
                held.keep_those(there)
                there = set()
            case PersonJoined(person=UUID() as person):
                there.add(person)
            case HandRaised() | HandLowered() | FloorGiven() | FloorTaken() if fact.person:
                held.apply(fact)
            case _:
                pass
    held.keep_those(there)
    return held
