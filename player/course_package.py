"""Many lectures in one offline package: a page that lists them, and the package of each in a folder of its own.

What was watched is handed in lecture by lecture, as with single packages. All of it blocks on the disk.
"""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from kernel.languages import Language
from player.package import PAGE, POSTER, Case, File, Package, as_json, days_of, fill, words_of
from transcode import extras
from transcode.access_unit import TrackKind
from transcode.store import media_file

FORMAT: Final = "daris-course-1"
MOST_LECTURES: Final = 60
_COURSE_PAGE: Final = Path(__file__).parent / "static" / "course"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What goes into one, in this order."""

    title: str
    made_at: datetime
    lectures: Sequence[Package]
    languages: Mapping[str, Language]
    locale: str


class _Manifest(msgspec.Struct, frozen=True):
    """manifest.json: what this is, and what must be in it, by the names within the zip."""

    format: str
    title: str
    made_at: datetime
    lectures: list[str]  # their folders, each with a manifest of its own
    files: dict[str, File]


def build(
    target: IO[bytes], course: Course, told: Callable[[int], None] = lambda _count: None
) -> None:
    """Write the zip; `target` need not be sought in. `told` hears how many lectures are in it."""
    folders = [f"lectures/{number:02}/" for number in range(1, len(course.lectures) + 1)]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as opened:
        whole = Case(opened)
        for page in sorted(_COURSE_PAGE.iterdir()):
            whole.file(page.name, page)
        whole.file("case.css", PAGE / "case.css")
        whole.text("data.js", f"window.DARIS_COURSE = {as_json(_shown(course, folders))};\n")
        for number, (folder, package) in enumerate(zip(folders, course.lectures, strict=True), 1):
            case = Case(opened, folder)
            fill(case, package)
            whole.files |= {folder + name: file for name, file in case.files.items()}
            told(number)
        whole.text("manifest.json", as_json(_manifest(course, folders, whole.files)))


def size_of(recording: Path) -> int:
    """About how many bytes the recording in the folder adds; its tracks while there is no MP4."""
    whole = recording / extras.SINGLE_FILE
    files = [whole] if whole.exists() else [recording / media_file(kind) for kind in TrackKind]
    return sum(file.stat().st_size for file in files if file.exists())


def _shown(course: Course, folders: Sequence[str]) -> dict[str, Any]:
    return {
        "title": course.title,
        "locale": course.locale,
        "lectures": [_line(*each) for each in zip(folders, course.lectures, strict=True)],
        "words": words_of(course.languages, _COURSE_PAGE / "course.js"),
    }


def _line(folder: str, package: Package) -> dict[str, Any]:
    has_poster = (package.folder / extras.POSTER).exists()
    return {
        "address": f"{folder}index.html",
        "package": package.id,
        "title": package.title,
        "lecturer": package.lecturer,
        "days": days_of(package),
        "length_ms": package.length_ms,
        "poster": folder + POSTER if has_poster else None,
    }


def _manifest(course: Course, folders: Sequence[str], files: dict[str, File]) -> _Manifest:
    return _Manifest(FORMAT, course.title, course.made_at, list(folders), files)
