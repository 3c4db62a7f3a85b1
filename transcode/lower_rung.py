"""One lower rung of the programme: the same segments at the same times, from a smaller layer.

A segment is the layer's own if the layer has a key frame where the programme's begins; otherwise it is
the programme's, byte for byte. So a rung never has a hole, a time or a number that the programme has
not, whatever its layer does. See docs/adr/0012-rungs-from-layers.md.

The layer's clock is ours, as far as its sender's reports go; what is left of a difference, some
milliseconds, is taken out at each segment: its first picture is that of the programme's segment.
"""

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from transcode.access_unit import VIDEO_TIMESCALE, AccessUnit, TrackKind
from transcode.own_segment import LayerLine, OwnSegment
from transcode.rendition import Rendition
from transcode.segments import Init, Part

_PATIENCE: Final = VIDEO_TIMESCALE * 7 // 10  # ticks behind; a lost packet is waited for 0.5 s


@dataclass(slots=True)
class _Led:
    """A segment of the programme, as far as it has come."""

    starts: int
    init: Init
    kind: TrackKind | None
    parts: list[Part] = field(default_factory=list)  # that are not shown here yet
    ends: int | None = None


class LowerRung:
    """Packager thread only."""

    def __init__(self, rendition: Rendition, part_target: Fraction) -> None:
        self._rendition = rendition
        self._part_target = part_target
        self._inits: dict[int, Init] = {}  # by the programme's numbers
        self._lines: dict[TrackKind, LayerLine] = {}
        self._led: deque[_Led] = deque()
        self._front = 0  # that the programme has come to
        self._is_begun = False  # the first of `_led`
        self._own: OwnSegment | None = None  # what it is made of, if not of the programme

    # what the programme does

    def adopt_init(self, init: Init) -> None:
        self._inits[init.number] = self._rendition.adopt_init(init)

    def open_segment(self, starts: int, init: Init, kind: TrackKind | None) -> None:
        self.close_segment(starts)
        self._led.append(_Led(starts, init, kind))

    def refer(self, part: Part) -> None:
        self._led[-1].parts.append(part)
        self._front = part.ends
        self._advance()

    def close_segment(self, ends: int) -> None:
        if self._led and self._led[-1].ends is None:
            self._led[-1].ends = ends
            self._front = max(self._front, ends)
            self._advance()

    def reached(self, kind: TrackKind, pts: int) -> None:
        """The track's best size has come to this picture."""
        line = self._lines.get(kind)
        if line:
            line.clock = pts
            self._advance()

    def settle(self) -> None:
        """Wait for nothing that is still to come."""
        self._advance(patience=-1)
        for line in self._lines.values():
            line.packager.repeat_init()

    # what the layer does

    def push(self, kind: TrackKind, unit: AccessUnit) -> None:
        """Take a picture of the layer. MalformedH264."""
        if kind not in self._lines:
            self._lines[kind] = LayerLine(self._part_target)
        self._lines[kind].push(unit)
        self._advance()

    # both

    def _advance(self, patience: int = _PATIENCE) -> None:
        while self._led:
            led = self._led[0]
            if not self._is_begun:
                if led.parts:
                    self._is_begun = self._begin(led, patience)
                elif led.ends is not None:
                    self._led.popleft()  # without parts it never was
                    continue
            if not self._is_begun or not self._go_on(led, patience):
                return
            self._led.popleft()
            self._is_begun, self._own = False, None

    def _begin(self, led: _Led, patience: int) -> bool:
        """Decide what it is made of; False while that is open."""
        line = self._lines.get(led.kind) if led.kind else None
        has_key = line.has_key(led.starts) if line else False
        if has_key is None and self._front - led.starts <= patience:
            return False
        if line and has_key:
            self._own = OwnSegment.begun(line, led.starts, self._rendition, self._part_target)
        if self._own is None:
            self._rendition.open_segment(led.starts, self._inits[led.init.number])
        return True

    def _go_on(self, led: _Led, patience: int) -> bool:
        """True once the segment is whole."""
        if self._own:
            return self._own.go_on(led.ends, self._front, patience)
        for part in led.parts:
            self._rendition.refer(part)
        led.parts.clear()
        if led.ends is None:
            return False
        self._rendition.close_segment(led.ends)
        return True
