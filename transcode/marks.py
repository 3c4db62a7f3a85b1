"""Chapters and changes of slides as date ranges of a recording's playlists (RFC 8216bis 4.4.5.1)."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from transcode import edition, playlist
from transcode.edition import Edition
from transcode.extras import SLIDES

CHAPTER: Final = "kz.daris.chapter"
SLIDE: Final = "kz.daris.slide"
_NOT_QUOTED: Final = str.maketrans({'"': "”", "\n": " ", "\r": " "})  # 4.2, quoted-string


class _Slides(msgspec.Struct, frozen=True):
    at_ms: tuple[int, ...] = ()


def slides_in(folder: Path) -> tuple[int, ...]:
    """When slides began, in milliseconds since the first moment that was recorded. Blocks on the disk."""
    try:
        return msgspec.json.decode((folder / SLIDES).read_bytes(), type=_Slides).at_ms
    except (OSError, msgspec.MsgspecError):
        return ()


def of(folder: Path) -> tuple[Edition, tuple[int, ...]]:
    """What `text` takes besides: the newest edition, and when slides began. Blocks on the disk."""
    return edition.read(folder)[-1], slides_in(folder)


def text(begins: datetime, chosen: Edition, slides_ms: Iterable[int]) -> str:
    """The lines for what the edition plays, each lasting until the next of its class. `begins`: the first
    moment that was recorded."""
    shown = sorted(set(slides_ms) - set(chosen.dismissed_ms))
    ranges = [(CHAPTER, each.at_ms, each.title) for each in chosen.chapters]
    ranges += [(SLIDE, at_ms, "") for at_ms in shown]
    return "".join(_lines(begins, chosen, ranges))


def _lines(
    begins: datetime, chosen: Edition, ranges: Iterable[tuple[str, int, str]]
) -> Iterator[str]:
    for number, (kind, at_ms, title) in enumerate(ranges):
        if any(cut.starts_ms <= at_ms < cut.ends_ms for cut in chosen.cuts):
            continue
        at = playlist.moment(begins + timedelta(milliseconds=at_ms))
        named = f',X-KZ-DARIS-TITLE="{title.translate(_NOT_QUOTED)}"' if title else ""
        yield (
            f'#EXT-X-DATERANGE:ID="{kind.rpartition(".")[2]}-{number}",CLASS="{kind}",'
            f'START-DATE="{at}",END-ON-NEXT=YES{named}\n'
        )
