"""What ordinary players see: the screen while it is shared, else the camera, else a still.

Its parts are the parts of those tracks, not copies. See docs/adr/0002-programme-rendition.md.
"""

from fractions import Fraction

from transcode.access_unit import VIDEO_TIMESCALE, AccessUnit, TrackKind
from transcode.fragment import Sample, fragment
from transcode.h264 import length_prefixed, parameter_sets, split
from transcode.ladder import Ladder
from transcode.packager import SEGMENT_GRID, PartCut, SegmentClosed, SegmentOpened, described
from transcode.segments import Init, Part
from transcode.still import still

_FRAME = VIDEO_TIMESCALE // 30
_FAR = 14 * VIDEO_TIMESCALE  # behind the edge no parts are listed any more


class Programme:
    """Packager thread only."""

    def __init__(self, ladder: Ladder, starts: int, part_target: Fraction) -> None:
        self.ends = starts
        self._ladder = ladder
        self._part_target = int(part_target * VIDEO_TIMESCALE)
        self._current: TrackKind | None = None  # None: a still
        self._inits: dict[TrackKind, Init] = {}
        self._keys: dict[TrackKind, AccessUnit] = {}  # of the tracks that are sent
        self._filling: tuple[TrackKind | None, int] | None = None  # whose still, since when
        self._slate: Init | None = None
        self._sequence = 0

    @property
    def waits_for(self) -> TrackKind | None:
        """The track that is sent but cannot be shown before its next key frame."""
        if self._current is None and TrackKind.CAMERA in self._keys:
            return TrackKind.CAMERA
        return None

    def displaces(self, kind: TrackKind) -> TrackKind | None:
        """The track that must be cut where a segment of `kind` begins."""
        is_change = self._current not in (None, kind)
        return self._current if is_change and self._may_show(kind) else None

    def add_init(self, kind: TrackKind, init: Init) -> None:
        self._inits[kind] = self._ladder.adopt_init(init)

    def opened(self, kind: TrackKind, cut: SegmentOpened) -> None:
        """A segment of a track begins: show it, if it comes first and time allows."""
        if cut.key:
            self._keys[kind] = cut.key
        if not self._may_show(kind) or (kind is not self._current and not cut.key):
            return
        if self._current is None:
            self.fill(cut.starts, to_the_end=True)
            if self._filling and cut.starts <= self._filling[1]:
                return  # the still is ahead of it; the next key frame will do
        self._current, self._filling = kind, None
        self._ladder.open_segment(cut.starts, self._inits[kind], kind)
        self.ends = cut.starts

    def add(self, kind: TrackKind, part: Part) -> None:
        if kind is self._current:
            self._ladder.refer(part)
            self.ends = part.ends

    def closed(self, kind: TrackKind, cut: SegmentClosed) -> None:
        """A segment of a track ends, perhaps its last for a while."""
        if kind is self._current:
            self._ladder.close_segment(cut.ends)
            self.ends = cut.ends
        if cut.is_last:
            self._keys.pop(kind, None)
            self._current = None if self._current is kind else self._current

    def fill(self, until: int, *, to_the_end: bool = False) -> None:
        """Show a still up to `until`, in whole parts, or `to_the_end`."""
        if self._current is not None:
            return
        while self.ends < until:
            is_far = until - self.ends > _FAR
            step = SEGMENT_GRID * VIDEO_TIMESCALE if is_far else self._part_target
            left = until - self.ends
            if left < step and not (to_the_end and left >= _FRAME):
                return
            self._show_still(min(step, left))

    def split(self) -> None:
        """End the open segment; what comes begins with set-ups of its own."""
        self._ladder.close_segment(self.ends)
        self._ladder.settle()
        self._current = self._filling = self._slate = None

    def _may_show(self, kind: TrackKind) -> bool:
        return kind is TrackKind.SCREEN or self._current is not TrackKind.SCREEN

    def _show_still(self, duration: int) -> None:
        camera = self._keys.get(TrackKind.CAMERA)
        self._open_still(TrackKind.CAMERA if camera else None)
        nals = list(split(camera.data if camera else still()))
        self._sequence += 1
        sample = Sample(length_prefixed(nals), duration, is_key=True)
        data = fragment(self._sequence, self.ends, [sample])
        self._ladder.add(PartCut(self.ends, duration, 1, is_independent=True, data=data))
        self.ends += duration

    def _open_still(self, kind: TrackKind | None) -> None:
        """Begin a segment if the picture is another one, or the segment long enough."""
        shown, since = self._filling or (kind, -SEGMENT_GRID * VIDEO_TIMESCALE)
        if shown is kind and self.ends - since < SEGMENT_GRID * VIDEO_TIMESCALE:
            return
        self._filling = kind, self.ends
        init = self._inits[kind] if kind else self._slate_init()
        self._ladder.open_segment(self.ends, init)

    def _slate_init(self) -> Init:
        if self._slate is None:
            sets = parameter_sets(split(still()))
            assert sets
            self._slate = self._ladder.add_init(described(sets))
        return self._slate
