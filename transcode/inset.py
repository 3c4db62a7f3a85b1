"""The camera in a corner of the screen, where a lecture has both."""

from collections import deque
from fractions import Fraction
from typing import Final

import av

from transcode.house import Profile

_SHARE: Final = Fraction(22, 100)  # of the picture's width and height
_MARGIN: Final = Fraction(2, 100)
_FRESH_SECONDS: Final = 2.0  # a camera that stands still for so long is gone
AHEAD_SECONDS: Final = 1.0  # how far it may come before the screen of its time


class Box:
    """Where it lies, in whole chroma samples: the lower corner at the right."""

    def __init__(self, profile: Profile) -> None:
        self.width, self.height = _even(profile.width * _SHARE), _even(profile.height * _SHARE)
        self.left = profile.width - self.width - _even(profile.width * _MARGIN)
        self.top = profile.height - self.height - _even(profile.width * _MARGIN)


class Insets:
    """The camera's pictures, already as small as they are shown, until their time has come."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, av.VideoFrame]] = deque()

    def push(self, seconds: float, picture: av.VideoFrame) -> None:
        self._waiting.append((seconds, picture))

    def at(self, seconds: float) -> av.VideoFrame | None:
        """The latest that had begun by then, if it is fresh. Those before it are forgotten."""
        while len(self._waiting) > 1 and self._waiting[1][0] <= seconds:
            self._waiting.popleft()
        if not self._waiting or not 0 <= seconds - self._waiting[0][0] < _FRESH_SECONDS:
            return None
        return self._waiting[0][1]


def inlaid(under: av.VideoFrame, inset: av.VideoFrame, box: Box) -> av.VideoFrame:
    """A new picture; both are planar 4:2:0, the inset of the box's size."""
    made = av.VideoFrame(under.width, under.height, "yuv420p")
    for number, (target, source, small) in enumerate(
        zip(made.planes, under.planes, inset.planes, strict=True)
    ):
        half = 2 if number else 1
        picture = _with_rows(source, small, box.left // half, box.top // half)
        target.update(_fitted(picture, source, target))
    return made


def _with_rows(
    source: "av.video.plane.VideoPlane", small: "av.video.plane.VideoPlane", left: int, top: int
) -> bytearray:
    picture, rows = bytearray(source), bytes(small)
    for row in range(small.height):
        at, start = (top + row) * source.line_size + left, row * small.line_size
        picture[at : at + small.width] = rows[start : start + small.width]
    return picture


def _fitted(
    picture: bytearray,
    source: "av.video.plane.VideoPlane",
    target: "av.video.plane.VideoPlane",
) -> bytes:
    """With the line size of the plane that takes it; mostly it is the same."""
    if source.line_size == target.line_size:
        return bytes(picture)
    filling = bytes(max(0, target.line_size - source.line_size))
    width = min(source.line_size, target.line_size)
    rows = range(0, source.height * source.line_size, source.line_size)
    return b"".join(bytes(picture[at : at + width]) + filling for at in rows)


def _even(size: Fraction) -> int:
    return round(size / 2) * 2
