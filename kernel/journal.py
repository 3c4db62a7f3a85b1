"""The journal: a local, append-only log that makes facts durable before anyone sees them.

A folder of segments named by their number. A record is `length u32le, crc32 u32le, payload`.
One thread writes: it takes whatever is waiting, writes it at once and fsyncs once (group commit).
The reader's position stands in `drained`; a record may be handed out twice, never lost, so the
consumer must be idempotent. A tail torn by a crash was never acknowledged and is cut at opening.
"""

import asyncio
import fcntl
import os
import queue
import struct
import threading
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import structlog
from prometheus_client import Counter, Gauge, Histogram

from kernel.errors import SettingsError, TooLarge, Unavailable
from kernel.facts import Fact, encode

log = structlog.get_logger()

APPENDED = Counter("daris_journal_records", "Records made durable")
BACKLOG = Gauge("daris_journal_backlog_bytes", "Durable bytes that are not drained yet")
COMMIT_SECONDS = Histogram(
    "daris_journal_commit_seconds",
    "Time of one write and fsync",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
)

_HEADER = struct.Struct("<II")
MAX_RECORD = 1 << 20  # bytes
_STRETCH = 8 << 20  # bytes read at once; holds several records of any size
_MAX_WAITING = 20_000  # records; beyond, the disk has stopped and producers are told so


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place between two records."""

    segment: int
    offset: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to drain; acknowledge it once they are kept elsewhere."""

    records: tuple[bytes, ...]
    end: Position


@dataclass(slots=True)
class _Waiting:
    records: tuple[bytes, ...]
    done: asyncio.Future[None]
    begins_segment: bool = False


@dataclass(slots=True)
class _Tail:
    """The open end of the log. Belongs to the writer thread."""

    folder: Path
    segment: int
    file: BinaryIO = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.open_segment(self.segment)

    def open_segment(self, number: int) -> None:
        file = _path(self.folder, number).open("ab", buffering=0)
        _sync_folder(self.folder)
        self.segment, self.file, self.size = number, file, file.tell()

    def write(self, data: bytes) -> None:
        """Append and fsync; on an error nothing of `data` stays."""
        try:
            view = memoryview(data)
            while view:
                view = view[self.file.write(view) :]
            os.fdatasync(self.file.fileno())
        except OSError:
            self.file.truncate(self.size)
            raise
        self.size += len(data)


class Journal:
    """See the module. Made by `open_journal`; implements `kernel.facts.Recorder`."""

    def __init__(self, folder: Path, *, segment_bytes: int = 16 << 20) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(_MAX_WAITING)
        self._grown = asyncio.Event()
        self._drained = _load_position(folder)
        newest = max(_numbers(folder), default=self._drained.segment)
        _cut_torn_tail(folder, newest)
        self._tail = _Tail(folder, newest)
        self._end = Position(newest, self._tail.size)
        self._drained = min(self._drained, self._end)
        self._thread = threading.Thread(target=self._write_until_told, name="journal")

    async def record(self, *facts: Fact) -> None:
        """Keep facts; on return they survive the end of the process and of the machine."""
        await self.append(*(encode(fact) for fact in facts))

    async def append(self, *records: bytes) -> None:
        """Keep records, all or none.

        Raises TooLarge for one over 1 MiB, Unavailable when the disk takes no more.
        """
        for record in records:
            if not 0 < len(record) <= MAX_RECORD:
                raise TooLarge("This fact is too large to be kept.")
        done: asyncio.Future[None] = self._loop.create_future()
        try:
            self._waiting.put_nowait(_Waiting(records, done))
        except queue.Full as error:
            raise Unavailable("The disk does not keep up; try again in a moment.") from error
        await done

    async def rotate(self) -> int:
        """Begin a new segment; its number. Segments before it are removed once they are drained,
        and with them the last copy of their facts in this folder."""
        done: asyncio.Future[None] = self._loop.create_future()
        await asyncio.to_thread(self._waiting.put, _Waiting((), done, begins_segment=True))
        await done
        return self._end.segment

    async def read(self, limit: int = 500) -> Batch:
        """Wait for records that are not acknowledged yet, oldest first, `limit` at most."""
        while self._drained >= self._end:
            self._grown.clear()
            await self._grown.wait()
        return await asyncio.to_thread(_read, self._folder, self._drained, self._end, limit)

    async def acknowledge(self, batch: Batch) -> None:
        """The batch is kept elsewhere: go on behind it, and drop segments that are done with."""
        await asyncio.to_thread(_store_position, self._folder, batch.end)
        self._drained = batch.end
        BACKLOG.set(self.backlog_bytes())

    @property
    def drained(self) -> Position:
        """All before it is kept elsewhere."""
        return self._drained

    @property
    def end(self) -> Position:
        """All before it is durable."""
        return self._end

    def backlog_bytes(self) -> int:
        """Durable bytes that are not drained yet; 0 means that all is drained."""
        if self._end.segment == self._drained.segment:
            return self._end.offset - self._drained.offset
        files = (_path(self._folder, number) for number in _numbers(self._folder))
        return sum(file.stat().st_size for file in files) - self._drained.offset

    def start(self) -> None:
        self._thread.start()

    async def aclose(self) -> None:
        """Write what waits, then stop the thread."""
        await asyncio.to_thread(self._waiting.put, None)
        await asyncio.to_thread(self._thread.join)

    def _write_until_told(self) -> None:
        told = False
        while not told:
            batch = []
            for item in self._take():
                if item is None:
                    told = True
                else:
                    batch.append(item)
            if batch:
                self._commit(batch)
        self._tail.file.close()

    def _take(self) -> Iterator[_Waiting | None]:
        """Whatever waits; at least one."""
        yield self._waiting.get()
        while True:
            try:
                yield self._waiting.get_nowait()
            except queue.Empty:
                return

    def _commit(self, batch: list[_Waiting]) -> None:
        data = b"".join(_frame(record) for item in batch for record in item.records)
        error: OSError | None = None
        try:
            asked = any(item.begins_segment for item in batch) and self._tail.size > 0
            if asked or self._tail.size >= self._segment_bytes:
                full = self._tail.file
                self._tail.open_segment(self._tail.segment + 1)
                full.close()
            with COMMIT_SECONDS.time():
                self._tail.write(data)
        except OSError as failure:
            error = failure
            log.error("journal.write_failed", reason=str(failure))
        end = Position(self._tail.segment, self._tail.size)
        self._loop.call_soon_threadsafe(self._settle, batch, end, error)

    def _settle(self, batch: list[_Waiting], end: Position, error: OSError | None) -> None:
        self._end = end
        self._grown.set()
        for item in batch:
            if item.done.done():
                continue
            if error is None:
                item.done.set_result(None)
            else:
                item.done.set_exception(
                    Unavailable(f"This can't be kept now: the disk says {error.strerror}.")
                )
        if error is None:
            APPENDED.inc(sum(len(item.records) for item in batch))


