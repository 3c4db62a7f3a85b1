"""Who sits in a room: a seat per tab or encoder, a person on one or several, proofs of presence."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from kernel.errors import NotFound
from live.messages import Presence
from live.tally import Tally

GRACE: Final = timedelta(seconds=30)  # a seat without a socket waits this long for its return


class Channel(StrEnum):
    """How a seat is connected."""

    WEBRTC = "webrtc"
    WHIP = "whip"
    WHEP = "whep"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who comes, and what this lecture allows them; decided once, at the door."""

    person: UUID
    name: str
    role: str
    can_host: bool
    can_moderate: bool


@dataclass(slots=True, eq=False)
class Seat:
    """One connection of one person; it outlives its socket by the grace."""

    id: UUID
    visitor: Visitor
    device: str
    channel: Channel
    joined_at: datetime
    last_proof_at: datetime
    resume: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    is_connected: bool = True
    is_leaving: bool = False  # its PersonLeft is on its way to be kept
    tally: Tally = field(default_factory=Tally)

    @property
    def person(self) -> UUID:
        return self.visitor.person

    def prove(self, at: datetime) -> None:
        """The seat was alive at that moment."""
        if at > self.last_proof_at:
            self.tally.lapse(at - self.last_proof_at)
            self.last_proof_at = at

    @property
    def received_s(self) -> int:
        """Whole seconds in which media reached it, never more than it was connected."""
        return int(min(self.tally.received, self.last_proof_at - self.joined_at).total_seconds())

    @property
    def visible_s(self) -> int | None:
        """Whole seconds in which its page was in sight; None when the page never told."""
        visible = self.tally.visible
        return None if visible is None else int(visible.total_seconds())

    def is_due(self, now: datetime) -> bool:
        """Nothing connects the seat any more, and the grace since its last proof is over."""
        return not self.is_connected and not self.is_leaving and now - self.last_proof_at > GRACE


_NO_SEATS: Final[dict[UUID, Seat]] = {}


class Seats:
    """The seats of a room."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, Seat] = {}
        self._by_person: dict[UUID, dict[UUID, Seat]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Seat]:
        return iter(tuple(self._by_id.values()))

    def __contains__(self, seat: UUID) -> bool:
        return seat in self._by_id

    def get(self, seat: UUID) -> Seat | None:
        return self._by_id.get(seat)

    def add(self, seat: Seat) -> None:
        self._by_id[seat.id] = seat
        self._by_person.setdefault(seat.person, {})[seat.id] = seat

    def remove(self, seat: Seat) -> None:
        del self._by_id[seat.id]
        theirs = self._by_person[seat.person]
        del theirs[seat.id]
        if not theirs:
            del self._by_person[seat.person]

    def people(self) -> tuple[Visitor, ...]:
        """Everybody once, in the order in which they came."""
        return tuple(next(iter(seats.values())).visitor for seats in self._by_person.values())

    def of(self, person: UUID) -> tuple[Seat, ...]:
        """The seats of a person."""
        return tuple(self._by_person.get(person, _NO_SEATS).values())

    def visitor(self, person: UUID) -> Visitor:
        """Who the person is; NotFound when they have no seat."""
        for seat in self._by_person.get(person, _NO_SEATS).values():
            return seat.visitor
        raise NotFound("This person is not in the room.")

    def presence(self, person: UUID) -> Presence:
        for seat in self._by_person.get(person, _NO_SEATS).values():
            if seat.is_connected:
                return Presence.PRESENT
        return Presence.RECONNECTING

    def by_resume(self, token: str, person: UUID) -> Seat | None:
        """The person's seat that the token of a welcome names, unless it is ending."""
        for seat in self.of(person):
            if secrets.compare_digest(seat.resume.encode(), token.encode()):
                return None if seat.is_leaving else seat
        return None
