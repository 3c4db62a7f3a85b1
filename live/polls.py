"""The polls of a room: one is open at a time, a person has one answer, the newest. No web, SQL or media.

As everywhere in a room, deciding answers with facts and applying them, once kept, changes what is
seen. What is on its way to be kept counts in between: a poll that is closed has the answers that were
taken before. Event loop only.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, assert_never
from uuid import UUID

import msgspec

from kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from kernel.sentence import sentence
from live.decision import Decision
from live.events import LiveFact, PollAnswered, PollClosed, PollOpened, PollShown
from live.poll_messages import (
    AnswerPoll,
    ClosePoll,
    OpenPoll,
    PollChanged,
    PollInfo,
    PollMessage,
    PollTaken,
    PollVote,
    PollVotes,
    ShowPoll,
)
from live.scribe import Scribe
from live.seats import Seat
from schedule.questions import Question, checked, chosen

MOST_POLLS: Final = 100  # of a run of the room
MOST_CHANGES: Final = 30  # answers of a person to one poll
_SHOWN: Final = 20  # of the newest polls in a welcome

PollFact = PollOpened | PollAnswered | PollClosed | PollShown


@dataclass(slots=True)
class _Poll:
    opened: PollOpened
    answers: dict[UUID, PollAnswered] = field(default_factory=dict)  # kept, by person
    coming: dict[UUID, PollAnswered] = field(default_factory=dict)  # being kept, by person
    keys: dict[UUID, UUID] = field(default_factory=dict)  # of answers, and whose they are
    asked: Counter[UUID] = field(default_factory=Counter)  # answers by person
    fresh: dict[UUID, PollAnswered] = field(default_factory=dict)  # not told to moderators yet
    closed: PollClosed | None = None
    is_closing: bool = False
    is_shown: bool = False

    @property
    def question(self) -> Question:
        return self.opened.question

    def totals(self) -> tuple[int, tuple[int, ...]]:
        """People who answered, and how many of them chose what."""
        if self.closed is not None:
            return self.closed.answered, self.closed.counts
        return count(self.question, self.answers.values())


def count(question: Question, answers: Iterable[PollAnswered]) -> tuple[int, tuple[int, ...]]:
    """Of answers, one a person: how many there are, and how many chose what."""
    listed = list(answers)
    counts = Counter(choice for answer in listed for choice in answer.choices)
    return len(listed), tuple(counts[place] for place in range(len(question.choices)))


class Polls:
    """All polls of a room, the newest last."""

    def __init__(self, scribe: Scribe, before: Iterable[LiveFact] = ()) -> None:
        """`before` are facts of an earlier run, in any order: a restart loses no answer."""
        self._scribe = scribe
        self._polls: dict[UUID, _Poll] = {}
        self._opening: UUID | None = None  # being kept
        known = sorted(before, key=lambda fact: (not isinstance(fact, PollOpened), fact.at))
        for fact in known:
            if isinstance(fact, PollFact):
                self.apply(fact)
        for poll in self._polls.values():
            poll.fresh.clear()

    # ------------------------------------------------------------ deciding

    def decide(self, seat: Seat, message: PollMessage) -> Decision:
        """What the message leads to; a DarisError tells why it may not be."""
        match message:
            case OpenPoll():
                return Decision(self._open(seat, message))
            case AnswerPoll():
                return self._answer(seat, message)
            case ClosePoll():
                self._check(seat)
                return Decision(self.close(message.poll, by=seat.person))
            case ShowPoll():
                return Decision(self._show(seat, message))
            case _:
                assert_never(message)

    def close(self, identifier: UUID, *, by: UUID | None) -> tuple[LiveFact, ...]:
        """The fact that ends the poll, if it is open. It counts what is being kept, too: those facts
        stand before this one in the journal."""
        poll = self._find(identifier)
        if poll.closed is not None or poll.is_closing:
            return ()
        poll.is_closing = True
        answered, counts = count(poll.question, (poll.answers | poll.coming).values())
        fact = self._scribe.fact(
            PollClosed, poll=identifier, by=by, answered=answered, counts=counts
        )
        return (fact,)

    def end(self) -> tuple[LiveFact, ...]:
        """The lecture is over: whatever is open is closed, by nobody."""
        return tuple(fact for poll in self._polls for fact in self.close(poll, by=None))

    def _open(self, seat: Seat, message: OpenPoll) -> tuple[LiveFact, ...]:
        self._check(seat)
        if message.id.version != 7:
            raise Invalid("The id of a poll is a UUID of version 7.")
        if message.id == self._opening or message.id in self._polls:
            return ()  # asked twice is asked once
        if self._opening is not None or any(poll.closed is None for poll in self._polls.values()):
            raise Conflict("A poll is open already; close it first.")
        if len(self._polls) >= MOST_POLLS:
            raise Conflict(sentence("A lecture has at most {most} polls.", most=MOST_POLLS))
        question = checked(message.question)
        self._opening = message.id
        fact = self._scribe.fact(
            PollOpened,
            poll=message.id,
            by=seat.person,
            question=question,
            prepared=message.prepared,
        )
        return (fact,)

    def _answer(self, seat: Seat, message: AnswerPoll) -> Decision:
        if seat.visitor.can_moderate:
            raise Forbidden("Who asks does not answer: the poll is for the others.")
        if message.key.version != 7:
            raise Invalid("The key of an answer is a UUID of version 7.")
        poll = self._find(message.poll)
        if message.key in poll.keys:
            return self._repeated(poll, seat, message.key)
        if poll.closed is not None or poll.is_closing:
            raise Conflict("This poll is closed.")
        choices = chosen(poll.question, message.choices)
        if poll.asked[seat.person] >= MOST_CHANGES:
            raise TooMany("You have changed your answer too often; the last one stands.")
        fact = self._scribe.of(
            seat,
            PollAnswered,
            poll=message.poll,
            key=message.key,
            name=seat.visitor.name,
            question=poll.question,
            choices=choices,
        )
        poll.keys[message.key] = seat.person
        poll.asked[seat.person] += 1
        poll.coming[seat.person] = fact
        return Decision((fact,))

    def _repeated(self, poll: _Poll, seat: Seat, key: UUID) -> Decision:
        """It is kept, and told again; or it is being kept, and will be told."""
        if poll.keys[key] != seat.person:
            raise Conflict("This key belongs to another answer.")
        kept = poll.answers.get(seat.person)
        coming = poll.coming.get(seat.person)
        if kept is None or (coming is not None and coming.key == key):
            return Decision()
        return Decision(replies=(PollTaken(poll.opened.poll, key, kept.choices),))

    def _show(self, seat: Seat, message: ShowPoll) -> tuple[LiveFact, ...]:
        self._check(seat)
        if self._find(message.poll).is_shown is message.shown:
            return ()
        fact = self._scribe.fact(
            PollShown, poll=message.poll, by=seat.person, is_shown=message.shown
        )
        return (fact,)

    def _check(self, seat: Seat) -> None:
        if not seat.visitor.can_moderate:
            raise Forbidden("Only a moderator may run polls.")

    def _find(self, identifier: UUID) -> _Poll:
        poll = self._polls.get(identifier)
        if poll is None:
            raise NotFound("There is no such poll.")
        return poll

    # ------------------------------------------------------------ applying

    def apply(self, fact: PollFact) -> None:
        """The fact is kept: let it be so."""
        if isinstance(fact, PollOpened):
            self._opening = None
            self._polls.setdefault(fact.poll, _Poll(fact))
            return
        poll = self._polls.get(fact.poll)
        if poll is None:
            return  # of a poll whose opening is over its time
        match fact:
            case PollAnswered(person=UUID() as person):
                self._take(poll, person, fact)
            case PollClosed():
                poll.closed = fact
            case PollShown():
                poll.is_shown = fact.is_shown

    def could_not_keep(self, fact: PollFact) -> None:
        """It may be tried again."""
        if isinstance(fact, PollOpened):
            self._opening = None
            return
        poll = self._polls[fact.poll]
        match fact:
            case PollAnswered(person=UUID() as person):
                poll.keys.pop(fact.key, None)
                poll.asked[person] -= 1
                if poll.coming.get(person) is fact:
                    del poll.coming[person]
            case PollClosed():
                poll.is_closing = False

    def _take(self, poll: _Poll, person: UUID, fact: PollAnswered) -> None:
        poll.answers[person] = poll.fresh[person] = fact
        if fact.key not in poll.keys:  # of an earlier run
            poll.keys[fact.key] = person
            poll.asked[person] += 1
        if poll.coming.get(person) is fact:
            del poll.coming[person]

    # ------------------------------------------------------------ telling

    def shown(self, *, can_moderate: bool) -> tuple[PollInfo, ...]:
        """The newest polls as such a reader sees them: all, or what is open or shown."""
        infos = [
            self._info(poll, can_moderate=can_moderate)
            for poll in self._polls.values()
            if can_moderate or poll.is_shown or poll.closed is None
        ]
        return tuple(infos[-_SHOWN:])

    def changed(self, identifier: UUID, *, can_moderate: bool) -> PollChanged:
        return PollChanged(self._info(self._polls[identifier], can_moderate=can_moderate))

    def is_shown(self, identifier: UUID) -> bool:
        return self._polls[identifier].is_shown

    def answers_of(self, person: UUID) -> dict[UUID, tuple[int, ...]]:
        """What the person chose, by poll."""
        polls = self._polls.items()
        return {
            name: poll.answers[person].choices for name, poll in polls if person in poll.answers
        }

    def votes(self) -> tuple[PollVotes, ...]:
        """Who chose what, of the newest polls with names."""
        newest = list(self._polls.values())[-_SHOWN:]
        return tuple(
            _votes(poll, poll.answers) for poll in newest if poll.question.is_named and poll.answers
        )

    def fresh_votes(self, identifier: UUID) -> PollVotes | None:
        """Those that were not told yet, of a poll with names."""
        poll = self._polls[identifier]
        fresh, poll.fresh = poll.fresh, {}
        return _votes(poll, fresh) if poll.question.is_named and fresh else None

    def _info(self, poll: _Poll, *, can_moderate: bool) -> PollInfo:
        sees_counts = can_moderate or poll.is_shown
        sees_right = can_moderate or (poll.is_shown and poll.closed is not None)
        hidden = msgspec.structs.replace(poll.question, right=())
        answered, counts = poll.totals()
        return PollInfo(
            id=poll.opened.poll,
            at=poll.opened.at,
            question=poll.question if sees_right else hidden,
            is_open=poll.closed is None,
            is_shown=poll.is_shown,
            answered=answered if sees_counts else None,
            counts=counts if sees_counts else None,
        )


def taken(fact: PollAnswered) -> PollTaken:
    """The answer as its person hears of it."""
    return PollTaken(fact.poll, fact.key, fact.choices)


def _votes(poll: _Poll, answers: dict[UUID, PollAnswered]) -> PollVotes:
    votes = (PollVote(person, one.name, one.choices) for person, one in answers.items())
    return PollVotes(poll.opened.poll, tuple(votes))
