"""Whether the room is being recorded, as everybody is told it; what is wrong with it only hosts are."""

import msgspec

from live.decision import Delivery
from live.messages import RecordingChanged, RecordingInfo
from live.seats import Seats


class RecordingLamp:
    """What is told of the recording now."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self.recording = RecordingInfo()  # as hosts see it

    def turn(self, recording: RecordingInfo) -> tuple[Delivery, ...]:
        """Recording began, ended or suffers; whom to tell, if that is new."""
        if recording == self.recording:
            return ()
        self.recording = recording
        groups = {
            can_host: frozenset(s.id for s in self._seats if s.visitor.can_host is can_host)
            for can_host in (True, False)
        }
        return tuple(
            Delivery(RecordingChanged(self.shown(can_host=can_host)), to=seats)
            for can_host, seats in groups.items()
        )

    def shown(self, *, can_host: bool) -> RecordingInfo:
        return self.recording if can_host else msgspec.structs.replace(self.recording, faults=())
