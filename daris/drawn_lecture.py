"""A lecture that is drawn and played by the machine: slides, a moving mark, and soft tones.

For the demo term and for tests. Gives what a browser would have sent: H.264 and Opus access units.
"""

import heapq
import math
import struct
from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import count
from typing import Any

import av
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from transcode.access_unit import AccessUnit, TrackKind
from transcode.lettering import HEIGHT, dots

FRAME_RATE = 25
_KEY_EVERY = 2 * FRAME_RATE  # frames
_SIZE = (960, 540)
_PAPER, _INK, _MARK = 235, 40, 120
_SAMPLE_RATE = 48_000
_OPUS_SAMPLES = 960
_SLIDE_SECONDS = 5
_CHORDS = ((262, 330, 392), (294, 349, 440), (247, 330, 392), (262, 349, 440))  # Hz
_LOUDNESS = 0.12


def drawn_lecture(
    slides: Sequence[str], length: timedelta
) -> Iterator[tuple[TrackKind, AccessUnit]]:
    """Screen and voice, in the order of time; a slide stands for five seconds. Its lines are
    separated by newlines and shortened to what fits."""
    seconds = length.total_seconds()
    tracks = ((TrackKind.SCREEN, _pictures(slides, seconds)), (TrackKind.VOICE, _tones(seconds)))
    yield from heapq.merge(*(_named(*track) for track in tracks), key=lambda item: item[1].time)


def _named(kind: TrackKind, units: Iterator[AccessUnit]) -> Iterator[tuple[TrackKind, AccessUnit]]:
    return ((kind, unit) for unit in units)


def _pictures(slides: Sequence[str], seconds: float) -> Iterator[AccessUnit]:
    encoder = _video_encoder()
    pages = [_page(slide) for slide in slides]
    total = int(seconds * FRAME_RATE)
    for number in range(total):
        page = pages[number // (FRAME_RATE * _SLIDE_SECONDS) % len(pages)]
        frame = _frame(page, number / total)
        frame.pts, frame.time_base = number, Fraction(1, FRAME_RATE)
        for packet in encoder.encode(frame):
            yield _unit(packet, number * 90_000 // FRAME_RATE)


def _video_encoder() -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height = _SIZE
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, FRAME_RATE)
    encoder.framerate = Fraction(FRAME_RATE)
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "crf": "26",
        "x264-params": f"keyint={_KEY_EVERY}:min-keyint={_KEY_EVERY}:scenecut=0:repeat-headers=1",
    }
    return encoder


def _unit(packet: "av.Packet[Any]", pts: int) -> AccessUnit:
    return AccessUnit(
        data=bytes(packet),
        pts=pts,
        timescale=90_000,
        is_key=packet.is_keyframe,
    )


def _page(slide: str) -> list[bytes]:
    """The luma rows of a slide."""
    width, height = _SIZE
    rows = [bytes((_PAPER,)) * width] * height
    top = height // 6
    for place, line in enumerate(slide.splitlines()):
        dot = 8 if place == 0 else 5
        text = [row[: (width - 120) // dot] for row in dots(line)]
        for offset, row in enumerate(text):
            ink = b"".join(bytes((_INK if mark == "#" else _PAPER,)) * dot for mark in row)
            drawn = (bytes((_PAPER,)) * 60 + ink).ljust(width, bytes((_PAPER,)))
            start = top + offset * dot
            rows[start : start + dot] = [drawn] * dot
        top += dot * (HEIGHT + 5)
    return rows


def _frame(page: Sequence[bytes], progress: float) -> av.VideoFrame:
    """The page with a line at its foot that grows, so that one sees time pass."""
    width, height = _SIZE
    edge = int(width * progress) // 2 * 2
    line = bytes((_MARK,)) * edge + bytes((_PAPER,)) * (width - edge)
    rows = [*page[: height - 12], *[line] * 12]
    frame = av.VideoFrame(width, height, "yuv420p")
    stride = frame.planes[0].line_size
    frame.planes[0].update(b"".join(row.ljust(stride, b"\0") for row in rows))
    for plane, value in zip(frame.planes[1:], (138, 122), strict=True):
        plane.update(bytes((value,)) * plane.buffer_size)
    return frame


def _tones(seconds: float) -> Iterator[AccessUnit]:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = _SAMPLE_RATE, "mono", "s16"
    encoder.bit_rate = 32_000
    encoder.open()
    sent = count()
    for start in range(0, int(seconds * _SAMPLE_RATE), _OPUS_SAMPLES):
        frame = av.AudioFrame("s16", "mono", _OPUS_SAMPLES)
        frame.sample_rate, frame.pts = _SAMPLE_RATE, start
        frame.planes[0].update(_samples(start))
        for packet in encoder.encode(frame):
            yield AccessUnit(
                data=bytes(packet),
                pts=next(sent) * _OPUS_SAMPLES,
                timescale=_SAMPLE_RATE,
                is_key=True,
            )


def _samples(start: int) -> bytes:
    """A chord a slide, swelling and fading."""
    values = []
    for position in range(start, start + _OPUS_SAMPLES):
        moment = position / _SAMPLE_RATE
        slide, within = divmod(moment, _SLIDE_SECONDS)
        swell = math.sin(math.pi * within / _SLIDE_SECONDS)
        chord = _CHORDS[int(slide) % len(_CHORDS)]
        value = sum(math.sin(2 * math.pi * tone * moment) for tone in chord) / len(chord)
        values.append(int(32_767 * _LOUDNESS * swell * value))
    return struct.pack(f"<{len(values)}h", *values)
