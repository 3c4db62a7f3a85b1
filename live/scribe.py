"""Writes facts of one run of a room: whose, when and where are filled in."""

from typing import Any, TypeVar
from uuid import UUID

from kernel.clock import Clock
from kernel.ids import new_id
from live.events import PersonJoined, PersonLeft, RoomFact, SeatFact
from live.seats import Seat

_F = TypeVar("_F", bound=RoomFact)
_S = TypeVar("_S", bound=SeatFact)


class Scribe:
    """Knows the lecture, the run and the time."""

    def __init__(self, lecture: UUID, clock: Clock) -> None:
        self.run = new_id()
        self._lecture = lecture
        self._clock = clock

    def fact(self, kind: type[_F], **what: Any) -> _F:
        """A fact of the room; `what` are the fields of its kind."""
        filled: dict[str, Any] = {"id": new_id(), "at": self._clock.now(), "run": self.run}
        return kind(**(filled | {"lecture": self._lecture} | what))

    def joined(self, seat: Seat, skew_ms: int | None) -> PersonJoined:
        """It was taken."""
        who, channel = seat.visitor, seat.channel.value
        told = {"name": who.name, "role": who.role, "channel": channel, "skew_ms": skew_ms}
        return self.of(seat, PersonJoined, **told)

    def left(self, seat: Seat, reason: str) -> PersonLeft:
        """It ends at its last proof, with what was counted until then."""
        counted = {"received_s": seat.received_s, "visible_s": seat.visible_s}
        proof = seat.last_proof_at
        return self.of(seat, PersonLeft, reason=reason, last_proof_at=proof, **counted)

    def of(self, seat: Seat, kind: type[_S], **what: Any) -> _S:
        """A fact of the seat."""
        return self.fact(kind, seat=seat.id, person=seat.person, device=seat.device, **what)
