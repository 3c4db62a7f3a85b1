"""One recording's folder: locked by who records, cut after a crash, loaded, concluded."""

import fcntl
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Final

import msgspec

from kernel.errors import Conflict
from transcode import contents, cutting, edition, fresh_numbers, manifest, marks, playlist, rungs
from transcode.access_unit import AUDIO_TIMESCALE, VIDEO_TIMESCALE, TrackKind
from transcode.contents import Contents
from transcode.cutting import Span
from transcode.edition import Edition
from transcode.index import SkippedNoted
from transcode.manifest import Manifest
from transcode.playlist import ByteRanges, Timeline, Variant
from transcode.rungs import LOWER, PROGRAMME
from transcode.segments import Segment
from transcode.store import cut_torn_tail, note_skipped

RENDITIONS: Final = (*(kind.value for kind in TrackKind), PROGRAMME, *LOWER.values())
"""Each may refer to those before it."""
MULTIVARIANT: Final = "index.m3u8"
_CERTAIN: Final = "certain"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class AlreadyRecorded(Conflict):
    """Somebody, here or in another process, is recording this lecture."""


def lock(folder: Path) -> int:
    """A descriptor that holds the folder until it is closed or the process dies."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRecorded("This lecture is being recorded already.") from None
    return descriptor


def cut_torn_tails(folder: Path) -> dict[str, Contents]:
    """Leave what index and media agree on, and say what that is. The caller holds the lock."""
    left = {name: cut_torn_tail(folder, name) for name in RENDITIONS}
    return _whole({name: contents.of(records, folder, name) for name, records in left.items()})


def is_certain(folder: Path) -> bool:
    """True if nobody can have seen a segment that the files do not know: what was told was written
    before, and the machine has not stopped since, which may forget what is not on its disk yet."""
    try:
        return (folder / _CERTAIN).read_text() == _boot()
    except FileNotFoundError:
        return False


def vouch(folder: Path) -> None:
    """From now on what is told is written before. OSError."""
    manifest.replace(folder / _CERTAIN, _boot().encode())


def doubt(folder: Path) -> None:
    """It is not any more. Also a full disk can forget a name; one that can't will not be read either."""
    with suppress(OSError):
        (folder / _CERTAIN).unlink(missing_ok=True)


def skip_numbers(folder: Path, at: datetime, held: Mapping[str, Contents]) -> None:
    """Go on with numbers that nobody has seen. The caller holds the lock, and has cut the tails to
    what is `held`."""
    skipped = SkippedNoted(fresh_numbers.unused_segment(at), fresh_numbers.unused_discontinuity(at))
    for name in RENDITIONS:
        note_skipped(folder, name, skipped)
        held[name].skipped = skipped


def load(folder: Path) -> dict[str, Contents]:
    """What is recorded so far."""
    return _whole({name: contents.read(folder, name) for name in RENDITIONS})


def conclude(folder: Path, noted: Manifest, held: Mapping[str, Contents] | None = None) -> Manifest:
    """Write the playlists beside the files, then the end mark, which the manifest has now. `held`: as
    for `write_playlists`."""
    write_playlists(folder, noted, held)
    finished = msgspec.structs.replace(noted, is_finished=True)
    manifest.write(folder, finished)
    return finished


def write_playlists(
    folder: Path, noted: Manifest, held: Mapping[str, Contents] | None = None
) -> None:
    """As the newest edition has it. `held` is what the files hold, for who knows: six hours take a
    second to read. It lacks the parts, which only cuts need."""
    chosen = edition.read(folder)[-1]
    known = load(folder) if held is None or chosen.cuts else held
    loaded = played(known, chosen)
    variants = {name: _variant(name, each) for name, each in loaded.items()}
    lines = _marks(folder, noted, known)
    for name, each in loaded.items():
        if each.segments and variants[name]:
            _write_playlist(folder, name, each, timeline(noted, name), lines)
    video, voice = variants[PROGRAMME], variants[TrackKind.VOICE]
    if video:
        lower = {name: found for name in LOWER.values() if (found := variants[name])}
        text = playlist.multivariant(video, voice, lower=lower)
        manifest.replace(folder / MULTIVARIANT, text.encode())


