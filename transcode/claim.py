"""Who a folder belongs to: a lock that the kernel takes back however its holder ends, and can tell the holder of."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FLOCK = struct.Struct("hhqqi0q")  # struct flock of fcntl(2): type, whence, start, length, pid


class Claimed(Exception):
    """Another process has it."""


@contextmanager
def claimed(path: Path, note: bytes = b"") -> Iterator[None]:
    """Ours for as long as the block; `note` stands in the file, if the disk has room. Claimed. OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise Claimed(str(path)) from error
        with suppress(OSError):
            file.truncate(0)
            file.write(note)
        yield


def holder_of(path: Path) -> int | None:
    """Its process id, 0 if that is of a container we don't see into; None when nobody has it. OSError.

    Not to be asked by the holder: it would lose its claim as soon as it closes any file of that name (fcntl(2)).
    """
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        with path.open("rb") as file:
            kind, *_, pid = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, asked))
    except FileNotFoundError:
        return None
    return None if kind == fcntl.F_UNLCK else int(pid)
