"""The first page of a recording's folder: whose it is, on what timeline, what is missing."""

import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

_NAME: Final = "recording.json"


class Keeping(StrEnum):
    """Whether what happens is written down. The lecture is shown all the same."""

    OFF = "off"
    ON = "on"
    PAUSED = "paused"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`outages`, `pauses`: when nothing was recorded, in microseconds since the epoch. The pause
    that still lasts has begun at `paused_at`."""

    lecture: UUID
    epoch: datetime
    outages: tuple[tuple[int, int], ...] = ()
    pauses: tuple[tuple[int, int], ...] = ()
    paused_at: int | None = None
    keeping: Keeping = Keeping.ON
    is_finished: bool = False


def read(folder: Path) -> Manifest | None:
    """None if there is no recording in the folder."""
    try:
        data = (folder / _NAME).read_bytes()
    except FileNotFoundError:
        return None
    return msgspec.json.decode(data, type=Manifest)


def write(folder: Path, manifest: Manifest) -> None:
    replace(folder / _NAME, msgspec.json.encode(manifest))


def replace(path: Path, data: bytes) -> None:
    """Write a file so that either the old or the new one is there, whole, after a crash."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
