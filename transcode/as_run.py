"""What really went on air, one JSON line at each change, one file a day."""

from datetime import datetime
from pathlib import Path

import msgspec

from transcode.assembler import Shown
from transcode.house import moment_of


class Aired(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From `at` on this was shown, until the next line. Without `programme` nothing was planned."""

    at: datetime
    slate: bool
    programme: str | None = None
    key: str | None = None
    title: str | None = None
    planned_at: datetime | None = None
    reason: str | None = None
    operator: str | None = None  # who took it; none follows the plan
    media: str | None = None  # SHA-256 of the conditioned media, as its report tells
    source: str | None = None  # of that media
    resumed: bool = False  # the channel process began here


class _Report(msgspec.Struct, frozen=True):
    sha256: str | None = None


class AsRun:
    """Appends; a full disk costs the line, never the channel."""

    def __init__(self, folder: Path, media: Path) -> None:
        """`media` is what the paths in the plan are relative to."""
        self._folder = folder
        self._media = media
        self._last: tuple[str | None, str | None, bool] | None = None

    def note(self, shown: Shown) -> Aired | None:
        """Write a line if `shown` is something else than before; return it."""
        item = shown.item
        state = (item.programme if item else None, shown.reason, shown.is_slate)
        if state == self._last:
            return None
        aired = Aired(
            at=moment_of(shown.cue.begins),
            slate=shown.is_slate,
            programme=item.programme if item else None,
            key=item.key if item else None,
            title=item.title if item else None,
            planned_at=item.starts_at if item else None,
            reason=shown.reason,
            operator=item.operator if item else None,
            media=self._hash_of(shown),
            source=item.source if item and not shown.is_slate else None,
            resumed=self._last is None,
        )
        self._last = state
        self._append(aired)
        return aired

    def _hash_of(self, shown: Shown) -> str | None:
        if shown.is_slate or shown.item is None or shown.item.media is None:
            return None
        try:
            report = (self._media / f"{shown.item.media}.json").read_bytes()
            return msgspec.json.decode(report, type=_Report).sha256
        except (OSError, msgspec.DecodeError):
            return None

    def _append(self, aired: Aired) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{aired.at:%Y-%m-%d}.jsonl").open("ab") as file:
            file.write(msgspec.json.encode(aired) + b"\n")
