"""Access units to parts and segments of CMAF, on the room's timeline. Pure; no thread, no file.

When is a part complete? Knowing the duration of its last picture takes the next picture,
that is one frame interval more of latency. So a part is closed with its last frame, whose
duration is taken to be the usual interval, and the next part sets that right: `tfdt` plus
`shift` always give the exact time of every frame, the sum of the guesses never adds up.
Where the next frame comes much later than guessed (a screen that hardly changes), the next
part goes on in decode time where the last ended and shifts only the presentation: a step
in decode time over twice the last duration makes a media source wait for a key frame (W3C
Media Source Extensions, coded frame processing).

The part before a key frame is often shorter than the target and only that key frame tells that it is
complete: whoever sees its first packet says so (`key_ahead`), since all of them take their time.

Where do segments begin? At the first key frame after `MIN_SEGMENT`. If the sender gives
none until `MAX_SEGMENT`, the segment ends all the same, since EXTINF may not exceed
EXT-X-TARGETDURATION and losing pictures would be worse; such a segment is not independent,
its playlist no longer claims EXT-X-INDEPENDENT-SEGMENTS, and `wants_key` stays up.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from statistics import median_low
from typing import Final

from transcode import opus
from transcode.access_unit import AUDIO_TIMESCALE, VIDEO_TIMESCALE, AccessUnit
from transcode.fragment import OPUS_CODEC, Sample, fragment, opus_init, video_init
from transcode.h264 import (
    MalformedH264,
    NalType,
    ParameterSets,
    length_prefixed,
    nal_type,
    parameter_sets,
    parse_sps,
    split,
)

PART_TARGET: Final = Fraction(28, 100)  # seconds
"""Not 0.25: 12, 15, 20, 24, 25, 30, 50 and 60 frames a second all fill it to 85 % and more."""
TARGET_DURATION: Final = 4  # seconds, for ever
SEGMENT_GRID: Final = 2  # seconds
_MIN_SEGMENT: Final = (
    VIDEO_TIMESCALE * 18 // 10
)  # ticks, as the next three: it is asked all the time
_MAX_SEGMENT: Final = VIDEO_TIMESCALE * TARGET_DURATION
_ABSENCE: Final = VIDEO_TIMESCALE * 2  # without a frame, and the track has stopped
_GRACE: Final = VIDEO_TIMESCALE // 20  # that a part waits for a late frame
_FASTEST: Final = VIDEO_TIMESCALE // 240
_JITTER: Final = 8  # a frame may be late by this part of the interval and still find room


@dataclass(frozen=True, slots=True)
class InitMade:
    """From the next segment on, decoders need this."""

    codec: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SegmentOpened:
    """A segment begins; the one before ends where this one starts, unless a gap lies between."""

    starts: int
    is_after_gap: bool
    key: AccessUnit | None  # that it begins with


@dataclass(frozen=True, slots=True)
class PartCut:
    """A part is complete."""

    starts: int
    duration: int
    frames: int
    is_independent: bool
    data: bytes
    is_final: bool = False
    """No other follows in its segment, as far as is known."""


@dataclass(frozen=True, slots=True)
class SegmentClosed:
    """The segment is whole. `is_last` if the track stops here for a while."""

    ends: int
    is_last: bool


Cut = InitMade | SegmentOpened | PartCut | SegmentClosed


class OpenPart:
    """Samples that wait for their part to be complete."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._sequence = 0
        self._samples: list[tuple[int, bytes, bool]] = []
        self._ends = 0  # of the part before, in decode time
        self._last = 0  # presentation time of the part's before last sample

    def __bool__(self) -> bool:
        return bool(self._samples)

    @property
    def starts(self) -> int:
        return self._samples[0][0]

    def has_room(self, ends: int) -> bool:
        """True if the part may last until `ends`."""
        return ends - self.starts <= self._target

    def add(self, pts: int, data: bytes, *, is_key: bool) -> None:
        self._samples.append((pts, data, is_key))

    def cut(self, ends: int, *, is_final: bool = False) -> PartCut:
        """The part, whose last sample lasts until `ends` at most."""
        starts, last = self.starts, self._samples[-1][0]
        ends = max(min(ends, starts + self._target), last + 1)
        decode_time = self._decode_time()
        self._sequence += 1
        cut = PartCut(
            starts,
            ends - starts,
            len(self._samples),
            any(is_key for _, _, is_key in self._samples),
            fragment(self._sequence, decode_time, list(self._stored(decode_time, ends))),
            is_final,
        )
        self._ends, self._last = ends, last
        self._samples.clear()
        return cut

    def _decode_time(self) -> int:
        """Exact, unless a step of the decode time would make players wait for a key frame."""
        guessed = self._ends - self._last
        is_near = 2 * (self.starts - self._last) <= 3 * guessed
        return self.starts if is_near or self._samples[0][2] else self._ends

    def _stored(self, decode_time: int, ends: int) -> Iterator[Sample]:
        times = [pts for pts, _, _ in self._samples[1:]] + [ends]
        decoded = decode_time
        for (pts, data, is_key), following in zip(self._samples, times, strict=True):
            yield Sample(data, following - decoded, is_key, pts - decoded)
            decoded = following


