"""What a room answers when it is asked: facts to keep, and messages for seats."""

from dataclasses import dataclass
from uuid import UUID

from live.events import LiveFact
from live.messages import ServerMessage


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and the seats it is for; None is everybody."""

    message: ServerMessage
    to: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a message leads to."""

    facts: tuple[LiveFact, ...] = ()  # to keep, then to apply
    replies: tuple[ServerMessage, ...] = ()  # to the seat that asked, at once
    told: tuple[Delivery, ...] = ()  # changes that are no facts, such as muting
