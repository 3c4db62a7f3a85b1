"""Who waits outside of a room until somebody who moderates lets them in. They have no seat: nothing of the
room reaches them, and no presence is counted."""

import asyncio
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kernel.clock import Clock
from kernel.errors import DarisError, Forbidden, NotFound, TooMany, Unavailable
from live.client_messages import Admit, SwitchWaitingRoomOff, TurnAway
from live.decision import Delivery
from live.events import (
    LiveFact,
    PersonAdmitted,
    PersonJoined,
    PersonTurnedAway,
    WaitingRoomSwitchedOff,
)
from live.messages import ServerMessage, WaitingPeople, WaitingPerson
from live.scribe import Scribe
from live.seats import GRACE, Seat, Seats, Visitor

MOST_WAITING: Final = 2000  # people, as many as there are seats
MOST_TABS: Final = 10  # of one person
MOST_LISTED: Final = 100  # of each list; the counts tell of all
GATHERED_FOR: Final = 0.2  # seconds at least from one telling to the next; a crowd is told together

WaitingMessage = Admit | TurnAway | SwitchWaitingRoomOff
WaitingFact = PersonAdmitted | PersonTurnedAway | WaitingRoomSwitchedOff

Answer = asyncio.Future[DarisError | None]
"""What becomes of one socket that waits; None: come in."""

Tell = Callable[[ServerMessage], None]


class Held(Forbidden):
    """A moderator lets in first."""

    code = "waiting"

    def __init__(self) -> None:
        super().__init__("Wait in the waiting room until a host lets you in.")


class TurnedAway(Forbidden):
    """A moderator did not let them in."""

    code = "turned-away"

    def __init__(self, reason: str) -> None:
        super().__init__(reason or "The host did not let you in.")


class WaitingRoomFull(Unavailable):
    """As many wait as may."""


@dataclass(slots=True, eq=False)
class _Waiter:
    """One person, however many sockets they wait with."""

    visitor: Visitor
    since: datetime
    sockets: dict[Answer, Tell] = field(default_factory=dict)
    gone_at: datetime | None = None  # the last socket was lost; the place is kept for the grace

    def listed(self) -> WaitingPerson:
        visitor = self.visitor
        return WaitingPerson(
            visitor.person, visitor.name, visitor.role, self.since, is_here=self.gone_at is None
        )


