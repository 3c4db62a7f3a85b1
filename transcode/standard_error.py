"""Standard error that may be gone, or full: what cannot be written is lost, and nobody breaks for it."""

import io
import os
from contextlib import suppress
from typing import TextIO

_STDERR = 2


class _Unbroken(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # of what we are given, which is bytes
        with suppress(OSError):
            os.write(_STDERR, data)
        return len(data)


def standard_error() -> TextIO:
    """For the log of a process that outlives whoever reads it."""
    return io.TextIOWrapper(_Unbroken(), encoding="utf-8", write_through=True)  # type: ignore[type-var]
