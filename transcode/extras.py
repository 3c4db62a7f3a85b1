"""What is made beside a finished recording: one file to take away, AAC for old players, a poster,
a storyboard, what an editor wants to see.

All of it can be made again from the recording. `transcode.finisher` makes it; `extras.json` is
written last and says of which state of the recording it was made.
"""

from pathlib import Path
from typing import Final

import msgspec

from transcode import edition, manifest
from transcode.access_unit import TrackKind
from transcode.playlist import Variant
from transcode.rungs import PROGRAMME
from transcode.store import index_file

SINGLE_FILE: Final = "recording.mp4"
AAC: Final = "aac"
POSTER: Final = "poster.jpg"
STORYBOARD: Final = "storyboard.vtt"
STORYBOARD_SHEET: Final = "storyboard.jpg"
CAMERA_FILE: Final = "camera-file.mp4"
WAVEFORM: Final = "waveform.bin"
SLIDES: Final = "slides.json"
LOUDNESS: Final = "loudness.json"
AAC_CODEC: Final = "mp4a.40.2"
_NOTE: Final = "extras.json"


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """`version` is the recording's; rates are bits a second of the AAC."""

    version: str
    peak_bps: int
    average_bps: int

    @property
    def aac(self) -> Variant:
        return Variant(self.peak_bps, self.average_bps, AAC_CODEC)


def version(folder: Path) -> str:
    """Changes when anything is added to the recording, and when it is edited."""
    sizes = (_size(folder / index_file(name)) for name in (PROGRAMME, TrackKind.VOICE))
    return "-".join(map(str, (*sizes, edition.read(folder)[-1].revision)))


def read(folder: Path) -> Extras | None:
    """What was made of the recording as it is now; None if nothing was."""
    try:
        noted = msgspec.json.decode((folder / _NOTE).read_bytes(), type=Extras)
    except (OSError, msgspec.MsgspecError):
        return None
    return noted if noted.version == version(folder) else None


def write(folder: Path, extras: Extras) -> None:
    manifest.replace(folder / _NOTE, msgspec.json.encode(extras))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
