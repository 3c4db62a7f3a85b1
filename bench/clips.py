"""Small drawn clips as access units, for benchmarks and tests: a bar that walks, a tone."""

import math
from array import array
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache

import av
from av.video.codeccontext import VideoCodecContext

from transcode.access_unit import AUDIO_TIMESCALE, VIDEO_TIMESCALE, AccessUnit, Rung, TrackKind
from transcode.recording import Recording

_BAR = 16  # pixels
_KEPT = 64  # clips: many tests draw the same


def video(
    seconds: float,
    *,
    starts: float = 0.0,
    size: tuple[int, int] = (320, 180),
    rate: int = 25,
    gop: int = 50,
    shade: int = 0,
    late: Callable[[int], int] = lambda _: 0,
) -> list[AccessUnit]:
    """H.264 as a browser sends it: baseline, no B-frames, parameter sets at each IDR.

    `late` moves the time stamp of frame n by ticks of 90 kHz.
    """
    return [
        AccessUnit(
            data,
            round((starts + n / rate) * VIDEO_TIMESCALE) + late(n),
            VIDEO_TIMESCALE,
            is_key=is_key,
        )
        for n, (data, is_key) in enumerate(_pictures(round(seconds * rate), size, rate, gop, shade))
    ]


def voice(seconds: float, *, starts: float = 0.0, pitch: int = 440) -> list[AccessUnit]:
    """A tone as Opus packets of 20 ms."""
    first = round(starts * AUDIO_TIMESCALE)
    return [
        AccessUnit(data, first + 960 * n, AUDIO_TIMESCALE, is_key=True)
        for n, data in enumerate(_sounds(round(seconds * 50), pitch))
    ]


def interleaved(
    **tracks: list[AccessUnit],
) -> list[tuple[TrackKind, AccessUnit]]:
    """The units of `camera=`, `screen=` and `voice=` in the order of their times."""
    units = [(TrackKind(name), unit) for name, track in tracks.items() for unit in track]
    return sorted(units, key=lambda unit: unit[1].time)


def laddered(
    camera: Mapping[Rung, list[AccessUnit]],
    late: Mapping[Rung, float] | None = None,
    **tracks: list[AccessUnit],
) -> list[tuple[TrackKind, AccessUnit, Rung]]:
    """As `interleaved`, with a camera in several sizes; a rung comes so many seconds `late`."""
    units = [(unit.time, TrackKind.CAMERA, unit, rung) for rung in camera for unit in camera[rung]]
    units += [(unit.time, kind, unit, Rung.BEST) for kind, unit in interleaved(**tracks)]
    delays = late or {}
    units.sort(key=lambda each: each[0] + Fraction(delays.get(each[3], 0.0)))
    return [(kind, unit, rung) for _, kind, unit, rung in units]


def record(recording: Recording, seconds: float, *, gop: int = 50) -> None:
    """Record so much of a camera and a voice, to the end."""
    for kind, unit in interleaved(camera=video(seconds, gop=gop), voice=voice(seconds)):
        recording.push(kind, unit)
    recording.finish()


@lru_cache(maxsize=_KEPT)
def _pictures(
    frames: int, size: tuple[int, int], rate: int, gop: int, shade: int
) -> tuple[tuple[bytes, bool], ...]:
    """Encoded, and whether each is a key picture."""
    encoder = _encoder(size, rate, gop)
    packets = [packet for n in range(frames) for packet in encoder.encode(frame(n, size, shade))]
    packets += encoder.encode(None)
    return tuple((bytes(packet), packet.is_keyframe) for packet in packets)


@lru_cache(maxsize=_KEPT)
def _sounds(frames: int, pitch: int) -> tuple[bytes, ...]:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate = AUDIO_TIMESCALE
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = 32_000
    return tuple(bytes(packet) for n in range(frames) for packet in encoder.encode(_tone(n, pitch)))


def _encoder(size: tuple[int, int], rate: int, gop: int) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, rate)
    encoder.framerate = Fraction(rate)
    encoder.thread_count = 1
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:repeat-headers=1:annexb=1",
    }
    return encoder


def frame(number: int, size: tuple[int, int], shade: int) -> av.VideoFrame:
    """Picture `number` of a clip."""
    drawn = av.VideoFrame(*size, "yuv420p")
    left = (4 * number) % (size[0] - _BAR)
    for plane, value in zip(drawn.planes, (40 + shade, 128, 100 + shade), strict=True):
        row = bytearray([value]) * plane.line_size
        if plane is drawn.planes[0] or plane.width == size[0]:
            row[left : left + _BAR] = b"\xdc" * _BAR
        plane.update(bytes(row) * plane.height)
    drawn.pts = number
    return drawn


def _tone(number: int, pitch: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="s16", layout="mono", samples=960)
    step = 2 * math.pi * pitch / AUDIO_TIMESCALE
    frame.planes[0].update(array("h", _samples(960 * number, step)).tobytes())
    frame.sample_rate = AUDIO_TIMESCALE
    frame.pts = 960 * number
    return frame


def _samples(first: int, step: float) -> Iterator[int]:
    return (int(8000 * math.sin(step * n)) for n in range(first, first + 960))