@asynccontextmanager
async def open_journal(folder: Path, *, segment_bytes: int = 16 << 20) -> AsyncIterator[Journal]:
    """Open the journal in `folder`; SettingsError when another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(
                f"Another Daris process uses {folder}; give this one its own DARIS_DATA_DIR."
            ) from error
        journal = Journal(folder, segment_bytes=segment_bytes)
        journal.start()
        try:
            yield journal
        finally:
            await journal.aclose()


def records_in(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The whole records at the head of `data`, each with the offset behind it; stops at the
    first that is torn or damaged."""
    at = 0
    while at + _HEADER.size <= len(data):
        if not _is_record(data, at):
            return
        body = at + _HEADER.size
        at = body + _HEADER.unpack_from(data, at)[0]
        yield data[body:at], at


def _frame(record: bytes) -> bytes:
    return _HEADER.pack(len(record), zlib.crc32(record)) + record


def _read(folder: Path, start: Position, end: Position, limit: int) -> Batch:
    """Whole records from `start` on. Damage, as by a failing disk, is passed over and said."""
    is_newest = start.segment == end.segment
    data = _stretch(_path(folder, start.segment), start.offset, end.offset if is_newest else None)
    records, at = _whole(data, limit)
    if not records and data:
        at = _behind_damage(data)
        log.error("journal.damage_skipped", segment=start.segment, offset=start.offset, bytes=at)
    if not data and not is_newest:
        return Batch((), Position(start.segment + 1, 0))
    return Batch(tuple(records), Position(start.segment, start.offset + at))


def _stretch(path: Path, start: int, end: int | None) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(_STRETCH if end is None else min(end - start, _STRETCH))


def _whole(data: bytes, limit: int) -> tuple[list[bytes], int]:
    """Up to `limit` records at the head of `data`, and the offset behind them."""
    found = list(islice(records_in(data), limit))
    return [record for record, _ in found], found[-1][1] if found else 0


def _behind_damage(data: bytes) -> int:
    """Where the next whole record begins, or the end of `data`."""
    places = range(1, len(data) - _HEADER.size)
    return next((at for at in places if _is_record(data, at)), len(data))


def _is_record(data: bytes, at: int) -> bool:
    length, checksum = _HEADER.unpack_from(data, at)
    end = at + _HEADER.size + length
    if not 0 < length <= MAX_RECORD or end > len(data):
        return False
    return bool(zlib.crc32(memoryview(data)[at + _HEADER.size : end]) == checksum)


def _cut_torn_tail(folder: Path, newest: int) -> None:
    path = _path(folder, newest)
    if not path.exists():
        return
    data = path.read_bytes()
    whole = _end_of_last(data)
    if whole < len(data):
        log.warning("journal.torn_tail_cut", segment=newest, bytes=len(data) - whole)
        with path.open("r+b") as file:
            file.truncate(whole)
            os.fsync(file.fileno())


def _end_of_last(data: bytes) -> int:
    """Behind the last whole record, whatever is damaged before it."""
    at = whole = 0
    while at < len(data):
        found = max((behind for _, behind in records_in(data[at:])), default=0)
        whole = at + found if found else whole
        at += found or _behind_damage(data[at:])
    return whole


def _load_position(folder: Path) -> Position:
    try:
        segment, offset = (folder / "drained").read_text().split()
    except FileNotFoundError:
        return Position(min(_numbers(folder), default=1), 0)
    return Position(int(segment), int(offset))


def _store_position(folder: Path, position: Position) -> None:
    fresh = folder / "drained.new"
    with fresh.open("w") as file:
        file.write(f"{position.segment} {position.offset}")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / "drained")
    for number in _numbers(folder):
        if number < position.segment:
            _path(folder, number).unlink(missing_ok=True)


def _numbers(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.log"))


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.log"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
