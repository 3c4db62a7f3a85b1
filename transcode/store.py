"""Growing media files with their indexes, and the same interface over nothing at all."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, Self

from transcode.index import (
    EndNoted,
    InitNoted,
    PartNoted,
    Record,
    SegmentNoted,
    SkippedNoted,
    pack,
    unpack,
)
from transcode.segments import Stretch

_BOX_HEAD: Final = 8
_CHECKED: Final = 64  # records at the end whose boxes are looked at


class Store(Protocol):
    """Where a rendition's bytes go. One thread; `sync` may be called from another."""

    @property
    def is_kept(self) -> bool:
        """True if what was appended can be read again later."""
        ...

    def append(self, data: bytes) -> Stretch: ...

    def note(self, record: Record) -> None: ...

    def sync(self) -> None: ...

    def close(self) -> None: ...


class MemoryStore:
    """Counts offsets and keeps nothing: a lecture that is not recorded."""

    is_kept = False

    def __init__(self) -> None:
        self._size = 0

    def append(self, data: bytes) -> Stretch:
        stretch = Stretch("", self._size, len(data))
        self._size += len(data)
        return stretch

    def note(self, record: Record) -> None:
        """Nobody will read it."""

    def sync(self) -> None:
        """Nothing is to be kept."""

    def close(self) -> None:
        """Nothing is open."""


class FileStore:
    """An append-only file of media and an append-only index.

    The media goes first: a record stands only for bytes that were written before it.
    Both are one `write` each, so that they outlive the process at once; `sync` makes them
    outlive the machine. OSError if the disk is full.
    """

    is_kept = True

    def __init__(self, folder: Path, name: str) -> None:
        self._file = media_file(name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._media = os.open(folder / self._file, flags, 0o640)
        self._index = os.open(folder / index_file(name), flags, 0o640)
        self.size = os.fstat(self._media).st_size

    def append(self, data: bytes) -> Stretch:
        stretch = Stretch(self._file, self.size, len(data))
        _write_all(self._media, data)
        self.size += len(data)
        return stretch

    def note(self, record: Record) -> None:
        _write_all(self._index, pack(record))

    def sync(self) -> None:
        """Wait until all is on the disk. The media first."""
        os.fdatasync(self._media)
        os.fdatasync(self._index)

    def close(self) -> None:
        for descriptor in (self._media, self._index):
            with suppress(OSError):
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def media_file(name: str) -> str:
    return f"{name}.mp4"


def index_file(name: str) -> str:
    return f"{name}.index"


def read_stretch(folder: Path, stretch: Stretch) -> bytes:
    """The bytes, which must all be there: OSError otherwise."""
    descriptor = os.open(folder / stretch.file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.pread(descriptor, stretch.size, stretch.offset)
    finally:
        os.close(descriptor)
    if len(data) < stretch.size:
        raise OSError(f"{stretch.file} is shorter than its index says")
    return data


def read_index(folder: Path, name: str) -> list[Record]:
    """The whole records of an index; empty if there is none."""
    try:
        data = (folder / index_file(name)).read_bytes()
    except FileNotFoundError:
        return []
    return [record for _, record in unpack(data)]


def note_skipped(folder: Path, name: str, skipped: SkippedNoted) -> None:
    """Go on with other numbers. Nobody else may have the index open, whose tail is whole."""
    with (folder / index_file(name)).open("ab") as index:
        index.write(pack(skipped))


def cut_torn_tail(folder: Path, name: str) -> list[Record]:
    """Leave only whole records whose media is whole too, and no media without a record; what is left.

    Nobody else may have the files open. A rendition that refers to other files must be cut
    after those.
    """
    index = folder / index_file(name)
    if not index.exists():
        return []
    records = list(unpack(index.read_bytes()))
    while records and not _is_whole(folder, records):
        records.pop()
    os.truncate(index, records[-1][0] if records else 0)
    media = folder / media_file(name)
    if media.exists() and media.stat().st_size:
        stretches = (_stretch(record) for _, record in reversed(records))
        own = (each.end for each in stretches if each and each.file == media.name)
        os.truncate(media, next(own, 0))
    return [record for _, record in records]


def _is_whole(folder: Path, records: list[tuple[int, Record]]) -> bool:
    """True if the media of the last records is there."""
    stretches = (_stretch(record) for _, record in records[-_CHECKED:])
    return all(_is_there(folder, stretch) for stretch in stretches if stretch)


def _is_there(folder: Path, stretch: Stretch) -> bool:
    """True if the boxes of the stretch fill it, or if it was never to be written."""
    if not stretch.is_kept:
        return True
    try:
        data = read_stretch(folder, stretch)
    except OSError:
        return False
    at = 0
    while at + _BOX_HEAD <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < _BOX_HEAD:
            return False
        at += size
    return at == len(data)


def _stretch(record: Record) -> Stretch | None:
    match record:
        case InitNoted() | PartNoted():
            return Stretch(record.file, record.offset, record.size)
        case SegmentNoted() | EndNoted() | SkippedNoted():
            return None


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
