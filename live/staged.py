"""What people see of the stage: the published tracks, and which of them are muted."""

from uuid import UUID

from live.events import TrackPublished, TrackUnpublished
from live.messages import Source, TrackInfo, Tracks


class Staged:
    """The tracks of a room in the order in which they came."""

    def __init__(self) -> None:
        self._tracks: dict[UUID, TrackPublished] = {}
        self._muted: set[tuple[UUID, Source]] = set()  # seat and source

    def move(self, fact: TrackPublished | TrackUnpublished) -> Tracks:
        """Apply the fact; the message that tells of it."""
        if isinstance(fact, TrackPublished):
            self._tracks[fact.track] = fact
        else:
            self._tracks.pop(fact.track, None)
        return self.tracks()

    def set_muted(self, seat: UUID, source: Source, *, muted: bool) -> bool:
        """Note it, also before the track is there; whether the list of tracks changed by it."""
        before = self.tracks()
        if muted:
            self._muted.add((seat, source))
        else:
            self._muted.discard((seat, source))
        return self.tracks() != before

    def is_muted(self, seat: UUID, source: Source) -> bool:
        return (seat, source) in self._muted

    def forget(self, seat: UUID) -> None:
        """The seat is gone, and what it muted."""
        self._muted = {(one, source) for one, source in self._muted if one != seat}

    def tracks(self) -> Tracks:
        return Tracks(tuple(self._shown(fact) for fact in self._tracks.values()))

    def _shown(self, fact: TrackPublished) -> TrackInfo:
        assert fact.person is not None
        source = Source(fact.source)
        is_muted = self.is_muted(fact.seat, source)
        return TrackInfo(fact.track, fact.person, source, source.kind, is_muted)
