"""The captions of a recording: one WebVTT file a language, in the recording's folder.

So they go where the recording goes, and are gone with it. A file keeps the times of the revision for
which it was put there, and says of which; what is read is moved to the newest. All of it blocks on
the disk.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from kernel.errors import Invalid, NotFound
from player import caption_history
from player.captions import Cue, parse, webvtt
from transcode.manifest import replace
from transcode.revisions import Revisions

MOST_LANGUAGES: Final = 12
_TAG: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,2}")  # the BCP 47 tags that we take
_FOLDER: Final = "captions"
_REVISION: Final = re.compile(rb"WEBVTT revision (\d{1,7})\n")


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
    caption_history.push(_file(recording, language))
    revision = Revisions.read(recording).newest
    replace(_file(recording, language), webvtt(cues, note=f"revision {revision}").encode())


def listed(recording: Path) -> list[Captions]:
    """By language."""
    files = sorted((recording / _FOLDER).glob("*.vtt"))
    return [Captions(file.stem, _changed(file)) for file in files if _TAG.fullmatch(file.stem)]


def read(recording: Path, language: str) -> list[Cue]:
    """The cues in that language as the newest revision plays them; NotFound. What is spoken in a
    cut is left out."""
    found = _existing(recording, language)
    data, revisions = found.read_bytes(), Revisions.read(recording)
    noted = _REVISION.match(data)
    revision = int(noted[1]) if noted else revisions.at(_changed(found))
    return [moved for cue in parse(data) if (moved := _moved(cue, revisions, revision))]


def _moved(cue: Cue, revisions: Revisions, revision: int) -> Cue | None:
    """A caption over a cut is one all the same."""
    spans = revisions.spans([(cue.begin_ms, cue.end_ms)], revision)
    return Cue(spans[0][0], spans[-1][1], cue.text) if spans else None


def delete(recording: Path, language: str) -> None:
    found = _existing(recording, language)
    found.unlink(missing_ok=True)
    caption_history.forget(found)


def _existing(recording: Path, language: str) -> Path:
    found = _file(recording, language)
    if not found.exists():
        raise NotFound("There are no captions in this language.")
    return found


def take_back(recording: Path, language: str) -> None:
    """Put the captions back as they were before they were last kept; Conflict."""
    caption_history.pop(_file(recording, language))


def has_earlier(recording: Path, language: str) -> bool:
    """True if there is something to take back."""
    return caption_history.has_any(_file(recording, language))


def _file(recording: Path, language: str) -> Path:
    return recording / _FOLDER / f"{language_of(language)}.vtt"


def _changed(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
