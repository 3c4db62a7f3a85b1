"""The captions of a recording: one WebVTT file a language, in the recording's folder.

So they go where the recording goes, and are gone with it. All of it blocks on the disk.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from kernel.errors import Invalid, NotFound
from player.captions import Cue, parse, webvtt
from transcode.manifest import replace

MOST_LANGUAGES: Final = 12
_TAG: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,2}")  # the BCP 47 tags that we take
_FOLDER: Final = "captions"


class Captions(msgspec.Struct, frozen=True):
    """What is there in one language."""

    language: str
    updated_at: datetime


def language_of(text: str) -> str:
    """A language tag in small letters; Invalid. It becomes the name of a file."""
    tag = text.lower()
    if not _TAG.fullmatch(tag):
        raise Invalid("A language is a tag like kk, ru or en-gb.")
    return tag


def keep(recording: Path, language: str, cues: Sequence[Cue]) -> None:
    """Store the captions in place of those in that language. Invalid when there are too many."""
    folder = recording / _FOLDER
    folder.mkdir(exist_ok=True)
    others = {each.language for each in listed(recording)} - {language}
    if len(others) >= MOST_LANGUAGES:
        raise Invalid("There are captions in very many languages already; delete some.")
    replace(_file(recording, language), webvtt(cues).encode())


def listed(recording: Path) -> list[Captions]:
    """By language."""
    files = sorted((recording / _FOLDER).glob("*.vtt"))
    return [Captions(file.stem, _changed(file)) for file in files if _TAG.fullmatch(file.stem)]


def read(recording: Path, language: str) -> list[Cue]:
    """The cues in that language; NotFound."""
    return parse(file(recording, language).read_bytes())


def file(recording: Path, language: str) -> Path:
    """The WebVTT itself; NotFound."""
    found = _file(recording, language)
    if not found.exists():
        raise NotFound("There are no captions in this language.")
    return found


def delete(recording: Path, language: str) -> None:
    file(recording, language).unlink(missing_ok=True)


def _file(recording: Path, language: str) -> Path:
    return recording / _FOLDER / f"{language_of(language)}.vtt"


def _changed(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
