"""How loud sound is on its way to the house format: by one gain that was measured before, or as it comes."""

import math
from typing import Final, Protocol

import av
from av.filter import Graph
from av.filter.context import FilterContext

from transcode.house import AAC_FRAME_SAMPLES, SAMPLE_RATE
from transcode.loudness import TARGET_LUFS, meter

_FADE_SAMPLES: Final = 2 * AAC_FRAME_SAMPLES
_LIMIT: Final = 10 ** (-3.0 / 20)  # of samples; between them, and coded, it stays below -1 dBTP
_GATE_LUFS: Final = -50.0  # what is quieter is a room, not a voice
_GATE_LU: Final = 14.0  # nor is what lies so far below the voice
_MEMORY_SECONDS: Final = 12.0  # of how loud the voice is
_ANOTHER_SECONDS: Final = 6.0  # of what is quieter, and it is another voice
_MOST_DB, _LEAST_DB = 20.0, -20.0
_BLOCK_SECONDS: Final = 0.1  # between two readings of the meter
_FIRST_SECONDS: Final = 3.0  # of voice, in which the gain is found
_FIRST_DB_A_SECOND: Final = 8.0
_DB_A_SECOND: Final = 0.7  # so slow that nobody hears it move
_DOWN_DB_A_SECOND: Final = 2.0  # what is too loud hurts
_SLACK_DB: Final = 0.5  # nearer to the target it stays


class Levels(Protocol):
    """Takes and gives frames of planar 48 kHz stereo, as many samples as came. One thread."""

    def level(self, frame: av.AudioFrame) -> av.AudioFrame: ...


class FixedLevels:
    """One gain, and a fade in: AAC's priming is cut off, so what stands at the very start would click."""

    def __init__(self, gain_db: float) -> None:
        self._graph, _ = _chain(("volume", f"{gain_db:.2f}dB"))

    def level(self, frame: av.AudioFrame) -> av.AudioFrame:
        return _through(self._graph, frame)


class LiveLevels:
    """Brings a voice that nobody has measured to -23 LUFS, and keeps peaks below -1 dBTP.

    The gain follows the mean loudness of what is said (EBU R 128's momentary loudness, gated), never single
    words, and rests in pauses, so that it lifts no noise. A limiter holds what is sudden; it looks 5 ms ahead,
    by which the sound is late.
    """

    def __init__(self) -> None:
        limiter = ("alimiter", f"limit={_LIMIT:.4f}:level=0:attack=5:release=80")
        self._graph, self._volume = _chain(("volume", "0dB"), limiter)
        self._meter = meter()
        self._voice = Voice()
        self.gain_db = 0.0

    @property
    def speaks(self) -> bool:
        """Whether a voice is heard by now."""
        return self._voice.speaks

    def level(self, frame: av.AudioFrame) -> av.AudioFrame:
        self._meter.push(frame)
        for loudness in _momentary(self._meter):
            self._voice.hear(loudness)
        self.gain_db = self._voice.step(self.gain_db, frame.samples / SAMPLE_RATE)
        self._volume.process_command("volume", f"{10 ** (self.gain_db / 20):.5f}")
        return _through(self._graph, frame)


class Voice:
    """How loud the voice is by now, and the gain that it asks for. Pure but for what it has heard."""

    def __init__(self) -> None:
        self._power = 0.0
        self._seconds = 0.0  # of voice that was heard
        self.speaks = False
        self._quieter_seconds = 0.0  # in a row

    def hear(self, lufs: float) -> None:
        """The momentary loudness of the last 0.4 s, ten times a second."""
        is_quieter = _GATE_LUFS < lufs <= self.lufs - _GATE_LU
        self.speaks = lufs > _GATE_LUFS and not is_quieter
        self._quieter_seconds = self._quieter_seconds + _BLOCK_SECONDS if is_quieter else 0.0
        if self._quieter_seconds >= _ANOTHER_SECONDS:
            self._seconds, self._power = _FIRST_SECONDS, 10 ** (lufs / 10)
        if not self.speaks:
            return
        self._seconds += _BLOCK_SECONDS
        weight = _BLOCK_SECONDS / min(self._seconds, _MEMORY_SECONDS)
        self._power += weight * (10 ** (lufs / 10) - self._power)

    @property
    def lufs(self) -> float:
        return 10 * math.log10(self._power) if self._power else -70.0

    def step(self, gain_db: float, seconds: float) -> float:
        """The gain after `seconds` more."""
        if not self.speaks:
            return gain_db
        wanted = max(_LEAST_DB, min(_MOST_DB, TARGET_LUFS - self.lufs))
        is_first = self._seconds < _FIRST_SECONDS
        if not is_first and abs(wanted - gain_db) < _SLACK_DB:
            return gain_db
        up, down = _DB_A_SECOND * seconds, _DOWN_DB_A_SECOND * seconds
        if is_first:
            up = down = _FIRST_DB_A_SECOND * seconds
        return gain_db + max(-down, min(up, wanted - gain_db))


def _chain(*steps: tuple[str, str]) -> tuple[Graph, FilterContext]:
    """The steps, then a fade in; the graph and its first step."""
    graph = Graph()
    made = [graph.add(name, options) for name, options in steps]
    graph.link_nodes(
        graph.add_abuffer(format="fltp", sample_rate=SAMPLE_RATE, layout="stereo"),
        *made,
        graph.add("afade", f"t=in:ns={_FADE_SAMPLES}"),
        graph.add("aformat", "sample_fmts=fltp"),
        graph.add("abuffersink"),
    ).configure()
    return graph, made[0]


def _through(graph: Graph, frame: av.AudioFrame) -> av.AudioFrame:
    graph.push(frame)
    levelled = graph.pull()
    assert isinstance(levelled, av.AudioFrame)
    return levelled


def _momentary(meter: Graph) -> list[float]:
    found: list[float] = []
    while True:
        try:
            metadata = meter.pull().metadata
        except (BlockingIOError, av.error.EOFError):
            return found
        if "lavfi.r128.M" in metadata:
            found.append(float(metadata["lavfi.r128.M"]))
