"""Any pictures and any sound to the house's: 25 a second in one size, 48,000 gapless stereo samples."""

from collections.abc import Iterator

import av
from av.filter import Graph

from transcode.house import AAC_FRAME_SAMPLES, FRAME_RATE, SAMPLE_RATE, Profile
from transcode.inset import AHEAD_SECONDS, Box, Insets, inlaid
from transcode.levels import Levels
from transcode.silence import silence
from transcode.source import Layer, Timed

_THINNEST_BAR = 3  # pixels; thinner ones are rounding
_TOLERANCE_SAMPLES = SAMPLE_RATE // 25  # what a clock may be off before sound is set right


class PictureConformer:
    """The n-th picture out is the last one in that had begun by n/25 s; each is scaled when it is first used.

    A camera that is an inset lies in the corner of the screen of its time.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._box, self._insets = Box(profile), Insets()
        self._small: _Scaler | None = None
        self._held: Timed | None = None
        self._scaled: av.VideoFrame | None = None
        self._scaler: _Scaler | None = None
        self.count = 0  # pictures out

    def push(self, timed: Timed) -> Iterator[av.VideoFrame]:
        """`timed.seconds` count from the programme's start."""
        if timed.layer is Layer.INSET:
            if self._held is not None and self._held.layer is Layer.UNDER:
                self._insets.push(timed.seconds, self._shrunk(timed))
            yield from self.fill(timed.seconds - AHEAD_SECONDS)
            return
        if self._held is not None:
            yield from self.fill(timed.seconds)
        self._held, self._scaled = timed, None

    def fill(self, seconds: float) -> Iterator[av.VideoFrame]:
        """Pictures for all of the time before `seconds`."""
        while self._held is not None and self.count + 1e-3 < seconds * FRAME_RATE:
            self.count += 1
            yield self._picture(self._held)

    def _picture(self, held: Timed) -> av.VideoFrame:
        if self._scaled is None:
            assert isinstance(held.frame, av.VideoFrame)
            if self._scaler is None or not self._scaler.fits(held):
                self._scaler = _Scaler(held, self._profile.width, self._profile.height)
            self._scaled = self._scaler.scale(held.frame)
        inset = self._insets.at((self.count - 1) / FRAME_RATE)
        if inset is None or held.layer is not Layer.UNDER:
            return self._scaled
        return inlaid(self._scaled, inset, self._box)

    def _shrunk(self, timed: Timed) -> av.VideoFrame:
        assert isinstance(timed.frame, av.VideoFrame)
        if self._small is None or not self._small.fits(timed):
            self._small = _Scaler(timed, self._box.width, self._box.height)
        return self._small.scale(timed.frame)


class _Scaler:
    """Upright, in proportion, with bars where the shape differs; made for one shape of input."""

    def __init__(self, timed: Timed, full_width: int, full_height: int) -> None:
        frame = timed.frame
        assert isinstance(frame, av.VideoFrame)
        self._shape = _shape(timed)
        quarter_turns = round(frame.rotation / 90) % 4
        shown = frame.width * timed.aspect, frame.height
        width, height = reversed(shown) if quarter_turns % 2 else shown
        scale = min(full_width / width, full_height / height)
        fitted = [
            full if full - side * scale < _THINNEST_BAR else max(2, round(side * scale / 2) * 2)
            for side, full in ((width, full_width), (height, full_height))
        ]
        bars = (full_width - fitted[0]) // 4 * 2, (full_height - fitted[1]) // 4 * 2
        steps = [
            *[("transpose", "cclock")] * quarter_turns,
            ("scale", f"{fitted[0]}:{fitted[1]}:flags=bicubic:out_color_matrix=bt709:out_range=tv"),
            ("format", "yuv420p"),
            ("pad", f"{full_width}:{full_height}:{bars[0]}:{bars[1]}"),
            ("setsar", "1"),
            ("buffersink", None),
        ]
        self._graph = Graph()
        self._graph.link_nodes(
            self._graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base,
            ),
            *(self._graph.add(name, options) for name, options in steps),
        ).configure()

    def fits(self, timed: Timed) -> bool:
        return self._shape == _shape(timed)

    def scale(self, frame: av.VideoFrame) -> av.VideoFrame:
        self._graph.push(frame)
        scaled = self._graph.pull()
        assert isinstance(scaled, av.VideoFrame)
        return scaled


def _shape(timed: Timed) -> tuple[object, ...]:
    frame = timed.frame
    assert isinstance(frame, av.VideoFrame)
    return (
        frame.width,
        frame.height,
        frame.format.name,
        frame.rotation,
        timed.aspect,
        frame.time_base,
    )


class SoundConformer:
    """Gapless frames of 1024 samples. Silence where nothing came; what comes twice is heard once."""

    def __init__(self, levels: Levels) -> None:
        self._resampler: av.AudioResampler | None = None
        self._shape: tuple[object, ...] | None = None
        self._levels = levels
        self._fifo = av.AudioFifo()
        self._written = 0  # samples of the programme that are in, or past, the fifo
        self.count = 0  # frames of 1024 samples out

    def push(self, timed: Timed) -> Iterator[av.AudioFrame]:
        """`timed.seconds` count from the programme's start."""
        frame = timed.frame
        assert isinstance(frame, av.AudioFrame)
        start = round(timed.seconds * SAMPLE_RATE)
        if start < self._written - _TOLERANCE_SAMPLES:
            return
        if start > self._written + _TOLERANCE_SAMPLES:
            yield from self.fill(timed.seconds)
        frame.pts = None
        self._write(self._resampler_for(frame).resample(frame))
        yield from self._read()

    def fill(self, seconds: float) -> Iterator[av.AudioFrame]:
        """Silence up to `seconds`, if sound has not come so far."""
        if self._written < round(seconds * SAMPLE_RATE):
            self._drain()
            self._write_silence(round(seconds * SAMPLE_RATE))
            yield from self._read()

    def finish(self) -> Iterator[av.AudioFrame]:
        """What is left, after `fill` to the programme's end."""
        self._drain()
        yield from self._read()

    @property
    def seconds(self) -> float:
        return self._written / SAMPLE_RATE

    def _resampler_for(self, frame: av.AudioFrame) -> av.AudioResampler:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or shape != self._shape:
            self._drain()
            self._shape = shape
            self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
        return self._resampler

    def _drain(self) -> None:
        if self._resampler is not None:
            self._write(self._resampler.resample(None))
            self._resampler = None

    def _write_silence(self, until: int) -> None:
        while self._written < until:
            self._write([silence(min(SAMPLE_RATE, until - self._written))])

    def _write(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            frame.pts = self._written
            self._written += frame.samples
            levelled = self._levels.level(frame)
            levelled.pts = None
            self._fifo.write(levelled)

    def _read(self) -> Iterator[av.AudioFrame]:
        while (frame := self._fifo.read(AAC_FRAME_SAMPLES)) is not None:
            self.count += 1
            yield frame
