"""When to ask a publisher for a keyframe: requests are folded, and repeated until one comes.

libwebrtc's encoder silently ignores a request that comes within 300 ms of the last one it served,
so whoever asks just then would see nothing until somebody asks again.
"""

from typing import Final

_FIRST_PATIENCE: Final = 0.35  # seconds until a request counts as ignored
_LONGEST_PATIENCE: Final = 2.0  # for encoders that ignore requests altogether


class KeyframeRequests:
    """The requests for one track. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._asked_at = float("-inf")
        self._due_at: float | None = None
        self._patience = _FIRST_PATIENCE

    def want(self, since_last: float) -> None:
        """Somebody needs one: ask as soon as `since_last` has passed since the last request."""
        due = self._asked_at + since_last
        self._due_at = due if self._due_at is None else min(due, self._due_at)

    def is_due(self, now: float) -> bool:
        return self._due_at is not None and now >= self._due_at

    def asked(self, now: float) -> None:
        """It was asked for; until one comes that is repeated."""
        self._asked_at = now
        self._due_at = now + self._patience
        self._patience = min(self._patience * 2, _LONGEST_PATIENCE)

    def came(self) -> None:
        """A keyframe begins: everybody has what they wanted."""
        self._due_at = None
        self._patience = _FIRST_PATIENCE
