"""What another record store refused for good: a file of lines in the folder of the outbox.

A statement is not copied into it, so that erasing can't miss it; but the words of the refusal may
quote it, and so they go with their fact. All functions block.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

_LOCK: Final = threading.Lock()  # of this process; the lock of the file is of all


class Dead(msgspec.Struct, frozen=True, omit_defaults=True):
    """A statement that was refused for good; or one that breaks the destination, and is still sent."""

    seq: int
    id: UUID
    status: int
    reason: str
    waits_since: datetime | None = None

    @property
    def is_waiting(self) -> bool:
        return self.waits_since is not None


def add(folder: Path, dead: Sequence[Dead]) -> None:
    """On return the lines are on the disk. A statement that is refused again stands there once."""
    again = {one.seq for one in dead}
    _rewrite(folder, lambda lines: [*(one for one in lines if one.seq not in again), *dead])


def listed(folder: Path) -> list[Dead]:
    with _locked(folder):
        return _read(folder)


def forget(folder: Path, seqs: Iterable[int]) -> None:
    """Take out the lines about these facts."""
    gone = set(seqs)
    if (folder / "dead.jsonl").exists():
        _rewrite(folder, lambda lines: [one for one in lines if one.seq not in gone])


def _rewrite(folder: Path, change: Callable[[list[Dead]], list[Dead]]) -> None:
    with _locked(folder):
        fresh = folder / "dead.new"
        with fresh.open("wb") as file:
            file.writelines(msgspec.json.encode(one) + b"\n" for one in change(_read(folder)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / "dead.jsonl")


def _read(folder: Path) -> list[Dead]:
    try:
        lines = (folder / "dead.jsonl").read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [msgspec.json.decode(line, type=Dead) for line in lines]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The service may add a line while the command takes some out."""
    folder.mkdir(parents=True, exist_ok=True)
    with _LOCK, (folder / "dead.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
