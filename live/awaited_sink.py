"""Before a sink that is not there yet: the tap's thread waits for it, and packets wait before the tap."""

import threading

from live.tap import UnitSink
from live.tracks import PublishedTrack
from transcode.access_unit import AccessUnit


class AwaitedSink:
    """A UnitSink. `begin` and `give_up` belong to the event loop."""

    def __init__(self) -> None:
        self._sink: UnitSink | None = None
        self._is_decided = threading.Event()

    def begin(self, sink: UnitSink) -> None:
        """Here is where all goes, from the first unit on."""
        self._sink = sink
        self._is_decided.set()

    def give_up(self) -> None:
        """If there is none by now, nobody takes anything. Harmless after `begin`."""
        self._is_decided.set()

    # ------------------------------------------------------------ the tap's thread

    def take(self, track: PublishedTrack, unit: AccessUnit) -> None:
        if sink := self._awaited():
            sink.take(track, unit)

    def key_ahead(self, track: PublishedTrack, pts: int) -> None:
        if sink := self._awaited():
            sink.key_ahead(track, pts)

    def end(self, track: PublishedTrack) -> None:
        if sink := self._awaited():
            sink.end(track)

    def _awaited(self) -> UnitSink | None:
        self._is_decided.wait()
        return self._sink
