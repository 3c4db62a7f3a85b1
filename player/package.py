"""The offline package of a lecture (case technology): a zip that plays from a USB stick.

Everything is in it: the recording as MP4, captions and transcripts, the chat if it may be, results of
polls that all were shown, a page that needs no network, and a manifest with the checksum of each file.
All of it blocks on the disk.
"""

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kernel.languages import Language
from kernel.pages import HOUSE_ZONE
from kernel.times import in_words
from player import caption_shelf
from player.captions import Cue, transcript, webvtt
from schedule.questions import Question
from transcode import extras, jobs
from transcode.jobs import Job

FORMAT: Final = "daris-package-1"
PAGE: Final = Path(__file__).parent / "static" / "case"
_PIECE: Final = 1 << 20  # bytes copied at a time
_MP4: Final = "media/lecture.mp4"
_CAMERA: Final = "media/camera.mp4"
POSTER: Final = "media/poster.jpg"


class Line(msgspec.Struct, frozen=True):
    """A line of chat at its moment of the recording."""

    at_ms: int
    name: str
    text: str


class Polled(msgspec.Struct, frozen=True):
    """A poll at the moment of the recording when it ended: how many answered, and how many chose what."""

    at_ms: int
    question: Question
    answered: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What goes into one. `chat` is None where it shall stay out."""

    id: UUID
    key: bytes
    made_at: datetime
    lecture: UUID
    title: str
    lecturer: str
    started_at: datetime
    length_ms: int
    folder: Path  # the recording's; its extras are made
    languages: Mapping[str, Language]
    locale: str
    chat: Sequence[Line] | None = None
    polls: Sequence[Polled] = ()


class File(msgspec.Struct, frozen=True):
    """A line of the manifest."""

    sha256: str
    size: int


class _Manifest(msgspec.Struct, frozen=True):
    """manifest.json: what this is, and what must be in it."""

    format: str
    package: UUID
    made_at: datetime
    lecture: UUID
    title: str
    lecturer: str
    started_at: datetime
    length_ms: int
    has_chat: bool
    files: dict[str, File]


@dataclass(slots=True)
class Case:
    """The zip that grows, and the checksums of what is in it. Media are stored as they are."""

    zip: zipfile.ZipFile
    folder: str = ""  # within the zip, with a slash at its end
    files: dict[str, File] = field(default_factory=dict)  # by their names within the folder

    def text(self, name: str, text: str) -> None:
        self.data(name, text.encode())

    def data(self, name: str, data: bytes) -> None:
        self.zip.writestr(self.folder + name, data, compress_type=zipfile.ZIP_DEFLATED)
        self.files[name] = File(hashlib.sha256(data).hexdigest(), len(data))

    def file(self, name: str, path: Path) -> None:
        checksum, size = hashlib.sha256(), 0
        with (
            path.open("rb") as source,
            self.zip.open(self.folder + name, "w", force_zip64=True) as target,
        ):
            while piece := source.read(_PIECE):
                checksum.update(piece)
                target.write(piece)
                size += len(piece)
        self.files[name] = File(checksum.hexdigest(), size)


def build(target: IO[bytes], package: Package) -> None:
    """Write the zip. OSError when the disk does not take it."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as opened:
        fill(Case(opened), package)


def fill(case: Case, package: Package) -> None:
    """Put all of one lecture's package into the case, its manifest last."""
    captions = _captions(package.folder)
    for page in sorted(PAGE.iterdir()):
        case.file(page.name, page)
    case.text("data.js", f"window.DARIS_CASE = {as_json(_shown(package, captions))};\n")
    case.file(_MP4, package.folder / extras.SINGLE_FILE)
    if _has_camera(package):
        case.file(_CAMERA, package.folder / extras.CAMERA_FILE)
    if (package.folder / extras.POSTER).exists():
        case.file(POSTER, package.folder / extras.POSTER)
    for language, cues in captions.items():
        case.text(f"captions/{language}.vtt", webvtt(cues))
        case.text(f"transcript/{language}.txt", transcript(cues))
    if package.chat is not None:
        case.text("chat.json", as_json(package.chat))
    if package.polls:
        case.text("polls.json", as_json(package.polls))
    case.text("manifest.json", as_json(_manifest(package, case.files)))


def _captions(folder: Path) -> dict[str, list[Cue]]:
    listed = caption_shelf.listed(folder)
    return {each.language: caption_shelf.read(folder, each.language) for each in listed}


def _shown(package: Package, captions: Mapping[str, Sequence[Cue]]) -> dict[str, Any]:
    """What the page needs; a page from a stick may not read files, so it is a script."""
    return {
        "package": package.id,
        "key": package.key.hex(),
        "lecture": package.lecture,
        "title": package.title,
        "lecturer": package.lecturer,
        "days": days_of(package),
        "length_ms": package.length_ms,
        "locale": package.locale,
        "media": _MP4,
        "camera": _CAMERA if _has_camera(package) else None,
        "poster": POSTER if (package.folder / extras.POSTER).exists() else None,
        "captions": captions,
        "chat": package.chat,
        "polls": package.polls,
        "words": words_of(package.languages, PAGE / "case.js"),
    }


def _has_camera(package: Package) -> bool:
    """One that is of the same revision as the lecture's file."""
    folder = package.folder
    return Job.CAMERA in jobs.due(folder) and jobs.is_made(folder, Job.CAMERA)


def days_of(package: Package) -> dict[str, str]:
    """The day of the lecture in each language: a browser may have no words for Kazakh."""
    zone = ZoneInfo(HOUSE_ZONE)
    return {
        locale: in_words(package.started_at, "date", zone=zone, locale=locale)
        for locale in package.languages
    }


def words_of(languages: Mapping[str, Language], page: Path) -> dict[str, dict[str, Any]]:
    """In every language, of all that scripts say what this page's script says."""
    script = page.read_text()
    return {
        locale: {said: words for said, words in language.words.items() if f'"{said}"' in script}
        for locale, language in languages.items()
    }


def _manifest(package: Package, files: dict[str, File]) -> _Manifest:
    return _Manifest(
        format=FORMAT,
        package=package.id,
        made_at=package.made_at,
        lecture=package.lecture,
        title=package.title,
        lecturer=package.lecturer,
        started_at=package.started_at,
        length_ms=package.length_ms,
        has_chat=package.chat is not None,
        files=dict(files),
    )


def as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
