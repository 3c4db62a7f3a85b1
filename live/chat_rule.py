"""Who may write to whom in a room's chat: the mode that the schedule planned, or a host set since."""

from collections.abc import Iterable
from uuid import UUID

from kernel.errors import Forbidden
from live.client_messages import SetChatMode
from live.events import ChatModeSet, ChatSaid, LiveFact
from live.messages import ChatModeChanged
from live.scribe import Scribe
from live.seats import Seat, Seats
from schedule.study_work import ChatMode


class ChatRule:
    """The mode in force. What a host set in the room holds for all of its runs; until then it is the
    schedule's."""

    def __init__(
        self, planned: ChatMode, seats: Seats, scribe: Scribe, before: Iterable[LiveFact] = ()
    ) -> None:
        self._seats = seats
        self._scribe = scribe
        self._planned = planned
        self._set: ChatMode | None = None
        for fact in before:
            if isinstance(fact, ChatModeSet):
                self._set = fact.mode

    @property
    def mode(self) -> ChatMode:
        return self._set or self._planned

    def plan(self, planned: ChatMode) -> ChatModeChanged | None:
        """The schedule says so; the message that tells of it, if anything changes."""
        before, self._planned = self.mode, planned
        return None if self.mode is before else ChatModeChanged(self.mode)

    def decide(self, seat: Seat, message: SetChatMode) -> tuple[ChatModeSet, ...]:
        """The fact that would then be true; Forbidden for who does not host."""
        if not seat.visitor.can_host:
            raise Forbidden("Only the host may say who writes in the chat.")
        if message.mode is self.mode:
            return ()
        return (self._scribe.fact(ChatModeSet, person=seat.person, mode=message.mode),)

    def apply(self, fact: ChatModeSet) -> ChatModeChanged:
        """The fact is kept; the message that tells of it."""
        self._set = fact.mode
        return ChatModeChanged(fact.mode)

    def is_to_hosts(self, seat: Seat) -> bool:
        """Whether what the seat says now is for hosts only; Forbidden when it may say nothing."""
        if seat.visitor.can_host or self.mode is ChatMode.OPEN:
            return False
        if self.mode is ChatMode.CLOSED:
            raise Forbidden("The chat is closed: only hosts write.")
        return True

    def readers(self, line: ChatSaid) -> frozenset[UUID] | None:
        """The seats that the line is for; None: all."""
        if not line.to_hosts:
            return None
        return frozenset(
            one.id for one in self._seats if one.visitor.can_host or one.person == line.person
        )
