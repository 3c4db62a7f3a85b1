"""Whether anybody looks after a channel's process; without anybody it goes on for a while, then it ends.

Its supervisor holds a claim; the process holds another in the channel's folder, by which it is found by the
next supervisor, with what it was told when it started.
"""

import threading
import time
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
import structlog

from transcode.claim import holder_of

log = structlog.get_logger()

LOCK: Final = ".lock"  # in the channel's folder
_LOOK_SECONDS: Final = 0.5


class Note(msgspec.Struct, frozen=True):
    """What a process tells of itself in its lock; no arguments, which may hold secrets."""

    pid: int
    told: str = ""  # the digest of its arguments
    monitor: int | None = None  # the port of the loopback where it sends its stream for a monitor


def digest(arguments: Sequence[str]) -> str:
    return sha256("\0".join(arguments).encode()).hexdigest()


def note_of(folder: Path, pid: int) -> Note:
    """Of the process `pid`, which plays into `folder`; one without facts while it does not tell."""
    try:
        note = msgspec.json.decode((folder / LOCK).read_bytes(), type=Note)
    except (OSError, msgspec.DecodeError):
        return Note(pid)
    return note if note.pid == pid else Note(pid)


def engine() -> str:
    """Another one for another build of the engine: a process goes on with what it has loaded. Reads some files."""
    files = sha256(version("av").encode())
    for path in sorted(Path(__file__).parent.iterdir()):
        if path.is_file():
            files.update(path.read_bytes())
    return files.hexdigest()[:16]


def follow(supervisor: Path, patience_seconds: float, stop: threading.Event) -> None:
    """Set `stop` when nobody has held the claim `supervisor` for so long. A thread of its own."""
    alone_since: float | None = None
    while not stop.wait(_LOOK_SECONDS):
        if _is_held(supervisor):
            if alone_since is not None:
                log.info("playout.supervised_again")
            alone_since = None
            continue
        if alone_since is None:
            alone_since = time.monotonic()
            log.warning("playout.alone", goes_on_seconds=patience_seconds)
        if time.monotonic() - alone_since >= patience_seconds:
            log.warning("playout.alone_for_too_long")
            stop.set()


def _is_held(supervisor: Path) -> bool:
    """What cannot be asked for may well be."""
    try:
        return holder_of(supervisor) is not None
    except OSError:
        return True
