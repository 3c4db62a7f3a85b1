"""The slate: what a channel shows when there is nothing to show. Never black; its bar shows that time goes on.

A house item of 9.6 s that loops without a seam, drawn once for a channel's name and profile.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import av

from transcode.house import (
    AAC_FRAME_SAMPLES,
    AAC_FRAMES_PER_SLOT,
    FRAMES_PER_SLOT,
    Profile,
)
from transcode.house_encoder import HouseEncoder
from transcode.lettering import HEIGHT, dots
from transcode.silence import silence

SLOTS = 10
_FIELD = (66, 148, 112)  # Y, Cb, Cr: a calm blue
_BRIGHT = 220
_DIM = 96


def ensure_slate(folder: Path, profile: Profile, name: str) -> Path:
    """The channel's slate in `folder`, drawn if it is not there yet. Takes about a second."""
    look = hashlib.sha256(f"{name}\0{profile!r}\0{av.__version__}".encode()).hexdigest()[:12]
    path = folder / f"slate-{look}.mp4"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _draw(path, profile, name)
    return path


def plain_picture(profile: Profile) -> av.VideoFrame:
    """The slate's field alone: what is shown while there is only sound."""
    return _frame(profile, [bytes((_FIELD[0],)) * profile.width] * profile.height)


def _draw(path: Path, profile: Profile, name: str) -> None:
    with HouseEncoder(path, profile) as encoder:
        for frame in _frames(profile, name):
            encoder.picture(frame)
        for _ in range(SLOTS * AAC_FRAMES_PER_SLOT):
            encoder.sound(silence(AAC_FRAME_SAMPLES))


def _frames(profile: Profile, name: str) -> Iterator[av.VideoFrame]:
    width, height = profile.width, profile.height
    rows = _luma_rows(width, height, name)
    top, thickness = height * 7 // 8, max(4, height // 60)
    total = SLOTS * FRAMES_PER_SLOT
    for number in range(total):
        edge = width * (number + 1) // total
        bar = bytes((_BRIGHT,)) * edge + bytes((_DIM,)) * (width - edge)
        yield _frame(profile, [*rows[:top], *[bar] * thickness, *rows[top + thickness :]])


def _luma_rows(width: int, height: int, name: str) -> list[bytes]:
    """The field with the name in its middle, as large as fits in four fifths of the width."""
    text = dots(name)
    dot = max(1, min(width * 4 // 5 // max(1, len(text[0])), height // 5 // HEIGHT))
    text = [row[: width // dot] for row in text]
    top, left = height * 9 // 20 - dot * HEIGHT // 2, (width - dot * len(text[0])) // 2
    rows = [bytes((_FIELD[0],)) * width] * height
    for number, row in enumerate(text):
        drawn = b"".join(bytes((_BRIGHT if mark == "#" else _FIELD[0],)) * dot for mark in row)
        line = rows[0][:left] + drawn + rows[0][left + len(drawn) :]
        rows[top + number * dot : top + (number + 1) * dot] = [line] * dot
    return rows


def _frame(profile: Profile, luma: list[bytes]) -> av.VideoFrame:
    frame = av.VideoFrame(profile.width, profile.height, "yuv420p")
    stride = frame.planes[0].line_size
    frame.planes[0].update(b"".join(row.ljust(stride, b"\0") for row in luma))
    for plane, value in zip(frame.planes[1:], _FIELD[1:], strict=True):
        plane.update(bytes((value,)) * plane.buffer_size)
    return frame
