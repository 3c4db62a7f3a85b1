"""Whether the smaller layers of a picture are of use to the far tier now. Pure.

They cost the lecturer's encoder and line, and some of our time.
"""

from typing import Final

WATCHED_SECONDS: Final = 30.0
"""After the last look at the stream, somebody is taken to be there."""


class Demand:
    """Counts looks at the stream's playlists."""

    def __init__(self) -> None:
        self._reads = 0
        self._read_at = float("-inf")

    def is_there(self, reads: int, now: float, *, is_recorded: bool) -> bool:
        """`reads` of the pictures' playlists there were so far; `now` in monotonic seconds."""
        if reads != self._reads:
            self._reads, self._read_at = reads, now
        return is_recorded or now - self._read_at < WATCHED_SECONDS
