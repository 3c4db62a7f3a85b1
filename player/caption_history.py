"""What captions were before they were changed: the newest versions of each language's file.

They lie beside the captions and go with them. All of it blocks on the disk.
"""

from pathlib import Path
from shutil import copy2, rmtree
from typing import Final

from kernel.errors import Conflict

MOST_VERSIONS: Final = 50  # of a language; the oldest goes first
_FOLDER: Final = "earlier"


def push(file: Path) -> None:
    """Remember the captions in `file`, which are about to be replaced; nothing if there are none."""
    if not file.exists():
        return
    folder = _folder(file)
    folder.mkdir(parents=True, exist_ok=True)
    versions = _versions(file)
    number = int(versions[-1].stem) + 1 if versions else 1
    copy2(file, folder / f"{number:06}.vtt")
    for oldest in versions[: max(0, len(versions) + 1 - MOST_VERSIONS)]:
        oldest.unlink()


def pop(file: Path) -> None:
    """Put the version before back in place. Conflict when there is none."""
    versions = _versions(file)
    if not versions:
        raise Conflict("There is no change to take back.")
    versions[-1].replace(file)


def has_any(file: Path) -> bool:
    return bool(_versions(file))


def forget(file: Path) -> None:
    """The captions are deleted, and what they were with them."""
    rmtree(_folder(file), ignore_errors=True)


def _versions(file: Path) -> list[Path]:
    """The oldest first."""
    return sorted(_folder(file).glob("[0-9]*.vtt"))


def _folder(file: Path) -> Path:
    return file.parent / _FOLDER / file.stem