class VideoPackager:
    """H.264 access units to cuts. Gives up what cannot be decoded, and says `wants_key`."""

    def __init__(
        self,
        part_target: Fraction = PART_TARGET,
        *,
        has_begun: bool = False,
        is_led: bool = False,
    ) -> None:
        """`is_led`: segments begin only where `cut_at_key` asks for it."""
        self._is_led = is_led
        self._part = OpenPart(int(part_target * VIDEO_TIMESCALE))
        self._part_target = int(part_target * VIDEO_TIMESCALE)
        self._sets: ParameterSets | None = None
        self._opened: int | None = None  # start of the open segment
        self._last = -1
        self._ends = 0
        self._has_begun = has_begun
        self._cuts_at_key = False
        self._repeats_init = False
        self._intervals: deque[int] = deque([3000], maxlen=9)
        self._interval = 3000  # the usual one: their median
        self.wants_key = True
        self.dropped = 0

    def push(self, unit: AccessUnit) -> Iterator[Cut]:
        """What the unit completes. MalformedH264 if it is no picture at all, or if its
        parameter sets are broken."""
        nals = list(split(unit.data))
        pictures = {nal_type(nal) for nal in nals if NalType.SLICE <= nal_type(nal) <= NalType.IDR}
        if not pictures:
            raise MalformedH264("the access unit holds no picture")
        if unit.pts <= self._last:
            self.dropped += 1
            return
        yield from self.tick(unit.pts)
        if is_key := NalType.IDR in pictures:
            yield from self._key(unit, nals)
        if self._opened is None:
            self.dropped += 1
            self.wants_key = True
            return
        if not self._is_led and unit.pts + self._interval - self._opened > _MAX_SEGMENT:
            self.wants_key = True
            yield from self._open(unit.pts)
        yield from self._add(unit.pts, length_prefixed(nals), is_key=is_key)

    def key_ahead(self, pts: int) -> Iterator[Cut]:
        """The next unit is a key frame of this time: where it will begin a segment, the part before
        is complete."""
        if self._part and pts > self._last and self._is_due(pts):
            yield self._cut(pts, is_final=True)

    @property
    def is_waiting(self) -> bool:
        """True if frames come but none can be used before a key frame."""
        return self.wants_key and self.dropped > 0

    def cut_at_key(self) -> None:
        """Begin a segment at the next key frame, however short the open one is."""
        self._cuts_at_key = True

    def tick(self, now: int) -> Iterator[Cut]:
        """Time has come to `now`: give away what waited too long for its next frame."""
        if self._part and now - self._part.starts > self._part_target + _GRACE:
            yield self._cut(self._part.starts + self._part_target)
        if self._opened is not None and now - self._last > _ABSENCE:
            yield from self.stop()

    def flush(self, now: int) -> Iterator[Cut]:
        """Cut the open part here."""
        if self._part:
            yield self._cut(max(now, self._last + 1))

    def stop(self) -> Iterator[Cut]:
        """The track is not sent any more; it may come again, with a key frame."""
        yield from self.flush(self._last + self._interval)
        if self._opened is not None:
            yield SegmentClosed(self._ends, is_last=True)
        self._opened = None
        self.wants_key = True

    def repeat_init(self) -> None:
        """The next segment comes with an initialization segment, also if it is the old one."""
        self._repeats_init = True

    def _key(self, unit: AccessUnit, nals: list[bytes]) -> Iterator[Cut]:
        sets = parameter_sets(nals) or self._sets
        if sets is None:
            return
        is_new = sets != self._sets
        if not (self._is_due(unit.pts) or is_new):
            return
        if self._is_led and not self._cuts_at_key:
            yield from self.stop()
            return
        is_known = not (is_new or self._repeats_init)
        made = None if is_known else described(sets)
        self._cuts_at_key = self._repeats_init = False
        self._sets = sets
        self.wants_key = False
        yield from self._open(unit.pts, made, key=unit)

    def _is_due(self, pts: int) -> bool:
        """True if a segment begins at a key frame of this time."""
        if self._is_led:
            return self._cuts_at_key
        opened = self._opened
        is_long = opened is None or pts - opened >= _MIN_SEGMENT
        return is_long or self._cuts_at_key

    def _open(
        self, starts: int, made: InitMade | None = None, *, key: AccessUnit | None = None
    ) -> Iterator[Cut]:
        yield from self.flush(starts)
        if self._opened is not None:
            yield SegmentClosed(starts, is_last=False)
        if made:
            yield made
        is_after_gap = self._opened is None and self._has_begun
        self._opened = starts
        self._has_begun = True
        yield SegmentOpened(starts, is_after_gap, key)

    def _add(self, pts: int, data: bytes, *, is_key: bool) -> Iterator[Cut]:
        if self._last >= 0:
            self._intervals.append(min(max(pts - self._last, _FASTEST), self._part_target))
            self._interval = median_low(self._intervals)
        if self._part and not self._part.has_room(pts + self._interval):
            yield self._cut(pts)
        self._part.add(pts, data, is_key=is_key)
        self._last = pts
        following_ends = pts + 2 * self._interval + self._interval // _JITTER
        if not self._part.has_room(following_ends):
            yield self._cut(pts + self._interval)

    def _cut(self, ends: int, *, is_final: bool = False) -> PartCut:
        cut = self._part.cut(ends, is_final=is_final)
        self._ends = cut.starts + cut.duration
        return cut


