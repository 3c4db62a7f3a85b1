"""How long media reached a seat and how long its page was in sight. Kept beside presence; neither
makes anybody more or less present."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_NOTHING: Final = timedelta()
_LONGEST_LAPSE: Final = timedelta(
    seconds=10
)  # two pings; of a longer silence nobody knows anything


@dataclass(slots=True)
class Tally:
    """Only ever grows. A client that lies can make of it at most the time that it is connected."""

    received: timedelta = _NOTHING
    visible: timedelta | None = None  # None: the page has never told
    is_visible: bool = False  # as the page told last

    def receive(self, length: timedelta) -> None:
        """Media came for so much longer."""
        self.received += length

    def tell(self, *, is_visible: bool) -> None:
        """The page came in sight, or went out of it."""
        self.is_visible = is_visible
        self.visible = self.visible or _NOTHING

    def doubt(self) -> None:
        """The socket ended: the next one tells anew."""
        self.is_visible = False

    def lapse(self, length: timedelta) -> None:
        """So much time went by between two proofs of presence."""
        if self.is_visible and self.visible is not None and length <= _LONGEST_LAPSE:
            self.visible += length
