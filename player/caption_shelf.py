"""The captions of a recording: one WebVTT file a language, in the recording's folder.

So they go where the recording goes, and are gone with it. A file says of which revision its times are:
of the first, which cuts nothing, so that a caption in a cut is not lost; files of older versions say
another one. What is read is moved to the newest. All of it blocks on the disk.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Final

import msgspec

from kernel.errors import Invalid, NotFound
from player import caption_history
from player.captions import Cue, parse, webvtt
from player.live_captions import recorded_cues
from transcode import caption_lines, contents, manifest, shelf
from transcode.caption_lines import CaptionLine
from transcode.manifest import replace
from transcode.revisions import Revisions
from transcode.rungs import PROGRAMME

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
    """Store the captions, in times of the newest revision, in place of those in that language; what
    lies in a cut stays. Invalid when there are too many."""
    settle(recording)
    others = {each.language for each in _files(recording)} - {language}
    if len(others) >= MOST_LANGUAGES:
        raise Invalid("There are captions in very many languages already; delete some.")
    revisions = Revisions.read(recording)
    file = _file(recording, language)
    before = _uncut(file, revisions) if file.exists() else []
    _store(file, _rewritten(before, cues, revisions))


def listed(recording: Path) -> list[Captions]:
    """By language."""
    settle(recording)
    return _files(recording)


def read(recording: Path, language: str) -> list[Cue]:
    """The cues in that language as the newest revision plays them; NotFound. What is spoken in a
    cut is left out."""
    settle(recording)
    found, revisions = _existing(recording, language), Revisions.read(recording)
    cues, revision = _noted(found, revisions)
    if revision == revisions.newest:
        return cues
    whole = (_whole(cue, revisions, revision) for cue in cues)
    return sorted(moved for cue in whole if (moved := _moved(cue, revisions)))


def settle(recording: Path) -> None:
    """Make captions of what was written while the lecture ran; done once, when it is over."""
    lines = caption_lines.file_of(recording)
    noted = manifest.read(recording) if lines.exists() else None
    if noted is None or not noted.is_finished:
        return
    with lines.open("rb") as file:
        flock(file, LOCK_EX)
        if lines.exists():  # else somebody has done it meanwhile
            _take_over(recording, caption_lines.parse(file.read()))
            lines.unlink()


def _take_over(recording: Path, lines: Sequence[CaptionLine]) -> None:
    """They join those that are there: a lecture may go on after its recording was finished."""
    revisions = Revisions.read(recording)
    programme = shelf.kept(contents.read(recording, PROGRAMME)).segments
    for language in {line.language for line in lines}:
        file = _file(recording, language)
        cues = recorded_cues((line for line in lines if line.language == language), programme)
        before = _uncut(file, revisions) if file.exists() else []
        _store(file, sorted({*before, *cues}))


def _store(file: Path, uncut: Sequence[Cue]) -> None:
    file.parent.mkdir(exist_ok=True)
    caption_history.push(file)
    replace(file, webvtt(uncut, note="revision 0").encode())


def _uncut(file: Path, revisions: Revisions) -> list[Cue]:
    """The cues of a file in uncut time, also those that lie in a cut."""
    cues, revision = _noted(file, revisions)
    return [_whole(cue, revisions, revision) for cue in cues]


def _noted(file: Path, revisions: Revisions) -> tuple[list[Cue], int]:
    """The cues of a file, and the revision of their times."""
    data = file.read_bytes()
    noted = _REVISION.match(data)
    revision = int(noted[1]) if noted else revisions.at(_changed(file))
    return (parse(data) if b"-->" in data else []), revision


def _whole(cue: Cue, revisions: Revisions, revision: int) -> Cue:
    spans = revisions.uncut_spans([(cue.begin_ms, cue.end_ms)], revision)
    if not spans:  # it lies beyond the end
        begin_ms = revisions.uncut(cue.begin_ms, revision)
        return Cue(begin_ms, begin_ms + cue.end_ms - cue.begin_ms, cue.text)
    return Cue(spans[0][0], spans[-1][1], cue.text)


def _moved(cue: Cue, revisions: Revisions) -> Cue | None:
    """A caption over a cut is one all the same; one in a cut is none."""
    spans = revisions.spans([(cue.begin_ms, cue.end_ms)], 0)
    return Cue(spans[0][0], spans[-1][1], cue.text) if spans else None


def _rewritten(before: Sequence[Cue], cues: Sequence[Cue], revisions: Revisions) -> list[Cue]:
    """The cues in uncut time. Those that are as they were keep what a cut hides of them, and those
    that it hides whole were not to be seen, so nobody has deleted them."""
    moved = [(cue, _moved(cue, revisions)) for cue in before]
    known = {shown: cue for cue, shown in moved if shown}
    written = [known.get(cue) or _whole(cue, revisions, revisions.newest) for cue in cues]
    return sorted([*written, *(cue for cue, shown in moved if shown is None)])


def delete(recording: Path, language: str) -> None:
    settle(recording)
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
    settle(recording)
    caption_history.pop(_file(recording, language))


def has_earlier(recording: Path, language: str) -> bool:
    """True if there is something to take back."""
    return caption_history.has_any(_file(recording, language))


def _file(recording: Path, language: str) -> Path:
    return recording / _FOLDER / f"{language_of(language)}.vtt"


def _files(recording: Path) -> list[Captions]:
    files = sorted((recording / _FOLDER).glob("*.vtt"))
    return [Captions(file.stem, _changed(file)) for file in files if _TAG.fullmatch(file.stem)]


def _changed(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
