"""Who asks for the floor, and who has it."""

from datetime import datetime
from uuid import UUID

from live.events import FloorGiven, FloorTaken, HandLowered, HandRaised
from live.messages import Floor, Hand, RaisedHand


class Podium:
    """Raised hands in the order in which they went up, and the people with the floor."""

    def __init__(self) -> None:
        self._hands: dict[UUID, datetime] = {}
        self._floor: set[UUID] = set()

    def is_raised(self, person: UUID) -> bool:
        return person in self._hands

    def has_floor(self, person: UUID) -> bool:
        return person in self._floor

    @property
    def speakers(self) -> int:
        """How many people have the floor."""
        return len(self._floor)

    def hands(self) -> tuple[RaisedHand, ...]:
        return tuple(RaisedHand(person, at) for person, at in self._hands.items())

    def move_hand(self, fact: HandRaised | HandLowered) -> Hand:
        """Apply the fact; the message that tells of it."""
        assert fact.person is not None
        is_raised = isinstance(fact, HandRaised)
        if is_raised:
            self._hands.setdefault(fact.person, fact.at)
        else:
            self._hands.pop(fact.person, None)
        return Hand(fact.person, is_raised, fact.at)

    def move_floor(self, fact: FloorGiven | FloorTaken) -> Floor:
        """Apply the fact; the message that tells of it."""
        assert fact.person is not None
        is_given = isinstance(fact, FloorGiven)
        if is_given:
            self._floor.add(fact.person)
        else:
            self._floor.discard(fact.person)
        return Floor(fact.person, is_given)
