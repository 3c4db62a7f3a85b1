"""Messages on their way to the seats of a room: an outbox for each that has a socket."""

from uuid import UUID

from live.decision import Delivery
from live.joins import Joins
from live.messages import Bye, ByeReason, JoinedPeople, ServerMessage, encode
from live.outbox import Outbox
from live.seats import Seat


class Deliveries:
    """Event loop only."""

    def __init__(self) -> None:
        self._outboxes: dict[UUID, Outbox] = {}
        self._joins = Joins(lambda joined: self._put(Delivery(joined)))

    def __len__(self) -> int:
        """How many seats have a socket."""
        return len(self._outboxes)

    def attach(self, seat: Seat, outbox: Outbox) -> None:
        """The seat's messages go there from now on."""
        self._outboxes[seat.id] = outbox

    def release(self, seat: Seat) -> None:
        """An older socket of the seat, if there is one, ends."""
        older = self._outboxes.pop(seat.id, None)
        if older is not None:
            older.close(Bye(ByeReason.REPLACED, "The room goes on in another connection."))

    def detach(self, seat: Seat, outbox: Outbox) -> bool:
        """The socket of that outbox is gone; whether the seat's messages went there."""
        if self._outboxes.get(seat.id) is not outbox:
            return False
        del self._outboxes[seat.id]
        return True

    def reply(self, seat: Seat, message: ServerMessage) -> None:
        outbox = self._outboxes.get(seat.id)
        if outbox is not None:
            outbox.put(message)

    def tell(self, *deliveries: Delivery) -> None:
        """Put each message into the outboxes that it is for; who joins may wait a moment."""
        for delivery in deliveries:
            if isinstance(delivery.message, JoinedPeople):
                self._joins.take(delivery.message.people)
            else:
                self._joins.flush()
                self._put(delivery)

    def close(self, bye: Bye) -> None:
        for outbox in self._outboxes.values():
            outbox.close(bye)

    def _put(self, delivery: Delivery) -> None:
        frame = encode(delivery.message)
        for seat, outbox in tuple(self._outboxes.items()):
            if delivery.to is None or seat in delivery.to:
                outbox.put(delivery.message, frame)
