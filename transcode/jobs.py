"""The jobs that a finished recording is due: what each was done of, and whether it failed.

What is due follows from the folder alone, so that after any crash the rest is known. `jobs.json` holds
one note for each job that ended; a note of another state of the recording counts for nothing.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from transcode import extras, manifest, shelf
from transcode.access_unit import TrackKind

_NAME: Final = "jobs.json"

Told = Callable[[float], None]  # takes the share that is done, 0 to 1


def untold(_share: float) -> None:
    """Nobody asks how far it is."""


class Job(StrEnum):
    """In the order in which they are done: first what somebody may wait for."""

    POSTER = "poster"
    STORYBOARD = "storyboard"
    FILE = "file"  # the MP4, and the AAC in it
    CAMERA = "camera"  # a second MP4, where a screen was shown too
    WAVEFORM = "waveform"
    SLIDES = "slides"
    LOUDNESS = "loudness"


class Note(msgspec.Struct, frozen=True):
    """How a job ended; `reason` is why it failed, in a sentence."""

    version: str
    reason: str | None = None


_FOLLOW_CUTS: Final = frozenset({Job.STORYBOARD, Job.FILE, Job.CAMERA})


def due(folder: Path) -> list[Job]:
    """All that belong to this recording, done or not; none of one without pictures."""
    if not (folder / shelf.MULTIVARIANT).exists():
        return []
    has_screen, has_camera = (
        (folder / f"{kind}.m3u8").exists() for kind in (TrackKind.SCREEN, TrackKind.CAMERA)
    )
    absent = {
        Job.CAMERA: not (has_screen and has_camera),
        Job.SLIDES: not has_screen,
    }
    return [job for job in Job if not absent.get(job)]


def ended(folder: Path) -> dict[Job, Note]:
    """Those that ended with the recording as it is now."""
    notes = {
        job: kept for job, kept in _read(folder).items() if kept.version == version(folder, job)
    }
    if extras.read(folder):  # written last: then the file is there, whatever the note says
        notes[Job.FILE] = Note(version(folder, Job.FILE))
    elif Job.FILE in notes and notes[Job.FILE].reason is None:
        del notes[Job.FILE]
    return notes


def waiting(folder: Path) -> list[Job]:
    """What is due and has not ended."""
    done = ended(folder)
    return [job for job in due(folder) if job not in done]


def is_made(folder: Path, job: Job) -> bool:
    """True if what it makes is there, of the recording as it is now."""
    done = ended(folder).get(job)
    return done is not None and done.reason is None


def note(folder: Path, job: Job, of_version: str, reason: str | None = None) -> None:
    """It ended, made of that version."""
    _write(folder, _read(folder) | {job: Note(of_version, reason)})


def forget(folder: Path, job: Job) -> None:
    """It shall be done again if it failed."""
    notes = _read(folder)
    if job in notes and notes[job].reason is not None:
        del notes[job]
        _write(folder, notes)


def version(folder: Path, job: Job) -> str:
    """Of the recording, as far as it matters to the job."""
    whole = extras.version(folder)
    return whole if job in _FOLLOW_CUTS else whole.rpartition("-")[0]


def _read(folder: Path) -> dict[Job, Note]:
    try:
        return msgspec.json.decode((folder / _NAME).read_bytes(), type=dict[Job, Note])
    except (OSError, msgspec.MsgspecError):  # then they are done again
        return {}


def _write(folder: Path, notes: Mapping[Job, Note]) -> None:
    manifest.replace(folder / _NAME, msgspec.json.encode(notes))
