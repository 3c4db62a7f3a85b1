"""Smaller layers beside the largest: only where the publisher's line has room for all of them. Pure.

A browser that is short of bits gives them to its smallest layers first and stops the largest, which
everybody would have instead.
"""

from typing import Final

_MISSED_SECONDS: Final = 8.0  # without the largest layer, while smaller ones come
_FIRST_REST_SECONDS: Final = 120.0
_LONGEST_REST_SECONDS: Final = 1800.0
_COMING_SECONDS: Final = 1.0  # since the last packet


class LineShare:
    """One track. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._asked_since: float | None = None
        self._rests_until = float("-inf")
        self._rest = _FIRST_REST_SECONDS

    def has_room(self, largest_at: float, newest_at: float, now: float) -> bool:
        """Whether to ask for smaller layers, too. `largest_at`: when the largest layer's last packet
        came; `newest_at`: any layer's."""
        if now < self._rests_until:
            return False
        if self._asked_since is None:
            self._asked_since = now
        is_missed = now - max(largest_at, self._asked_since) > _MISSED_SECONDS
        if not (is_missed and now - newest_at < _COMING_SECONDS):
            return True
        self._rests_until, self._asked_since = now + self._rest, None
        self._rest = min(2 * self._rest, _LONGEST_REST_SECONDS)
        return False

    def leave(self) -> None:
        """They are not asked for."""
        self._asked_since = None
