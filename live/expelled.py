"""Encoders that were ended by us, and why: the next request of their session is told."""

from collections import OrderedDict
from typing import Final

B_FRAMES: Final = (
    "The encoder sends B-frames, which live rooms cannot show; in OBS, under Settings → Output → "
    "Streaming, set B-frames to 0, or the profile to baseline, or the tune to zerolatency."
)

_MOST: Final = 64


class Expelled:
    """The newest of a room."""

    def __init__(self) -> None:
        self._why: OrderedDict[str, str] = OrderedDict()  # by the token of the session

    def note(self, token: str, reason: str) -> None:
        self._why[token] = reason
        while len(self._why) > _MOST:
            self._why.popitem(last=False)

    def why(self, token: str) -> str | None:
        """None: it was not ended by us, or long ago."""
        return self._why.get(token)
