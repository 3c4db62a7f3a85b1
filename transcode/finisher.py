"""Does the jobs of a finished recording: `python -m transcode.finisher FOLDER`.

A child process on purpose: it decodes what browsers sent, and takes its time. What is made is
put in place whole, file by file; run it again after a crash. A line on standard output, `JOB PERCENT`,
tells how far it is. Exit code 1 and a sentence a job on standard error where it fails; the other jobs
are done all the same.
"""

import argparse
import fcntl
import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import av
import msgspec

from transcode import (
    aac,
    extras,
    jobs,
    loudness,
    manifest,
    poster,
    shelf,
    single_file,
    slides,
    sound,
    storyboard,
    uncut,
    waveform,
)
from transcode.access_unit import AUDIO_TIMESCALE, TrackKind
from transcode.extras import Extras
from transcode.jobs import Job, Told
from transcode.source import Timed
from transcode.vod import PlaylistError, read_recording

_NICENESS: Final = 15
_LOCK: Final = "extras.lock"
_MEMORY_BYTES: Final = 4 << 30
_MOST_TRIES: Final = 3  # while somebody edits the recording under it
_FAILURES: Final = (OSError, PlaylistError, MemoryError, StopIteration, av.FFmpegError)
_COPYING: Final = 0.9  # of the file's time goes into its sound

Tell = Callable[[Job, float], None]


def finish(folder: Path, tell: Tell = lambda _job, _share: None) -> list[str]:
    """Do what is due and has not ended; why some of it failed. FileNotFoundError if there is nothing
    to make it of."""
    if not (folder / shelf.MULTIVARIANT).exists():
        raise FileNotFoundError(f"{folder} holds no finished recording with pictures.")
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one may be left of a server that was killed
        complaints: list[str] = []
        for _ in range(_MOST_TRIES):
            if not (waiting := jobs.waiting(folder)):
                break
            failed = (_do(folder, job, tell) for job in waiting)
            complaints += [reason for reason in failed if reason]
        return complaints


def _do(folder: Path, job: Job, tell: Tell) -> str | None:
    """Note how it ended: with the version with which it began."""
    version = jobs.version(folder, job)
    tell(job, 0.0)
    try:
        _MAKERS[job](folder, partial(tell, job))
        reason = None
    except _FAILURES as error:
        reason = _sentence(error)
    jobs.note(folder, job, version, reason)
    return reason


def _sentence(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{Path(error.filename).name}: {error.strerror}."
    return str(error) or f"It ended with {type(error).__name__}."


def _make_file(folder: Path, told: Told) -> None:
    version = extras.version(folder)
    heard = aac.encode(folder, lambda share: told(_COPYING * share))
    single_file.make(folder)
    made = Extras(version=version, peak_bps=heard.peak_bps, average_bps=heard.average_bps)
    extras.write(folder, made)


def _make_camera(folder: Path, _: Told) -> None:
    if not extras.read(folder):
        raise FileNotFoundError("Its sound could not be made.")
    single_file.make(folder, TrackKind.CAMERA, extras.CAMERA_FILE)


def _measure(folder: Path, told: Told) -> None:
    seconds = max(1.0, read_recording(folder / f"{TrackKind.VOICE}.m3u8").seconds)

    def timed() -> Iterator[Timed]:
        heard = 0
        for at, frame in sound.decoded(uncut.runs(folder, TrackKind.VOICE)):
            heard += frame.samples
            told(heard / AUDIO_TIMESCALE / seconds)
            yield Timed(at / AUDIO_TIMESCALE, frame)

    measured = loudness.measure(timed())
    manifest.replace(folder / extras.LOUDNESS, msgspec.json.encode(measured))


_MAKERS: Final[Mapping[Job, Callable[[Path, Told], None]]] = {
    Job.POSTER: lambda folder, _: poster.make(folder),
    Job.STORYBOARD: lambda folder, _: storyboard.make(folder),
    Job.FILE: _make_file,
    Job.CAMERA: _make_camera,
    Job.WAVEFORM: waveform.make,
    Job.SLIDES: slides.make,
    Job.LOUDNESS: _measure,
}


class _Teller:
    """Says each whole percent once."""

    def __init__(self) -> None:
        self._said: tuple[Job, int] | None = None

    def __call__(self, job: Job, share: float) -> None:
        percent = min(99, int(100 * share))
        if (job, percent) != self._said:
            self._said = job, percent
            sys.stdout.write(f"{job} {percent}\n")
            sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m transcode.finisher", description=__doc__)
    parser.add_argument("folder", type=Path, help="a recording's folder")
    folder = parser.parse_args(arguments).folder
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    av.logging.set_level(av.logging.PANIC)
    try:
        complaints = finish(folder, _Teller())
    except OSError as error:
        sys.exit(str(error))
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