class WaitingRoom:
    """Whom a room lets in. What was decided in an earlier run holds: who was admitted or had joined comes
    in, who was turned away does not, and what was switched off stays off. Event loop only."""

    def __init__(
        self,
        is_planned: bool,
        seats: Seats,
        scribe: Scribe,
        clock: Clock,
        before: Iterable[LiveFact] = (),
    ) -> None:
        self._is_planned = is_planned
        self._seats = seats
        self._scribe = scribe
        self._clock = clock
        self._is_switched_off = False
        self._admitted: set[UUID] = set()
        self._turned_away: dict[UUID, PersonTurnedAway] = {}
        self._waiting: dict[UUID, _Waiter] = {}  # in the order in which they came
        self._told_at = -math.inf  # of the monotonic clock
        self._has_news = False
        for fact in before:
            self._recall(fact)

    @property
    def is_on(self) -> bool:
        return self._is_planned and not self._is_switched_off

    def lets_in(self, person: UUID | None) -> bool:
        """Whether nobody needs to be asked; of None, a stranger, while there is no waiting room."""
        if person in self._turned_away:
            return False
        return not self.is_on or person in self._admitted

    def enter(self, visitor: Visitor) -> None:
        """The visitor comes in; Held or TurnedAway when they do not."""
        person = visitor.person
        if not visitor.can_moderate and not self.lets_in(person):
            raise self.refusal(person)
        self._admitted.add(person)  # also while it is off: it may be switched on

    def refusal(self, person: UUID | None) -> Held | TurnedAway:
        """What is told to who is not let in."""
        away = self._turned_away.get(person) if person is not None else None
        return Held() if away is None else TurnedAway(away.reason)

    # ------------------------------------------------------------ waiting

    def wait(
        self, visitor: Visitor, answer: Answer, tell: Tell
    ) -> tuple[datetime, tuple[Delivery, ...]]:
        """A socket of the visitor waits for the answer: since when, and whom to tell."""
        waiter = self._waiting.get(visitor.person)
        if waiter is None:
            if len(self._waiting) >= MOST_WAITING:
                raise WaitingRoomFull(
                    "The waiting room is full.", retry_after=timedelta(seconds=30)
                )
            waiter = self._waiting[visitor.person] = _Waiter(visitor, self._clock.now())
        elif len(waiter.sockets) >= MOST_TABS:
            raise TooMany("You wait in too many tabs; close some.")
        waiter.sockets[answer] = tell
        waiter.gone_at = None
        return waiter.since, self._news()

    def depart(self, person: UUID, answer: Answer, *, may_return: bool) -> tuple[Delivery, ...]:
        """The socket waits no more; whom to tell. Who may return keeps the place for the grace."""
        waiter = self._waiting.get(person)
        if waiter is None or waiter.sockets.pop(answer, None) is None or waiter.sockets:
            return ()
        waiter.gone_at = self._clock.now()
        if not may_return:
            del self._waiting[person]
        return self._news()

    def tidy(self) -> tuple[Delivery, ...]:
        """Who did not return within the grace waits no more; whom to tell of that, and of what is new
        since they were told. To be called twice a second."""
        now = self._clock.now()
        gone = [
            person
            for person, waiter in self._waiting.items()
            if waiter.gone_at is not None and now - waiter.gone_at > GRACE
        ]
        for person in gone:
            del self._waiting[person]
        return self._told() if gone or self._has_news else ()

    def tell(self, message: ServerMessage) -> None:
        """To all who wait."""
        for waiter in self._waiting.values():
            for tell in waiter.sockets.values():
                tell(message)

    def close(self, error: DarisError) -> None:
        """The room ends: so does all waiting."""
        for person in tuple(self._waiting):
            self._answer(person, error)

    # ------------------------------------------------------------ deciding

    def plan(self, is_planned: bool) -> tuple[Delivery, ...]:
        """The schedule says so; whom to tell, if anything changes."""
        was_on, self._is_planned = self.is_on, is_planned
        return self._changed() if self.is_on is not was_on else ()

    def decide(self, seat: Seat, message: WaitingMessage) -> tuple[WaitingFact, ...]:
        """The facts that would then be true; a DarisError tells why it may not be."""
        if not seat.visitor.can_moderate:
            raise Forbidden("Only a moderator may say who comes in.")
        match message:
            case Admit(person):
                people = self._waiting if person is None else (self._check_asks(person),)
                facts = (
                    self._scribe.fact(PersonAdmitted, person=p, by=seat.person) for p in people
                )
                return tuple(facts)
            case TurnAway(person, reason):
                name = self._check_waits(person).visitor.name
                why = "".join(filter(str.isprintable, reason)).strip()
                what = {"person": person, "by": seat.person, "name": name, "reason": why}
                return (self._scribe.fact(PersonTurnedAway, **what),)
            case SwitchWaitingRoomOff():
                if not seat.visitor.can_host:
                    raise Forbidden("Only the host may switch the waiting room off.")
                fact = self._scribe.fact(WaitingRoomSwitchedOff, person=seat.person)
                return (fact,) if self.is_on else ()

    def apply(self, fact: WaitingFact) -> tuple[Delivery, ...]:
        """The fact is kept: let in or turn away, and say whom to tell."""
        self._recall(fact)
        match fact:
            case PersonAdmitted(person=UUID() as person):
                self._answer(person, None)
            case PersonTurnedAway(person=UUID() as person):
                self._answer(person, TurnedAway(fact.reason))
            case WaitingRoomSwitchedOff() | _:
                return self._changed()
        return self._news()

    def shown(self) -> WaitingPeople | None:
        """For who moderates; None when there is nothing to see."""
        if not self.is_on and not self._turned_away:
            return None
        waiting, away = list(self._waiting.values()), list(self._turned_away.values())
        return WaitingPeople(
            is_on=self.is_on,
            count=len(waiting),
            people=tuple(waiter.listed() for waiter in waiting[:MOST_LISTED]),
            turned_away=tuple(
                WaitingPerson(fact.person, fact.name, "", fact.at, is_here=False)
                for fact in away[-MOST_LISTED:]
                if fact.person is not None
            ),
        )

    def _recall(self, fact: LiveFact) -> None:
        match fact:
            case PersonAdmitted(person=UUID() as person) | PersonJoined(person=UUID() as person):
                self._admitted.add(person)
                self._turned_away.pop(person, None)
            case PersonTurnedAway(person=UUID() as person):
                self._admitted.discard(person)
                self._turned_away[person] = fact
            case WaitingRoomSwitchedOff():
                self._is_switched_off = True
            case _:
                pass

    def _check_asks(self, person: UUID) -> UUID:
        """They wait, or were turned away and may be let in after all."""
        if person not in self._turned_away:
            self._check_waits(person)
        return person

    def _check_waits(self, person: UUID) -> _Waiter:
        if person not in self._waiting:
            raise NotFound("This person does not wait any more.")
        return self._waiting[person]

    def _answer(self, person: UUID, error: DarisError | None) -> None:
        waiter = self._waiting.pop(person, None)
        for answer in waiter.sockets if waiter else ():
            if not answer.done():
                answer.set_result(error)

    def _changed(self) -> tuple[Delivery, ...]:
        """It went on or off; off, everybody who waits comes in."""
        for person in () if self.is_on else tuple(self._waiting):
            self._answer(person, None)
        return self._news()

    def _news(self) -> tuple[Delivery, ...]:
        """Something changed: told at once, or together where much does."""
        self._has_news = True
        is_due = self._clock.monotonic() - self._told_at >= GATHERED_FOR
        return self._told() if is_due else ()

    def _told(self) -> tuple[Delivery, ...]:
        self._has_news, self._told_at = False, self._clock.monotonic()
        moderators = frozenset(one.id for one in self._seats if one.visitor.can_moderate)
        shown = self.shown() or WaitingPeople(is_on=False, count=0)
        return (Delivery(shown, moderators),) if moderators else ()
