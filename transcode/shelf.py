"""One recording's folder: locked by who records, cut after a crash, loaded, concluded."""

import fcntl
import os
from pathlib import Path
from typing import Final

import msgspec

from kernel.errors import Conflict
from transcode import contents, manifest, playlist
from transcode.access_unit import TrackKind
from transcode.contents import Contents
from transcode.cutting import written
from transcode.manifest import Manifest
from transcode.playlist import ByteRanges, Timeline, Variant
from transcode.store import cut_torn_tail
from transcode.tape import PROGRAMME

RENDITIONS: Final = (*(kind.value for kind in TrackKind), PROGRAMME)  # the last refers to others
MULTIVARIANT: Final = "index.m3u8"


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


def cut_torn_tails(folder: Path) -> None:
    """Leave what index and media agree on. The caller holds the lock."""
    for name in RENDITIONS:
        cut_torn_tail(folder, name)


def load(folder: Path) -> dict[str, Contents]:
    """What is recorded so far."""
    return {name: contents.read(folder, name) for name in RENDITIONS}


def conclude(folder: Path, noted: Manifest) -> None:
    """Write the playlists beside the files, then the end mark."""
    loaded = {name: kept(held) for name, held in load(folder).items()}
    for name, held in loaded.items():
        if held.segments:
            _write_playlist(folder, name, held, timeline(noted, name))
    video = _variant(loaded[PROGRAMME], timeline(noted, PROGRAMME))
    voice = _variant(loaded[TrackKind.VOICE], timeline(noted, TrackKind.VOICE))
    if video:
        text = playlist.multivariant(video, voice)
        manifest.replace(folder / MULTIVARIANT, text.encode())
    manifest.write(folder, msgspec.structs.replace(noted, is_finished=True))


def kept(held: Contents) -> Contents:
    """Without the segments that were only shown; where they are missing, a gap."""
    return Contents(held.inits, written(held.segments), held.first_msn)


def timeline(noted: Manifest, name: str) -> Timeline:
    return Timeline(noted.epoch, playlist.timescale(name))


def _write_playlist(folder: Path, name: str, held: Contents, timeline: Timeline) -> None:
    inits = {init.number: init for init in held.inits}
    text = playlist.recorded(held.segments, inits, timeline, ByteRanges())
    manifest.replace(folder / f"{name}.m3u8", text.encode())


def _variant(held: Contents, timeline: Timeline) -> Variant | None:
    return playlist.variant(held.segments, held.inits, timeline.timescale)
