"""How a finished recording is played: what is cut out of it, and its chapters.

Nothing is removed from the files. Each change is a new revision of a list that only grows, so that
every change can be taken back. Times are milliseconds since the first moment that was recorded, by
the clock on the wall: pauses count, and a later cut moves none of them.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec

from kernel.errors import Invalid
from transcode import manifest

_NAME: Final = "editions.json"
_SHORTEST_MS: Final = 1_000
MOST_CUTS: Final = 500

Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=7 * 24 * 3_600_000)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Cut(msgspec.Struct, frozen=True, order=True):
    """From `starts_ms` to before `ends_ms` is not played."""

    starts_ms: Milliseconds
    ends_ms: Milliseconds


class Chapter(msgspec.Struct, frozen=True, order=True):
    """A named moment; it lasts until the next one."""

    at_ms: Milliseconds
    title: Title


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """One revision. The first, 0, is the recording as it was taken."""

    revision: int = 0
    at: datetime | None = None
    cuts: tuple[Cut, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    dismissed_ms: tuple[Milliseconds, ...] = ()  # slides that shall not be proposed as chapters


AS_TAKEN: Final = Edition()


def read(folder: Path) -> list[Edition]:
    """All revisions, the oldest first; there is always one."""
    try:
        data = (folder / _NAME).read_bytes()
    except FileNotFoundError:
        return [AS_TAKEN]
    return msgspec.json.decode(data, type=list[Edition])


def write(folder: Path, editions: Iterable[Edition]) -> None:
    manifest.replace(folder / _NAME, msgspec.json.encode(list(editions)))


def merged(cuts: Iterable[Cut], length_ms: int) -> tuple[Cut, ...]:
    """In order, within the recording, none touching another. Invalid if they leave nothing."""
    joined: list[Cut] = []
    for cut in sorted(cuts):
        ends = min(cut.ends_ms, length_ms)
        if cut.starts_ms >= ends:
            continue
        if joined and cut.starts_ms <= joined[-1].ends_ms:
            joined[-1] = Cut(joined[-1].starts_ms, max(joined[-1].ends_ms, ends))
        else:
            joined.append(Cut(cut.starts_ms, ends))
    if length_ms - sum(cut.ends_ms - cut.starts_ms for cut in joined) < _SHORTEST_MS:
        raise Invalid("These cuts leave nothing of the recording; delete it instead.")
    return tuple(joined)
