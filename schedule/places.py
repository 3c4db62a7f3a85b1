"""Where the files of channels lie under the data folder."""

from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from kernel.settings import Settings
from schedule.looks import Look, look_named

_UUID_LENGTH: Final = 36


def channels_folder(settings: Settings) -> Path:
    return settings.data_dir / "channels"


def channel_folder(settings: Settings, channel_id: str) -> Path:
    """Plan, HLS, as-run log and slate of one channel."""
    return channels_folder(settings) / channel_id


def logo_file(settings: Settings, name: str) -> Path:
    """A logo's image for the conditioners of this node; the database has it, too."""
    return settings.data_dir / "logos" / f"{name}.png"


def captions_folder(settings: Settings, source: str) -> Path:
    """What a file of the library had of captions when it was conditioned; `source` as operators name it."""
    return settings.data_dir / "captions" / sha256(source.encode()).hexdigest()[:20]


def library_folder(settings: Settings) -> Path:
    """What operators put on air besides recordings."""
    return settings.data_dir / "library"


def recording_index(settings: Settings, lecture: object) -> Path:
    return settings.data_dir / "media" / str(lecture) / "index.m3u8"


def house_folder(settings: Settings) -> Path:
    """Conditioned media."""
    return settings.data_dir / "house"


def live_folder(settings: Settings, lecture: object, look: Look) -> Path:
    """Slots of a live lecture on their way to channels."""
    return live_folder_named(settings, f"{lecture}-{look}")


def live_folder_named(settings: Settings, name: str) -> Path:
    return settings.data_dir / "live" / name


def lecture_of(folder: Path) -> UUID:
    """Whose slots those are; the other way round."""
    return UUID(folder.name[:_UUID_LENGTH])


def look_in(folder: Path) -> Look:
    """In which look they are."""
    return look_named(folder.name[_UUID_LENGTH + 1 :])


def library_file(settings: Settings, name: str) -> Path | None:
    """The file that an operator names; None when the name leads out of the library."""
    folder = library_folder(settings).resolve()
    path = (folder / name).resolve() if "\0" not in name else folder
    return path if path != folder and path.is_relative_to(folder) else None
