"""Faults that may come with every packet, and must not fill the log."""

from typing import Any, Final

import structlog

log: Final = structlog.get_logger()

_EVERY_SECONDS: Final = 60.0


class RareLog:
    """One line a minute for each kind of event, and in it how many were left out before."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def exception(self, event: str, now: float, **facts: Any) -> None:
        """Within an `except` block; `now` in monotonic seconds."""
        if now < self._next.get(event, now):
            self._left_out[event] = self._left_out.get(event, 0) + 1
            return
        self._next[event] = now + _EVERY_SECONDS
        log.exception(event, left_out=self._left_out.pop(event, 0), **facts)  # noqa: LOG004