class VoicePackager:
    """Opus packets, each beginning where the one before ends, to cuts on the grid."""

    def __init__(self, part_target: Fraction = PART_TARGET) -> None:
        self._part = OpenPart(int(part_target * AUDIO_TIMESCALE))
        self._row: int | None = None  # of the grid
        self._ends = 0

    def push(self, unit: AccessUnit) -> Iterator[Cut]:
        """What the packet completes."""
        row = unit.pts // (SEGMENT_GRID * AUDIO_TIMESCALE)
        duration = opus.ticks(unit.data)
        if row != self._row:
            yield from self._open(unit.pts, row)
        if self._part and not self._part.has_room(unit.pts + duration):
            yield self._part.cut(unit.pts)
        self._part.add(unit.pts, unit.data, is_key=True)
        self._ends = unit.pts + duration
        if not self._part.has_room(self._ends + duration):
            yield self._part.cut(self._ends)

    def stop(self) -> Iterator[Cut]:
        """Nobody will speak any more."""
        if self._part:
            yield self._part.cut(self._ends)
        if self._row is not None:
            yield SegmentClosed(self._ends, is_last=True)
        self._row = None

    def _open(self, starts: int, row: int) -> Iterator[Cut]:
        if self._part:
            yield self._part.cut(starts)
        if self._row is None:
            yield InitMade(OPUS_CODEC, 0, 0, opus_init())
        else:
            yield SegmentClosed(starts, is_last=False)
        self._row = row
        yield SegmentOpened(starts, is_after_gap=False, key=None)


def described(sets: ParameterSets) -> InitMade:
    """The initialization segment of an H.264 track. MalformedH264 if the SPS is broken."""
    sps = parse_sps(sets.sps[0])
    return InitMade(sps.codec, sps.width, sps.height, video_init(sps, sets, VIDEO_TIMESCALE))
