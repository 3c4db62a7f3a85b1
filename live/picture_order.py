"""Notices that an encoder sends B-frames: pictures that are shown before ones that were sent earlier.

No offer says so, and browsers cannot show them without stutter; the stream gives it away, since its
timestamps go back and forth. A few steps back have other reasons: a clock that was set, a restart.
"""

from typing import Final

_PICTURES: Final = 100  # looked at together
_STEPS_BACK: Final = 5  # among them; even one B-frame in every ten pictures makes more
_FURTHEST_90K: Final = 90_000  # no encoder holds a picture back for longer


class PictureOrder:
    """Of one stream of pictures. Event loop only."""

    __slots__ = ("_left", "_steps_back", "_timestamp", "is_shuffled")

    def __init__(self) -> None:
        self.is_shuffled = False
        """Once it is, it stays so."""
        self._timestamp = 0
        self._steps_back = 0
        self._left = _PICTURES

    def note(self, timestamp: int) -> None:
        """A packet that was sent after all that were noted before."""
        if timestamp == self._timestamp:
            return
        step = (timestamp - self._timestamp + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        self._timestamp = timestamp
        self._steps_back += -_FURTHEST_90K < step < 0
        self._left -= 1
        if self._steps_back >= _STEPS_BACK:
            self.is_shuffled = True
        if not self._left:
            self._steps_back, self._left = 0, _PICTURES
