"""Captions that somebody writes while a lecture runs: shown over the live edge, kept beside its media.

A line belongs to the moment at which its words were said. The stream can show it only in segments that
nobody has fetched yet, so there it has times of its own.
"""

import os
from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from kernel.errors import Conflict, Invalid

MOST_LINES: Final = 20_000  # of a lecture
MOST_LANGUAGES: Final = 12
_FILE: Final = "captions/live.jsonl"
_READING_MS: Final = 60  # a character
_SHORTEST_MS: Final = 2_500
_LONGEST_MS: Final = 7_000


class CaptionLine(msgspec.Struct, frozen=True):
    """One caption. Times are milliseconds since the epoch of the recording."""

    id: UUID
    language: str
    text: str
    said_ms: int
    shown_ms: int  # in the live stream, to `until_ms`
    until_ms: int


class CaptionLines:
    """The lines of one lecture. Event loop only."""

    def __init__(self, lines: Iterable[CaptionLine] = ()) -> None:
        """`lines` are those from before a restart."""
        self.watchers: set[Callable[[CaptionLine], None]] = set()  # called with each that is kept
        self._known: dict[UUID, CaptionLine] = {}
        self._lines: dict[str, list[CaptionLine]] = {}
        for line in lines:
            self._add(line)

    @property
    def languages(self) -> list[str]:
        return sorted(self._lines)

    def of(self, language: str) -> Sequence[CaptionLine]:
        """In the order in which the stream shows them."""
        return self._lines.get(language, ())

    def find(self, line: UUID) -> CaptionLine | None:
        return self._known.get(line)

    def check(self, language: str) -> None:
        """Conflict or Invalid if there is no room for a line more."""
        if len(self._known) >= MOST_LINES:
            raise Conflict("This lecture has more captions than anybody can read.")
        if language not in self._lines and len(self._lines) >= MOST_LANGUAGES:
            raise Invalid("There are captions in very many languages already.")

    def place(
        self, line: UUID, language: str, text: str, *, said_ms: int, edge_ms: int
    ) -> CaptionLine:
        """Show the text from now on; once only for one id. `edge_ms`: what lies before is with the
        viewers already."""
        known = self._known.get(line)
        if known is None:
            shown_ms = max(said_ms, edge_ms)
            until_ms = shown_ms + reading_ms(text)
            known = CaptionLine(line, language, text, said_ms, shown_ms, until_ms)
            self._add(known)
        return known

    def tell(self, line: CaptionLine) -> None:
        """The line is kept, as far as it is to be."""
        for watcher in tuple(self.watchers):
            watcher(line)

    def _add(self, line: CaptionLine) -> None:
        if line.id not in self._known:
            self._known[line.id] = line
            insort(self._lines.setdefault(line.language, []), line, key=lambda one: one.shown_ms)


def reading_ms(text: str) -> int:
    """How long one needs to read it."""
    return min(max(len(text) * _READING_MS, _SHORTEST_MS), _LONGEST_MS)


def append(recording: Path, line: CaptionLine) -> None:
    """Keep the line in a recording's folder; on return it outlives the machine. OSError."""
    file = file_of(recording)
    file.parent.mkdir(exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    try:  # a line break first: what a crash has torn must not spoil this one
        os.write(descriptor, b"\n" + msgspec.json.encode(line))
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def read(recording: Path) -> list[CaptionLine]:
    """Each line once, in the order in which they came. Blocks on the disk."""
    try:
        return parse(file_of(recording).read_bytes())
    except FileNotFoundError:
        return []


def parse(data: bytes) -> list[CaptionLine]:
    """Without what is torn."""
    lines: dict[UUID, CaptionLine] = {}
    for record in data.split(b"\n"):
        try:
            line = msgspec.json.decode(record, type=CaptionLine)
        except msgspec.MsgspecError:
            continue
        lines.setdefault(line.id, line)
    return list(lines.values())


def file_of(recording: Path) -> Path:
    return recording / _FILE
