"""The voice as AAC, for players without Opus: encoded once, as a CMAF file with its playlist."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.audio.codeccontext import AudioCodecContext

from transcode import manifest, playlist, sound
from transcode.access_unit import AUDIO_TIMESCALE, TrackKind
from transcode.extras import AAC, AAC_CODEC
from transcode.fragment import Sample, aac_init, fragment
from transcode.jobs import Told, untold
from transcode.playlist import ByteRanges, Timeline, Variant
from transcode.segments import Init, Segment, Stretch
from transcode.sound import Sound
from transcode.store import media_file
from transcode.vod import read_recording

_FRAME: Final = 1024  # samples
_FRAMES_PER_SEGMENT: Final = 187  # 3.99 s
_SEGMENT_SECONDS: Final = _FRAMES_PER_SEGMENT * _FRAME / AUDIO_TIMESCALE
_BPS: Final = 64_000
_TOLERANCE: Final = 480  # samples by which packets may lie apart
_LONGEST_LOSS: Final = AUDIO_TIMESCALE // 4  # samples; more than a damaged packet or two


def encode(folder: Path, told: Told = untold) -> Variant:
    """Write aac.mp4 and aac.m3u8 beside the voice. FileNotFoundError if nobody could be heard."""
    noted = manifest.read(folder)
    assert noted
    name = media_file(AAC)
    fresh = folder / f".{name}.new"
    with fresh.open("wb") as file:
        data = aac_init(_encoder().extradata or b"", channels=1)
        init = Init(0, AAC_CODEC, 0, 0, Stretch(name, 0, len(data)), data)
        file.write(data)
        segments: list[Segment] = []
        heard = read_recording(folder / f"{TrackKind.VOICE}.m3u8")
        for starts, samples, is_after_gap in _segments(sound.decoded(heard.pictures)):
            body = fragment(len(segments) + 1, starts, samples)
            stretch = Stretch(name, file.tell(), len(body))
            made = _segment(len(segments), starts, len(samples), stretch)
            segments.append(replace(made, is_after_gap=is_after_gap))
            file.write(body)
            told(len(segments) * _SEGMENT_SECONDS / max(heard.seconds, _SEGMENT_SECONDS))
    fresh.replace(folder / name)
    timeline = Timeline(noted.epoch, AUDIO_TIMESCALE)
    text = playlist.recorded(segments, {0: init}, timeline, ByteRanges())
    manifest.replace(folder / f"{AAC}.m3u8", text.encode())
    measured = playlist.variant(segments, [init], AUDIO_TIMESCALE)
    assert measured
    return measured


def _encoder() -> AudioCodecContext:
    """Mono, since it is speech; `fast` costs half of the usual search for the best."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate = AUDIO_TIMESCALE
    encoder.layout = "mono"
    encoder.format = "fltp"
    encoder.bit_rate = _BPS
    encoder.time_base = Fraction(1, AUDIO_TIMESCALE)
    encoder.options = {"aac_coder": "fast"}
    encoder.open()
    return encoder


def _segments(
    sounds: Iterator[Sound],
) -> Iterator[tuple[int, list[Sample], bool]]:
    """Runs of access units, each with the time of its first, and whether it begins anew."""
    is_after_gap = False
    for run in _runs(sounds):
        for starts, samples in _segments_of(run):
            yield starts, samples, is_after_gap
            is_after_gap = False
        is_after_gap = True


def _runs(
    sounds: Iterator[Sound],
) -> Iterator[Iterator[Sound]]:
    """A run ends where something was cut out or paused. Each is read before the next."""
    waiting = next(sounds, None)

    def run() -> Iterator[Sound]:
        nonlocal waiting
        expected: int | None = None
        while waiting is not None:
            at, frame = waiting
            if expected is not None and at - expected > _LONGEST_LOSS:
                return
            expected = at + frame.samples
            yield waiting
            waiting = next(sounds, None)

    while waiting is not None:
        yield run()


def _segments_of(
    sounds: Iterator[Sound],
) -> Iterator[tuple[int, list[Sample]]]:
    waiting: list[Sample] = []
    starts = -1
    for at, data in _units(_encoder(), sounds):
        starts = at if not waiting else starts
        waiting.append(Sample(data, _FRAME, is_key=True))
        if len(waiting) == _FRAMES_PER_SEGMENT:
            yield starts, waiting
            waiting = []
    if waiting:
        yield starts, waiting


def _units(encoder: AudioCodecContext, sounds: Iterator[Sound]) -> Iterator[tuple[int, bytes]]:
    """The encoder's first unit only warms it up: it lies before the beginning."""
    fifo = av.AudioFifo()
    first: int | None = None
    number = -1
    for at, frame in _unbroken(sounds):
        first = at if first is None else first
        frame.pts = None
        fifo.write(frame)
        for ready in fifo.read_many(_FRAME):
            for packet in encoder.encode(ready):
                if number >= 0:
                    yield first + number * _FRAME, bytes(packet)
                number += 1
    rest = fifo.read(0, partial=True)
    for packet in [*(encoder.encode(rest) if rest else ()), *encoder.encode(None)]:
        if first is not None and number >= 0:
            yield first + number * _FRAME, bytes(packet)
        number += 1


def _unbroken(sounds: Iterator[Sound]) -> Iterator[Sound]:
    """Silence where nothing is."""
    expected: int | None = None
    for at, frame in sounds:
        while expected is not None and at - expected > _TOLERANCE:
            count = min(at - expected, AUDIO_TIMESCALE)
            yield expected, _silence(count)
            expected += count
        expected = (at if expected is None else expected) + frame.samples
        yield at, frame


def _silence(samples: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout="mono", samples=samples)
    frame.sample_rate = AUDIO_TIMESCALE
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    return frame


def _segment(msn: int, starts: int, frames: int, stretch: Stretch) -> Segment:
    return Segment(
        msn=msn,
        starts=starts,
        duration=frames * _FRAME,
        init=0,
        is_after_gap=False,
        is_independent=True,
        frames=frames,
        stretch=stretch,
    )
