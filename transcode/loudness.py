"""Loudness by EBU R 128, measured once over a whole programme; a plain gain sets it right."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import av
from av.filter import Graph

from transcode.house import SAMPLE_RATE
from transcode.source import Timed

TARGET_LUFS = -23.0
HIGHEST_PEAK_DB = -1.5  # the coder may add some tenths; R 128 allows -1 dBTP
SILENCE_LUFS = -60.0
_MOST_GAIN_DB = 24.0
_QUIETEST_PEAK = 1e-4


@dataclass(frozen=True, slots=True)
class Loudness:
    integrated_lufs: float
    peak_db: float
    range_lu: float = 0.0  # EBU Tech 3342

    @property
    def gain_db(self) -> float:
        """To the target, but never into the peak limit; what is as good as silent stays so."""
        if self.integrated_lufs <= SILENCE_LUFS:
            return 0.0
        wanted = TARGET_LUFS - self.integrated_lufs
        return min(wanted, HIGHEST_PEAK_DB - self.peak_db, self.most_db)

    @property
    def most_db(self) -> float:
        """What is quieter than this can make good stays quieter: the rest would be noise."""
        return _MOST_GAIN_DB


SILENT = Loudness(-70.0, -70.0)


def measure(sounds: Iterable[Timed]) -> Loudness:
    """Read all of `sounds`; costs about 0.01 s of CPU a second."""
    measuring = meter(with_peak=True)
    resampler: av.AudioResampler | None = None
    shape: object = None
    loudness = SILENT
    for timed in sounds:
        frame = timed.frame
        assert isinstance(frame, av.AudioFrame)
        if (kind := (frame.format.name, frame.layout.name, frame.sample_rate)) != shape:
            shape, resampler = (
                kind,
                av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE),
            )
        assert resampler is not None
        frame.pts = None
        for resampled in resampler.resample(frame):
            resampled.pts = None
            measuring.push(resampled)
            loudness = _latest(measuring, loudness)
    return loudness


def meter(*, with_peak: bool = False) -> Graph:
    """A graph that takes planar stereo at the house's rate and hands it back, 0.1 s a frame, with
    its loudness in the frame's metadata (EBU R 128, ITU-R BS.1770); the true peak costs thrice."""
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(format="fltp", sample_rate=SAMPLE_RATE, layout="stereo"),
        graph.add("ebur128", f"metadata=1:peak={'true' if with_peak else 'none'}:framelog=quiet"),
        graph.add("abuffersink"),
    ).configure()
    return graph


def _latest(measuring: Graph, known: Loudness) -> Loudness:
    while True:
        try:
            metadata = measuring.pull().metadata
        except (BlockingIOError, av.error.EOFError):
            return known
        if "lavfi.r128.I" in metadata:
            peaks = [float(value) for name, value in metadata.items() if "true_peaks_ch" in name]
            peak_db = 20 * math.log10(max([*peaks, _QUIETEST_PEAK]))
            range_lu = float(metadata.get("lavfi.r128.LRA", "0"))
            known = Loudness(float(metadata["lavfi.r128.I"]), peak_db, range_lu)
