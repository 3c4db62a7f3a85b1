"""What a viewer holds against a channel: black, a picture that stands still, silence, sound too loud.

Sound is decoded whole, of the pictures only those that need no other: about one a second.
"""

from dataclasses import dataclass

import av

from transcode.house import SAMPLE_RATE
from transcode.loudness import meter

BLACK_SECONDS = 4.0
SILENT_SECONDS = 7.0
STILL_SECONDS = 8.0  # and silent: slides alone may stand for long
LOUD_SECONDS = 3.0
_BLACK_LUMA = 20  # of the brightest hundredth, 16 is black
_SILENT_LUFS, _LOUD_LUFS = -60.0, -15.0  # momentary; short-term, 8 LU over the target
_SAMPLES = 400  # of a picture, taken evenly
_ALIKE = 1.0  # mean difference of luma


@dataclass(slots=True)
class Levels:
    """LUFS as EBU Tech 3341 has them: of 0.4 s, of 3 s, and of all since the monitor began."""

    momentary: float = -70.0
    short_term: float = -70.0
    integrated: float = -70.0


class ProgrammeWatch:
    """Push frames as they are decoded; seconds are the stream's. One thread, but `faults`."""

    def __init__(self) -> None:
        self.levels = Levels()
        self._meter = meter()
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
        self._picture: bytes | None = None
        self._held: dict[str, float] = {}  # since when it is so

    def faults(self, now: float) -> set[str]:
        """`black`, `freeze`, `silence`, `loudness`."""
        limits = {
            "black": BLACK_SECONDS,
            "silence": SILENT_SECONDS,
            "loudness": LOUD_SECONDS,
            "freeze": STILL_SECONDS,
        }
        held = dict(self._held)
        found = {name for name, limit in limits.items() if now - held.get(name, now) >= limit}
        return found if "silence" in found else found - {"freeze"}

    def picture(self, frame: av.VideoFrame, now: float) -> None:
        luma = _sampled(frame)
        brightest = sorted(luma)[-max(1, len(luma) // 100)]
        self._hold("black", now, is_so=brightest < _BLACK_LUMA)
        before, self._picture = self._picture, luma
        self._hold("freeze", now, is_so=before is not None and _difference(before, luma) < _ALIKE)

    def sound(self, frame: av.AudioFrame, now: float) -> None:
        frame.pts = None
        for resampled in self._resampler.resample(frame):
            resampled.pts = None
            self._meter.push(resampled)
        self._read()
        self._hold("silence", now, is_so=self.levels.momentary < _SILENT_LUFS)
        self._hold("loudness", now, is_so=self.levels.short_term > _LOUD_LUFS)

    def _hold(self, name: str, now: float, *, is_so: bool) -> None:
        if not is_so:
            self._held.pop(name, None)
        else:
            self._held.setdefault(name, now)

    def _read(self) -> None:
        while True:
            try:
                metadata = self._meter.pull().metadata
            except (BlockingIOError, av.error.EOFError):
                return
            if "lavfi.r128.M" in metadata:
                told = (_level(metadata[f"lavfi.r128.{name}"]) for name in "MSI")
                self.levels = Levels(*told)


def _level(text: str) -> float:
    """Silence is minus infinity, or no number at all, in some builds."""
    value = float(text)
    return round(value, 1) if value > -70.0 else -70.0


def _sampled(frame: av.VideoFrame) -> bytes:
    """Luma at places that are spread evenly over the picture."""
    plane = frame.planes[0]
    data, stride = bytes(plane), plane.line_size
    columns = 25
    rows = _SAMPLES // columns
    return bytes(
        data[
            (2 * row + 1) * frame.height // (2 * rows) * stride
            + (2 * column + 1) * frame.width // (2 * columns)
        ]
        for row in range(rows)
        for column in range(columns)
    )


def _difference(before: bytes, after: bytes) -> float:
    if len(before) != len(after):
        return 255.0
    return sum(abs(a - b) for a, b in zip(before, after, strict=True)) / len(after)
