"""Several microphones to one voice: untouched while one is open, mixed while more are."""

from array import array
from collections.abc import Iterator
from typing import Final, TypeAlias

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from transcode import opus
from transcode.access_unit import AUDIO_TIMESCALE, AccessUnit
from transcode.opus import MalformedOpus

Samples: TypeAlias = "array[int]"

_FRAME: Final = opus.SILENCE_TICKS
_OPEN_FOR: Final = AUDIO_TIMESCALE // 2  # ticks after its last packet that a microphone is open
_WAIT: Final = AUDIO_TIMESCALE // 10  # ticks that the others wait for one who is late
_BIT_RATE: Final = 40_000
_LOUDEST: Final = 32_767


class VoiceMixer:
    """One thread, which also closes it. Mono while mixed."""

    def __init__(self) -> None:
        self._microphones: dict[str, _Microphone] = {}
        self._encoder: AudioCodecContext | None = None
        self._position = 0  # where the voice that was given away ends

    def push(self, source: str, unit: AccessUnit) -> Iterator[AccessUnit]:
        """What can be heard now. MalformedOpus."""
        duration = opus.ticks(unit.data)
        microphone = self._microphones.get(source)
        if microphone is None:
            microphone = self._microphones[source] = _Microphone()
        microphone.heard_until = unit.pts + duration
        is_alone = self._is_alone(microphone)
        if not is_alone:
            microphone.decode(unit)
            yield from self._mixed(self._complete())
            return
        if self._encoder:
            yield from self._mixed(unit.pts)
            self._end_mixing()
        self._position = unit.pts + duration
        yield unit

    def leave(self, source: str) -> None:
        """The microphone is closed."""
        self._microphones.pop(source, None)

    def close(self) -> None:
        """Free the codecs."""
        self._end_mixing()
        self._microphones.clear()

    def _is_alone(self, microphone: "_Microphone") -> bool:
        if len(self._microphones) == 1:
            return True
        latest = max(other.heard_until for other in self._microphones.values())
        open_ones = [
            other for other in self._microphones.values() if latest - other.heard_until < _OPEN_FOR
        ]
        return open_ones == [microphone]

    def _complete(self) -> int:
        """Until when everybody was heard, or waited for long enough."""
        heard = [each for each in self._microphones.values() if each.ends]
        self._position = max(self._position, min(each.starts for each in heard))
        ends = [each.ends for each in heard]
        return max(min(ends), max(ends) - _WAIT)

    def _mixed(self, complete: int) -> Iterator[AccessUnit]:
        encoder = self._encoder = self._encoder or _encoder()
        while self._position + _FRAME <= complete:
            taken = [each.take(self._position) for each in self._microphones.values()]
            frame = _audio_frame(_sum([samples for samples in taken if samples]))
            data = b"".join(bytes(packet) for packet in encoder.encode(frame))
            at = self._position
            self._position += _FRAME
            if data:
                yield AccessUnit(data, at, AUDIO_TIMESCALE, is_key=True)

    def _end_mixing(self) -> None:
        if self._encoder:
            self._encoder = None
            for microphone in self._microphones.values():
                microphone.forget()


class _Microphone:
    """Decoded samples of one source from `starts` on."""

    def __init__(self) -> None:
        self.heard_until = 0
        self._decoder: AudioCodecContext | None = None
        self._resampler = AudioResampler(format="s16", layout="mono", rate=AUDIO_TIMESCALE)
        self._samples = array("h")
        self.starts = 0

    @property
    def ends(self) -> int:
        return self.starts + len(self._samples)

    def decode(self, unit: AccessUnit) -> None:
        """Put the packet in its place; one that does not decode is silence."""
        if not self._samples:
            self.starts = unit.pts
        self._samples.extend([0] * (unit.pts - self.ends))
        self._decoder = self._decoder or _decoder()
        try:
            for frame in self._decoder.decode(av.Packet(unit.data)):
                for heard in self._resampler.resample(frame):
                    self._samples.frombytes(bytes(heard.planes[0])[: 2 * heard.samples])
        except av.FFmpegError as error:
            raise MalformedOpus(str(error)) from error

    def take(self, at: int) -> "Samples | None":
        """One frame from `at` on; None if nothing was heard then."""
        past = min(max(at - self.starts, 0), len(self._samples))
        del self._samples[:past]
        self.starts += past
        ahead = self.starts - at
        if ahead >= _FRAME or not self._samples:
            return None
        taken = array("h", [0] * ahead) + self._samples[: _FRAME - ahead]
        taken.extend([0] * (_FRAME - len(taken)))
        return taken

    def forget(self) -> None:
        self._samples = array("h")
        self._decoder = None


def _sum(voices: list[Samples]) -> Samples:
    if not voices:
        return array("h", [0] * _FRAME)
    mixed = voices[0]
    for voice in voices[1:]:
        pairs = zip(mixed, voice, strict=True)
        mixed = array("h", [max(-_LOUDEST, min(_LOUDEST, a + b)) for a, b in pairs])
    return mixed


def _audio_frame(samples: Samples) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="mono", samples=_FRAME)
    frame.planes[0].update(samples.tobytes())
    frame.sample_rate = AUDIO_TIMESCALE
    return frame


def _encoder() -> AudioCodecContext:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate = AUDIO_TIMESCALE
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = _BIT_RATE
    encoder.options = {"application": "voip", "frame_duration": "20"}
    return encoder


def _decoder() -> AudioCodecContext:
    decoder = av.CodecContext.create("opus", "r")
    decoder.sample_rate = AUDIO_TIMESCALE
    decoder.layout = "stereo"
    return decoder
