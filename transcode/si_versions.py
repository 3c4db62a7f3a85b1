"""Versions of the tables of the guide, which go on through restarts: a receiver that knows one by its number reads it
anew only when the number is another."""

from contextlib import suppress
from pathlib import Path

import msgspec


class Versions:
    """Counts by table; `path` keeps them, if there is one. A full disk costs the memory, never the channel."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, int] = {}
        if path is not None:
            with suppress(OSError, msgspec.DecodeError):
                self._known = msgspec.json.decode(path.read_bytes(), type=dict[str, int])

    def next(self, table: str) -> int:
        """Another one than ever before within 32."""
        self._known[table] = version = (self._known.get(table, -1) + 1) % 32
        if self._path is not None:
            partial = self._path.with_suffix(".part")
            with suppress(OSError):
                partial.write_bytes(msgspec.json.encode(self._known))
                partial.replace(self._path)
        return version
