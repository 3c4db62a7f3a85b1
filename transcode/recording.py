"""A lecture as it is seen far away: live from memory and file, later from the file alone."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Protocol
from uuid import UUID

from transcode import marks, playlist
from transcode.access_unit import AccessUnit, Rung, TrackKind
from transcode.caption_lines import CaptionLines
from transcode.cutting import written
from transcode.edition import Edition
from transcode.manifest import Keeping, Manifest
from transcode.playlist import Variant
from transcode.rungs import LOWER, PROGRAMME
from transcode.segments import Gap, Segment, Stretch
from transcode.store import read_stretch
from transcode.tape import Tape
from transcode.window import Rendered, Window


class RecordingState(StrEnum):
    """Where a recording is in its life."""

    LIVE = "live"  # being recorded here and now
    INTERRUPTED = "interrupted"  # its recorder died; it may go on
    FINISHED = "finished"


class Files(Protocol):
    """What a recording is written to."""

    def sync(self) -> None: ...

    def fail(self, error: OSError) -> None: ...

    def switch(self, keeping: Keeping) -> None: ...

    def conclude(self) -> None: ...


class Recording:
    """`push`, `key_ahead`, `tick`, `stop_track` and `finish` belong to the packager thread; all else to
    the event loop. What viewers see changes there only, by calls sent from that thread."""

    def __init__(
        self,
        lecture: UUID,
        epoch: datetime,
        windows: Mapping[str, Window],
        folder: Path | None,
        state: RecordingState,
    ) -> None:
        self.lecture = lecture
        self.epoch = epoch
        self.room_epoch = epoch  # of the units that are pushed; later than `epoch` if resumed
        self.folder = folder
        self.state = state
        self.keeping = Keeping.ON if folder else Keeping.OFF
        self.gaps: tuple[Gap, ...] = ()
        self.fault: str | None = None
        self.captions = CaptionLines()  # that are written while it runs
        self.aac: Variant | None = None  # once it was made (transcode.extras)
        self._windows = windows
        self._tape: Tape | None = None
        self._files: Files | None = None

    def spell_out(self) -> None:
        """Make the text of what was restored ahead of its first viewer; see the window."""
        for window in self._windows.values():
            window.spell_out()

    # viewers

    def track(self, kind: TrackKind) -> Window:
        """The rendition of one track; empty while it was never sent."""
        return self._windows[kind]

    @property
    def programme(self) -> Window:
        return self._windows[PROGRAMME]

    def window(self, name: str) -> Window:
        """The rendition called `name`: camera, screen, voice, programme or a lower rung of it. KeyError."""
        return self._windows[name]

    @property
    def picture_reads(self) -> int:
        """How often somebody asked for a playlist of its live pictures."""
        return sum(self._windows[name].reads for name in (PROGRAMME, *LOWER.values()))

    @property
    def is_blank(self) -> bool:
        """True if nothing of it was written, or would have been."""
        return not written(self.programme.segments)

    @property
    def duration(self) -> timedelta:
        """Of the programme as it is played: without pauses and cuts."""
        return self._length(self.played)

    @property
    def played(self) -> Sequence[Segment]:
        """What is played of the programme: without pauses and cuts."""
        window = self.programme
        return written(window.segments) if window.played is None else window.played

    @property
    def uncut(self) -> timedelta:
        """Of the programme without pauses, and with what is cut."""
        return self._length(written(self.programme.segments))

    @property
    def taken(self) -> timedelta:
        """From the first to the last moment that was written, with pauses and cuts."""
        segments = written(self.programme.segments)
        if not segments:
            return timedelta(0)
        timeline = self.programme.timeline
        return timeline.at(segments[-1].ends) - timeline.at(segments[0].starts)

    @property
    def starts_at(self) -> datetime | None:
        """The first moment of the programme."""
        segments = written(self.programme.segments)
        return self.programme.timeline.at(segments[0].starts) if segments else None

    async def begin(self, patience: timedelta) -> bool:
        """Wait until there is something to see and to hear; False when `patience` runs out."""
        voice = self.track(TrackKind.VOICE)
        both = await asyncio.gather(self.programme.begin(patience), voice.begin(patience))
        return all(both)

    def multivariant(self, captions: Sequence[str] = ()) -> Rendered | None:
        """The programme with its voice, as ordinary players take it; None while empty. `captions`:
        the languages that there are."""
        video = self.programme.variant()
        voice = self.track(TrackKind.VOICE).variant()
        aac = self.aac if self.state is RecordingState.FINISHED else None
        if video is None:
            return None
        measured = {name: self._windows[name].variant() for name in LOWER.values()}
        lower = {name: each for name, each in measured.items() if each}
        return Rendered(playlist.multivariant(video, voice, aac, lower=lower, captions=captions))

    def _length(self, segments: Iterable[Segment]) -> timedelta:
        ticks = sum(segment.duration for segment in segments)
        return timedelta(microseconds=self.programme.timeline.microseconds(ticks))

    def mark(self, chosen: Edition, slides_ms: Sequence[int]) -> None:
        """Tell players of chapters and slides. Once it is finished."""
        if self.starts_at:
            lines = marks.text(self.starts_at, chosen, slides_ms)
            for name in (PROGRAMME, *LOWER.values(), TrackKind.VOICE):
                self._windows[name].mark(lines)

    def read(self, stretch: Stretch) -> bytes:
        """Bytes of a file of the recording. Blocks on the disk; any thread. OSError."""
        if self.folder is None:
            raise FileNotFoundError("this lecture is not recorded")
        return read_stretch(self.folder, stretch)

    def end(self) -> None:
        """Nothing will come any more: tell those who wait."""
        for window in self._windows.values():
            window.end()

    # the packager thread

    def feed_by(self, tape: Tape, files: Files) -> None:
        """From now on it is being recorded."""
        self._tape = tape
        self._files = files

    def switch(self, keeping: Keeping) -> None:
        """Keep what comes, or only show it. On return it is so, also after a crash. OSError,
        AlreadyRecorded."""
        if self._files:
            self._files.switch(keeping)

    def sync(self) -> None:
        """Make what was pushed outlive a power cut. Any thread, not during `finish`. OSError."""
        if self._files:
            self._files.sync()

    def fail(self, error: OSError) -> None:
        """The disk does not take it: go on in memory, and say so."""
        if self._files:
            self._files.fail(error)

    def push(self, kind: TrackKind, unit: AccessUnit, rung: Rung = Rung.BEST) -> None:
        """Take an H.264 access unit, or an Opus packet of the one voice. Lower rungs are what a track
        sends beside its best size."""
        assert self._tape
        self._tape.push(kind, unit, rung)

    def key_ahead(self, kind: TrackKind, pts: int) -> None:
        """A key picture of this time begins to arrive: do not wait for its end."""
        if self._tape:
            self._tape.key_ahead(kind, pts)

    def tick(self, now: Fraction) -> None:
        """It is `now` seconds since the epoch that it was opened with: no track ends early."""
        assert self._tape
        self._tape.tick(now)

    def stop_track(self, kind: TrackKind) -> None:
        """The track is not sent any more, for now."""
        assert self._tape
        self._tape.stop(kind)

    @property
    def wanted_keys(self) -> frozenset[TrackKind]:
        """The tracks whose sender should be asked for a key frame now."""
        assert self._tape
        return self._tape.wanted_keys

    def finish(self) -> None:
        """End the recording: it is playable as a whole when this returns."""
        tape, files = self._tape, self._files
        if tape and files:
            self._tape = self._files = None
            tape.finish()
            files.conclude()


def windows(
    epoch: datetime,
    part_target: Fraction,
    span: timedelta | None = None,
    *,
    first: int = 0,
    discontinuities: int = 0,
) -> Mapping[str, Window]:
    """Empty renditions, counted from `first`; `span` limits them if they are kept in memory only."""
    made = {
        name: Window(
            name,
            playlist.Timeline(epoch, playlist.timescale(name)),
            part_target,
            span,
            first=first,
            discontinuities=discontinuities,
        )
        for name in (*(kind.value for kind in TrackKind), PROGRAMME, *LOWER.values())
    }
    together = [made[name] for name in (PROGRAMME, TrackKind.VOICE, *LOWER.values())]
    for window in together:
        window.siblings = tuple(each for each in together if each is not window)
    return made


def gaps(noted: Manifest) -> tuple[Gap, ...]:
    """Outages and pauses, the earliest first; a pause that still lasts has no end and is not listed."""
    spans = [(*outage, False) for outage in noted.outages]
    spans += [(*pause, True) for pause in noted.pauses]
    return tuple(
        Gap(_at(noted.epoch, starts), _at(noted.epoch, ends), is_wanted)
        for starts, ends, is_wanted in sorted(spans)
    )


def _at(epoch: datetime, microseconds: int) -> datetime:
    return epoch + timedelta(microseconds=microseconds)
