"""Several microphones to one voice: untouched while one is open, mixed while more are."""

from collections.abc import Iterator
from fractions import Fraction

from transcode.access_unit import AccessUnit


class VoiceMixer:
    """One thread."""

    def push(self, source: str, unit: AccessUnit) -> Iterator[AccessUnit]:
        """What can be heard now."""
        yield unit

    def tick(self, now: Fraction) -> Iterator[AccessUnit]:
        """It is `now` seconds since the room's epoch: do not wait for those who are late."""
        yield from ()

    def leave(self, source: str) -> None:
        """The microphone is closed."""

    def close(self) -> None:
        """Free the codecs."""
