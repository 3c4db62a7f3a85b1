"""A channel's HLS: segments of 3.84 s, numbered by UTC, in a sliding window that survives restarts.

A segment holds the groups of pictures that begin in its 3.84 s. So it is a function of the plan and its number,
begins up to 23 pictures after its own moment, and is by up to as many longer or shorter where programmes begin
between whole slots. Decode times count from the Unix epoch. So whoever
starts again makes the missed segments anew and goes on without a discontinuity; there is one only where
the decoder's set-up really changes.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import msgspec

from transcode.house import FRAME_RATE, FRAMES_PER_SEGMENT, SLOT, SLOTS_PER_SEGMENT, moment_of

WINDOW = 6  # segments in the playlist
KEPT = 2 * WINDOW + 2  # segments on disk: who read the playlist late still finds them
TARGET_SECONDS = 5  # the longest segment has 119 pictures, 4.76 s
_STATE = "window.json"
_SET_UPS = "set-ups.json"


class Segment(msgspec.Struct, frozen=True):
    msn: int  # media sequence number: floor(utc / 3.84)
    init: str  # fingerprint of the decoder set-up
    is_gap: bool = False
    phase: int = 0  # pictures by which it begins after its number's moment
    pictures: int = FRAMES_PER_SEGMENT

    @property
    def begins(self) -> int:
        """The first picture, counted from the Unix epoch."""
        return self.msn * FRAMES_PER_SEGMENT + self.phase

    @property
    def ends(self) -> int:
        return self.begins + self.pictures

    @property
    def name(self) -> str:
        return f"{self.msn}.m4s"


class SetUp(msgspec.Struct, frozen=True):
    """From segment `msn` on the decoder needs this initialization segment, and segments begin so many pictures
    after their number's moment."""

    msn: int
    init: str
    phase: int = 0


class Window(msgspec.Struct, frozen=True):
    segments: tuple[Segment, ...] = ()
    discontinuities_gone: int = 0  # EXT-X-DISCONTINUITY-SEQUENCE

    def grown(self, segment: Segment) -> "Window":
        """With `segment` at its end; numbers that were left out become gaps, the oldest leave."""
        last = self.segments[-1].msn if self.segments else segment.msn - 1
        holes = range(max(last + 1, segment.msn - WINDOW), segment.msn)
        run = (*self.segments, *self._gaps(holes, segment), segment)
        kept = run[-WINDOW:]
        leaving = run[: len(run) - len(kept) + 1]  # and the one that comes first now
        gone = sum(before.init != after.init for before, after in pairwise(leaving))
        return Window(kept, self.discontinuities_gone + gone)

    def playlist(self) -> str:
        return "\n".join(_lines(self)) + "\n"

    def _gaps(self, holes: range, segment: Segment) -> Iterator[Segment]:
        """From where the last one ended to where `segment` begins."""
        before = self.segments[-1] if self.segments else segment
        for msn in holes:
            is_next = msn == before.msn + 1
            phase = before.ends - msn * FRAMES_PER_SEGMENT if is_next else segment.phase
            pictures = FRAMES_PER_SEGMENT + segment.phase - phase
            yield Segment(msn, segment.init, is_gap=True, phase=phase, pictures=pictures)


def _lines(window: Window) -> Iterator[str]:
    yield "#EXTM3U"
    yield "#EXT-X-VERSION:8"
    yield "#EXT-X-INDEPENDENT-SEGMENTS"
    yield f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}"
    yield f"#EXT-X-MEDIA-SEQUENCE:{window.segments[0].msn}"
    yield f"#EXT-X-DISCONTINUITY-SEQUENCE:{window.discontinuities_gone}"
    yield from entries(window.segments)


def entries(segments: Iterable[Segment]) -> Iterator[str]:
    """A media playlist's lines for each segment."""
    init = None
    for segment in segments:
        if segment.init != init:
            if init is not None:
                yield "#EXT-X-DISCONTINUITY"
            yield f'#EXT-X-MAP:URI="init-{segment.init}.mp4"'
            init = segment.init
        if segment.is_gap:
            yield "#EXT-X-GAP"
        started = moment_of(segment.begins).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        yield f"#EXT-X-PROGRAM-DATE-TIME:{started}Z"
        yield f"#EXTINF:{segment.pictures / FRAME_RATE:.3f},"
        yield segment.name


