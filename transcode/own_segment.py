"""A segment of a lower rung that is made of the layer's own pictures. Packager thread only.

It begins and ends with the programme's. Where the layer's pictures stay away in between, its key frame
is shown again, so that a rung is never behind the programme for long.
"""

from collections import deque
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Final, Self, assert_never

from transcode.access_unit import VIDEO_TIMESCALE, AccessUnit
from transcode.fragment import Sample, fragment
from transcode.h264 import MalformedH264, length_prefixed, split
from transcode.packager import Cut, InitMade, PartCut, SegmentClosed, SegmentOpened, VideoPackager
from transcode.rendition import Rendition
from transcode.segments import Init

_TOGETHER: Final = VIDEO_TIMESCALE // 15  # ticks between key frames of one moment: a slow frame
_SILENCE: Final = VIDEO_TIMESCALE  # without a picture, and the layer is not sent now
_NEAR: Final = VIDEO_TIMESCALE // 100  # by which two times of one picture may differ
_FRAME: Final = VIDEO_TIMESCALE // 30
_MOST_HELD: Final = 256  # pictures


class LayerLine:
    """The smaller layer of one track."""

    def __init__(self, part_target: Fraction) -> None:
        self.packager = VideoPackager(part_target, is_led=True)
        self.held: deque[AccessUnit] = deque(maxlen=_MOST_HELD)
        self.init: Init | None = None
        self.clock = 0  # time of the newest picture of the track's best size
        self._newest = -_SILENCE

    def push(self, unit: AccessUnit) -> None:
        self.held.append(unit)
        self._newest = unit.pts

    def has_key(self, starts: int) -> bool | None:
        """Whether the first picture held is now a key frame of that moment; None if it may yet come."""
        held = self.held
        while held and held[0].pts <= starts + _TOGETHER:
            if held[0].is_key and held[0].pts >= starts - _TOGETHER:
                return True
            held.popleft()
        return None if not held and self._newest >= starts - _SILENCE else False


class OwnSegment:
    """The first picture of the line becomes the first of the segment, which `begun` opens."""

    def __init__(
        self, line: LayerLine, starts: int, rendition: Rendition, part_target: Fraction
    ) -> None:
        self._line = line
        self._starts = self._edge = starts
        self._rendition = rendition
        self._part_target = int(part_target * VIDEO_TIMESCALE)
        self._key = line.held[0]
        self._shift = starts - self._key.pts
        self._is_open = self._is_torn = False
        self._stills = 0

    @classmethod
    def begun(
        cls, line: LayerLine, starts: int, rendition: Rendition, part_target: Fraction
    ) -> Self | None:
        """None if that picture cannot begin one."""
        own = cls(line, starts, rendition, part_target)
        line.packager.cut_at_key()
        own._take(line.held.popleft())
        return own if own._is_open else None

    def go_on(self, ends: int | None, front: int, patience: int) -> bool:
        """The programme has come to `front`, and its segment ends at `ends`, if it does. True once this
        one is whole, too."""
        held = self._line.held
        while held and self._is_due(held[0], ends):
            self._take(held.popleft())
        if ends is not None and (held or front - ends > patience):
            self._close(ends)
            return True
        if front - self._edge > patience + self._part_target:
            self._catch_up(front - patience)
        return False

    def _is_due(self, unit: AccessUnit, ends: int | None) -> bool:
        """True if the picture belongs here, whatever comes."""
        at = unit.pts + self._shift
        if ends is None:
            return at + (_TOGETHER if unit.is_key else -_NEAR) <= self._line.clock
        is_next = unit.is_key and min(abs(at - ends), abs(unit.pts - ends)) <= _TOGETHER
        return at < ends and not is_next

    def _take(self, unit: AccessUnit) -> None:
        at = unit.pts + self._shift
        if self._is_torn and not (unit.is_key and at >= self._edge):
            return
        self._is_torn = False
        with suppress(MalformedH264):  # nothing of it was stored
            for cut in self._line.packager.push(replace(unit, pts=at)):
                self._store(cut)

    def _store(self, cut: Cut) -> None:
        match cut:
            case InitMade():
                self._line.init = self._rendition.add_init(cut)
            case SegmentOpened():
                assert self._line.init
                self._rendition.open_segment(self._starts, self._line.init)
                self._is_open = True
            case PartCut():
                self._rendition.add(cut)
                self._edge = cut.starts + cut.duration
            case SegmentClosed():
                pass  # it ends with the programme's
            case _:
                assert_never(cut)

    def _close(self, ends: int) -> None:
        self._flush(ends)
        self._show_key(ends, _FRAME)
        self._rendition.close_segment(ends)

    def _catch_up(self, until: int) -> None:
        """Go on without the pictures that do not come, in whole parts."""
        self._flush(until)
        self._is_torn = True
        self._show_key(until, self._part_target)

    def _flush(self, until: int) -> None:
        for cut in self._line.packager.flush(until):
            self._store(cut)

    def _show_key(self, until: int, least: int) -> None:
        while (left := until - self._edge) >= least:
            self._stills += 1
            duration = min(left, self._part_target)
            sample = Sample(length_prefixed(list(split(self._key.data))), duration, is_key=True)
            data = fragment(self._stills, self._edge, [sample])
            self._store(PartCut(self._edge, duration, 1, is_independent=True, data=data))
