"""Conditioned media that nothing names any more: made of a file, or of an edition, that another took the place of."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from kernel.clock import Clock

GRACE: Final = timedelta(hours=6)  # a take may show it still


class Leftovers:
    """Remembers since when a file is one. One thread at a time."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._since: dict[Path, datetime] = {}

    def look(self, named: Collection[str]) -> None:
        """Remove what was none of the `named` files, nor the report of one, for as long as the grace. OSError.
        Blocks on the disk."""
        now = self._clock.now()
        kept = {*named, *(f"{name}.json" for name in named)}
        found = {path for path in self._folder.glob("*") if path.name not in kept}
        self._since = {path: self._since.get(path, now) for path in found}
        for path, since in self._since.items():
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if now - max(since, written) >= GRACE:
                path.unlink(missing_ok=True)