def kept(held: Contents) -> Contents:
    """Without the segments that were only shown; where they are missing, a gap."""
    return replace(held, segments=cutting.written(held.segments))


def played(loaded: Mapping[str, Contents], chosen: Edition) -> dict[str, Contents]:
    """Without what was only shown and what the edition cuts; all renditions at the same times."""
    left = {name: kept(held) for name, held in loaded.items()}
    cuts = _cuts(left[PROGRAMME], chosen)
    if not cuts:
        return left
    shown = _cut(left[PROGRAMME], cuts)
    spans = cutting.spans(shown, VIDEO_TIMESCALE)
    voice = left[TrackKind.VOICE]
    segments = {
        PROGRAMME: shown,
        TrackKind.VOICE.value: cutting.within(
            voice.segments, spans, AUDIO_TIMESCALE, lambda each: voice.parts(each.msn)
        ),
        TrackKind.CAMERA.value: _cut(left[TrackKind.CAMERA], cuts),
        TrackKind.SCREEN.value: _cut(left[TrackKind.SCREEN], cuts),
    }
    whole = replace(left[PROGRAMME], segments=shown)
    segments |= {name: _beside(whole, left[name]).segments for name in LOWER.values()}
    return {name: replace(held, segments=segments[name]) for name, held in left.items()}


def shown(programme: Contents, chosen: Edition) -> list[Segment]:
    """What the edition leaves of the programme."""
    held = kept(programme)
    return _cut(held, _cuts(held, chosen))


def _cuts(programme: Contents, chosen: Edition) -> list[Span]:
    """In seconds since the epoch; none where nothing was written."""
    if not programme.segments:
        return []
    begins = Fraction(programme.segments[0].starts, VIDEO_TIMESCALE)
    return [
        Span(begins + Fraction(cut.starts_ms, 1000), begins + Fraction(cut.ends_ms, 1000))
        for cut in chosen.cuts
    ]


def _whole(loaded: dict[str, Contents]) -> dict[str, Contents]:
    """With the lower rungs laid beside the programme."""
    return loaded | {name: _beside(loaded[PROGRAMME], loaded[name]) for name in LOWER.values()}


def _beside(programme: Contents, rung: Contents) -> Contents:
    segments = rungs.beside(programme.segments, programme.inits, rung.segments, rung.inits)
    return replace(rung, segments=segments, skipped=programme.skipped)


def _cut(held: Contents, cuts: Sequence[Span]) -> list[Segment]:
    return cutting.without(held.segments, cuts, VIDEO_TIMESCALE, lambda each: held.parts(each.msn))


def _boot() -> str:
    """Another text after the machine was started again; where it tells nothing of that, always one."""
    try:
        return _BOOT_ID.read_text()
    except OSError:
        return "unknown"


def timeline(noted: Manifest, name: str) -> Timeline:
    return Timeline(noted.epoch, playlist.timescale(name))


def _marks(folder: Path, noted: Manifest, known: Mapping[str, Contents]) -> str:
    segments = kept(known[PROGRAMME]).segments
    if not segments:
        return ""
    return marks.text(timeline(noted, PROGRAMME).at(segments[0].starts), *marks.of(folder))


def _write_playlist(
    folder: Path, name: str, held: Contents, timeline: Timeline, lines: str
) -> None:
    inits = {init.number: init for init in held.inits}
    text = playlist.recorded(held.segments, inits, timeline, ByteRanges(), lines)
    manifest.replace(folder / f"{name}.m3u8", text.encode())


def _variant(name: str, held: Contents) -> Variant | None:
    """None of a lower rung that has nothing of its own."""
    ticks = playlist.timescale(name)
    return playlist.variant(held.segments, held.inits, ticks, is_lower=rungs.is_lower(name))
