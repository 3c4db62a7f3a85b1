"""Makes the extras of a finished recording: `python -m transcode.finisher FOLDER`.

A child process on purpose: it decodes what browsers sent, and takes its time. What is made is
put in place whole, file by file; run it again after a crash. Exit code 1 and one sentence on
standard error when it cannot.
"""

import argparse
import fcntl
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import av

from transcode import aac, extras, poster, shelf, single_file, storyboard
from transcode.extras import Extras
from transcode.vod import PlaylistError

_NICENESS: Final = 15
_LOCK: Final = "extras.lock"
_MEMORY_BYTES: Final = 4 << 30


def finish(folder: Path) -> Extras:
    """Make what is not made yet. FileNotFoundError if there is nothing to make it of."""
    if not (folder / shelf.MULTIVARIANT).exists():
        raise FileNotFoundError(f"{folder} holds no finished recording with pictures.")
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one may be left of a server that was killed
        return extras.read(folder) or _make(folder)


def _make(folder: Path) -> Extras:
    version = extras.version(folder)
    poster.make(folder)
    storyboard.make(folder)
    sound = aac.encode(folder)
    single_file.make(folder)
    made = Extras(version=version, peak_bps=sound.peak_bps, average_bps=sound.average_bps)
    extras.write(folder, made)
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m transcode.finisher", description=__doc__)
    parser.add_argument("folder", type=Path, help="a recording's folder")
    folder = parser.parse_args(arguments).folder
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    av.logging.set_level(av.logging.PANIC)
    try:
        finish(folder)
    except (OSError, PlaylistError, MemoryError, StopIteration) as error:
        sys.exit(str(error) or f"It ended with {type(error).__name__}.")


if __name__ == "__main__":
    main()
