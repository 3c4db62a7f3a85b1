"""A lecture being recorded: tracks and programme, cut and stored. Packager thread only."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, assert_never

from transcode.access_unit import (
    AUDIO_TIMESCALE,
    COMMON_TIMESCALE,
    VIDEO_TIMESCALE,
    AccessUnit,
    Rung,
    TrackKind,
)
from transcode.h264 import MalformedH264
from transcode.ladder import Ladder
from transcode.lower_rung import LowerRung
from transcode.opus import MalformedOpus
from transcode.packager import (
    Cut,
    InitMade,
    PartCut,
    SegmentClosed,
    SegmentOpened,
    VideoPackager,
    VoicePackager,
)
from transcode.programme import Programme
from transcode.rendition import Rendition
from transcode.rungs import LOWER, PROGRAMME
from transcode.segments import Init, Part
from transcode.voice import VoiceLine

_VIDEO: Final = (TrackKind.CAMERA, TrackKind.SCREEN)
_TO_VIDEO: Final = COMMON_TIMESCALE // VIDEO_TIMESCALE
_TO_AUDIO: Final = COMMON_TIMESCALE // AUDIO_TIMESCALE
_LATENESS: Final = COMMON_TIMESCALE * 3 // 10  # behind the clock that units may come, at first
_MARGIN: Final = COMMON_TIMESCALE // 10
_WORST_LATENESS: Final = COMMON_TIMESCALE * 3
_LOOK: Final = COMMON_TIMESCALE // 25  # between looks at who is behind
_PATIENCE: Final = COMMON_TIMESCALE  # that one track may be behind, without a clock


@dataclass(frozen=True, slots=True)
class Position:
    """Where the recording stands, in seconds since its epoch."""

    voice: Fraction
    programme: Fraction

    @property
    def edge(self) -> Fraction:
        return max(self.voice, self.programme)


class Tape:
    """Cuts, stores and tells. Voice and programme never end before the other: silence and
    stills are put where nothing is sent, clocked by `tick`, or without a clock by the media.
    Inside, times are whole ticks of `COMMON_TIMESCALE`."""

    def __init__(
        self,
        renditions: Mapping[str, Rendition],
        part_target: Fraction,
        *,
        offset: Fraction = Fraction(0),
        resume: Position | None = None,
        on_resumed: Callable[[Fraction], None] | None = None,
    ) -> None:
        """`resume`: where it goes on after a crash; `on_resumed` is told when the first unit comes, and
        before that when stills and silence are put where none does."""
        self._renditions = renditions
        self._part_target = part_target
        self._offset = _ticks(offset)
        self._videos = {
            kind: VideoPackager(part_target, has_begun=renditions[kind].has_begun)
            for kind in _VIDEO
        }
        self._voice_packager = VoicePackager(part_target)
        self._ladder = Ladder(
            renditions[PROGRAMME],
            {rung: LowerRung(renditions[name], part_target) for rung, name in LOWER.items()},
        )
        self._inits: dict[TrackKind, Init] = {}
        self._lateness = dict.fromkeys(TrackKind, _LATENESS)
        self._now: int | None = None
        self._latest = 0  # that was pushed
        self._looks_at = 0
        self._line: VoiceLine | None = None
        self._programme: Programme | None = None
        self._resumed_at: Callable[[Fraction], None] | None = on_resumed
        self._has_told = False
        self.malformed = 0
        if resume:
            self._begin(_ticks(resume.voice), _ticks(resume.programme))

    @property
    def wanted_keys(self) -> frozenset[TrackKind]:
        """The tracks that are sent and need a key frame now."""
        wanted = {kind for kind, video in self._videos.items() if video.is_waiting}
        waits_for = self._programme.waits_for if self._programme else None
        return frozenset(wanted | ({waits_for} if waits_for else set()))

    def push(self, kind: TrackKind, unit: AccessUnit, rung: Rung = Rung.BEST) -> None:
        """Take one access unit. Units of one track and rung come in order; broken ones are counted."""
        unit = self._shifted(unit)
        if rung is not Rung.BEST:
            self._ladder.push(rung, kind, unit)
            return
        at = unit.instant
        self._arrived(kind, at)
        try:
            if kind is TrackKind.VOICE:
                assert self._line
                self._speak(self._line.push(unit))
            else:
                self._handle(kind, self._videos[kind].push(unit))
        except (MalformedH264, MalformedOpus):
            self.malformed += 1
        if kind.is_video:
            self._ladder.reached(kind, unit.pts)
        self._latest = max(self._latest, at)
        if self._latest >= self._looks_at:
            self._looks_at = self._latest + _LOOK
            for video in _VIDEO:
                self._watch(video, self._latest - _PATIENCE)
            self._keep_up(self._latest - _PATIENCE)

    def key_ahead(self, kind: TrackKind, pts: int) -> None:
        """A key picture of this time begins to arrive: give away what ends before it."""
        at = pts + self._offset // _TO_VIDEO
        self._handle(kind, self._videos[kind].key_ahead(at))

    def tick(self, now: Fraction) -> None:
        """It is `now` seconds since the room's epoch: fill what nobody sends."""
        self._now = _ticks(now) + self._offset
        if self._resumed_at and not self._has_told:  # before anything is filled
            self._has_told = True
            self._resumed_at(Fraction(self._now, COMMON_TIMESCALE))
        for kind in _VIDEO:
            self._watch(kind, self._now - self._lateness[kind])
        self._keep_up(self._now - max(self._lateness.values()))

    def stop(self, kind: TrackKind) -> None:
        """The track is not sent any more; it may come again."""
        if kind is not TrackKind.VOICE:
            self._handle(kind, self._videos[kind].stop())

    def finish(self) -> None:
        """End all tracks at one time."""
        self.split()

    def split(self) -> Fraction | None:
        """End all segments at one time, and say when; what comes after stands for itself. None if
        nothing has come yet."""
        if not (self._line and self._programme):
            return None
        for kind in _VIDEO:
            self.stop(kind)
            self._videos[kind].repeat_init()
        end = max(self._line.position * _TO_AUDIO, self._programme.ends * _TO_VIDEO, self._latest)
        self._speak(self._line.fill(end // _TO_AUDIO))
        self._programme.fill(end // _TO_VIDEO, to_the_end=True)
        self._handle(TrackKind.VOICE, self._voice_packager.stop())
        self._programme.split()
        return Fraction(end, COMMON_TIMESCALE)

    def _begin(self, voice: int, programme: int) -> None:
        self._line = VoiceLine(voice // _TO_AUDIO)
        self._programme = Programme(self._ladder, programme // _TO_VIDEO, self._part_target)

    def _arrived(self, kind: TrackKind, at: int) -> None:
        if self._line is None:
            self._begin(at, at)
        if self._resumed_at:
            self._resumed_at(Fraction(at, COMMON_TIMESCALE))
            self._resumed_at = None
        if self._now is not None:
            late = min(self._now - at + _MARGIN, _WORST_LATENESS)
            self._lateness[kind] = max(self._lateness[kind], late)

    def _shifted(self, unit: AccessUnit) -> AccessUnit:
        if not self._offset:
            return unit
        ticks = self._offset * unit.timescale // COMMON_TIMESCALE
        return AccessUnit(unit.data, unit.pts + ticks, unit.timescale, unit.is_key)

    def _speak(self, units: Iterable[AccessUnit]) -> None:
        for unit in units:
            self._handle(TrackKind.VOICE, self._voice_packager.push(unit))

    def _keep_up(self, until: int) -> None:
        if self._line and self._programme:
            self._speak(self._line.fill(until // _TO_AUDIO))
            self._programme.fill(until // _TO_VIDEO)

    def _watch(self, kind: TrackKind, now: int) -> None:
        self._handle(kind, self._videos[kind].tick(now // _TO_VIDEO))

    def _handle(self, kind: TrackKind, cuts: Iterable[Cut]) -> None:
        for cut in cuts:
            self._take(kind, cut)

    def _take(self, kind: TrackKind, cut: Cut) -> None:
        """Store first, then show."""
        rendition = self._renditions[kind]
        match cut:
            case InitMade():
                self._inits[kind] = rendition.add_init(cut)
            case SegmentOpened():
                init = self._inits[kind]
                rendition.open_segment(cut.starts, init, is_after_gap=cut.is_after_gap)
            case PartCut():
                self._show_part(kind, rendition.add(cut))
                return
            case SegmentClosed():
                rendition.close_segment(cut.ends)
            case _:
                assert_never(cut)
        if kind.is_video and self._programme:
            self._show(self._programme, kind, cut)

    def _show_part(self, kind: TrackKind, part: Part) -> None:
        if kind.is_video and self._programme:
            self._programme.add(kind, part)

    def _show(
        self, programme: Programme, kind: TrackKind, cut: InitMade | SegmentOpened | SegmentClosed
    ) -> None:
        match cut:
            case InitMade():
                programme.add_init(kind, self._inits[kind])
            case SegmentOpened():
                displaced = programme.displaces(kind)
                if displaced:  # its open part belongs to the time before
                    self._handle(displaced, self._videos[displaced].flush(cut.starts))
                programme.opened(kind, cut)
            case SegmentClosed():
                programme.closed(kind, cut)
            case _:
                assert_never(cut)
        if programme.waits_for:
            self._videos[programme.waits_for].cut_at_key()


def _ticks(seconds: Fraction) -> int:
    return int(seconds * COMMON_TIMESCALE)
