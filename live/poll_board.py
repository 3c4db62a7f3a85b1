"""Whom of a room's seats to tell what of its polls."""

from uuid import UUID

from live.decision import Delivery
from live.events import PollAnswered
from live.polls import PollFact, Polls, taken
from live.seats import Seats


class PollBoard:
    """Moderators see how a poll stands at any time, the others once it is shown."""

    def __init__(self, polls: Polls, seats: Seats) -> None:
        self._polls = polls
        self._seats = seats

    def apply(self, fact: PollFact) -> tuple[Delivery, ...]:
        """The fact is kept: let it be so, and say whom to tell."""
        self._polls.apply(fact)
        if isinstance(fact, PollAnswered) and fact.person is not None:
            theirs = frozenset(seat.id for seat in self._seats.of(fact.person))
            return (Delivery(taken(fact), theirs),)
        return self._changed(fact.poll, for_all=True)

    def news(self, poll: UUID) -> tuple[Delivery, ...]:
        """A poll has new answers: moderators are told, and all while its result is shown."""
        votes = self._polls.fresh_votes(poll)
        changed = self._changed(poll, for_all=self._polls.is_shown(poll))
        to = self._seats_that(can_moderate=True)
        return (*changed, Delivery(votes, to)) if votes is not None else changed

    def _changed(self, poll: UUID, *, for_all: bool) -> tuple[Delivery, ...]:
        """Encoded twice at most, however many are told."""
        return tuple(
            Delivery(
                self._polls.changed(poll, can_moderate=can_moderate),
                self._seats_that(can_moderate=can_moderate),
            )
            for can_moderate in ((True, False) if for_all else (True,))
        )

    def _seats_that(self, *, can_moderate: bool) -> frozenset[UUID]:
        return frozenset(s.id for s in self._seats if s.visitor.can_moderate is can_moderate)
