"""The programme's rendition, and the lower rungs that go with it step by step."""

from collections.abc import Mapping

from transcode.access_unit import AccessUnit, Rung, TrackKind
from transcode.lower_rung import LowerRung
from transcode.packager import InitMade, PartCut
from transcode.rendition import Rendition
from transcode.segments import Init, Part


class Ladder:
    """What the programme does, done on every rung. Packager thread only."""

    def __init__(self, best: Rendition, lower: Mapping[Rung, LowerRung]) -> None:
        self._best = best
        self._lower = lower

    def adopt_init(self, init: Init) -> Init:
        return self._known(self._best.adopt_init(init))

    def add_init(self, made: InitMade) -> Init:
        return self._known(self._best.add_init(made))

    def open_segment(self, starts: int, init: Init, kind: TrackKind | None = None) -> None:
        """A segment of a track begins, or with `kind` None one of stills."""
        self._best.open_segment(starts, init)
        for rung in self._lower.values():
            rung.open_segment(starts, init, kind)

    def add(self, cut: PartCut) -> None:
        """Store a part."""
        part = self._best.add(cut)
        for rung in self._lower.values():
            rung.refer(part)

    def refer(self, part: Part) -> None:
        """Take a part that a track stored."""
        self._best.refer(part)
        for rung in self._lower.values():
            rung.refer(part)

    def close_segment(self, ends: int) -> None:
        self._best.close_segment(ends)
        for rung in self._lower.values():
            rung.close_segment(ends)

    def push(self, rung: Rung, kind: TrackKind, unit: AccessUnit) -> None:
        """Take a picture of a track in a smaller size. MalformedH264."""
        if rung in self._lower:
            self._lower[rung].push(kind, unit)

    def reached(self, kind: TrackKind, pts: int) -> None:
        """The best size of that track has come to this picture."""
        for rung in self._lower.values():
            rung.reached(kind, pts)

    def settle(self) -> None:
        """Wait for nothing that is still to come; what comes then begins with set-ups of its own."""
        for rung in self._lower.values():
            rung.settle()

    def _known(self, init: Init) -> Init:
        for rung in self._lower.values():
            rung.adopt_init(init)
        return init