class WindowFolder:
    """The folder that is served. Every file appears whole or not at all; `kept` segments stay."""

    def __init__(self, folder: Path, init: bytes, fingerprint: str, *, kept: int = KEPT) -> None:
        self._folder = folder
        self._kept = kept
        self._swept: int | None = None
        self._fingerprint = fingerprint
        self._init = init
        self._is_set_up = False
        folder.mkdir(parents=True, exist_ok=True)
        self._window = _read_state(folder / _STATE)
        self._set_ups = read_set_ups(folder)

    def missing(self, current: int) -> range:
        """The segments before number `current` that a full window needs and that are not there. Number `current`
        itself may be there: it is published before its last pictures are on air."""
        oldest = current - WINDOW
        last = self._window.segments[-1].msn if self._window.segments else oldest - 1
        if last > current:  # the clock was set back: nothing that was published can be kept
            self._window = Window()
            last = oldest - 1
        return range(max(oldest, last + 1), current)

    def end_before(self, msn: int) -> int | None:
        """The picture with which segment `msn` has to begin; None when the one before it is not there."""
        segments = self._window.segments
        return segments[-1].ends if segments and segments[-1].msn == msn - 1 else None

    def publish(
        self, msn: int, media: bytes, *, phase: int = 0, pictures: int = FRAMES_PER_SEGMENT
    ) -> None:
        """Raise OSError when it cannot be written; the number becomes a gap once the next one can."""
        segment = Segment(msn, self._fingerprint, phase=phase, pictures=pictures)
        window = self._window.grown(segment)
        if not self._is_set_up:
            self._replace(f"init-{self._fingerprint}.mp4", self._init)
            self._is_set_up = True
        self._note_set_up(segment)
        self._replace(segment.name, media)
        self._replace(_STATE, msgspec.json.encode(window))
        self._replace("index.m3u8", window.playlist().encode())
        self._window = window
        self._sweep(msn - self._kept)

    def _note_set_up(self, segment: Segment) -> None:
        """What goes with which numbers, for who looks back later."""
        msn, phase = segment.msn, segment.phase
        following = phase + segment.pictures - FRAMES_PER_SEGMENT
        set_ups = [one for one in self._set_ups if one.msn < msn]
        for one in (SetUp(msn, segment.init, phase), SetUp(msn + 1, segment.init, following)):
            if not set_ups or (set_ups[-1].init, set_ups[-1].phase) != (one.init, one.phase):
                set_ups.append(one)
        if set_ups == self._set_ups:
            return
        ended = sum(one.msn <= msn - self._kept for one in set_ups[1:])
        self._replace(_SET_UPS, msgspec.json.encode(set_ups[ended:]))
        self._set_ups = set_ups[ended:]

    def _sweep(self, newest: int) -> None:
        """Remove up to number `newest`. The first time it looks at all there is."""
        if self._swept is None or newest < self._swept:
            found = [path.stem for path in self._folder.glob("*.m4s")]
            leaving = [int(stem) for stem in found if stem.isdecimal() and int(stem) <= newest]
        else:
            leaving = list(range(self._swept + 1, newest + 1))
        for msn in leaving:
            (self._folder / f"{msn}.m4s").unlink(missing_ok=True)
        self._swept = newest

    def _replace(self, name: str, data: bytes) -> None:
        partial = self._folder / f".{name}.part"
        try:
            partial.write_bytes(data)
            partial.replace(self._folder / name)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise


def segments_in(time: timedelta) -> int:
    """How many segments are to be kept for `time`; never fewer than the window needs."""
    return max(KEPT, KEPT + time // (SLOTS_PER_SEGMENT * SLOT))


def newest_in(folder: Path) -> int:
    """The number of the segment that was published last; 0 if there is none."""
    segments = _read_state(folder / _STATE).segments
    return segments[-1].msn if segments else 0


def read_set_ups(folder: Path) -> Sequence[SetUp]:
    """In order. Of a folder without them, the one of its window."""
    try:
        return msgspec.json.decode((folder / _SET_UPS).read_bytes(), type=list[SetUp])
    except (OSError, msgspec.DecodeError):
        segments = _read_state(folder / _STATE).segments
        return [SetUp(0, segments[0].init)] if segments else []


def _read_state(path: Path) -> Window:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Window)
    except (OSError, msgspec.DecodeError):
        return Window()
