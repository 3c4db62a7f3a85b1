"""Pictures and sound of the house's size and rate in, a house item out. One thread from open to close."""

import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Self

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from transcode.h264 import length_prefixed, split
from transcode.house import (
    AAC_FRAME_SAMPLES,
    AAC_FRAMES_PER_SLOT,
    FRAME_RATE,
    FRAMES_PER_SLOT,
    SAMPLE_RATE,
    VIDEO_TIMESCALE,
    Profile,
)
from transcode.house_item import HouseWriter, fingerprint

# Without an edit list and without B-pictures presentation begins with the first decoded picture. `stitchable`
# keeps x264 from writing what it found out about this item into the parameter sets, which all items share.
_X264 = (
    "keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:bframes=0:stitchable=1:repeat-headers=0"
    ":nal-hrd=vbr:force-cfr=1:aud=0:sliced-threads=0"
)
_INIT_OPTIONS = {
    "movflags": "empty_moov+default_base_moof+frag_custom",
    "fflags": "+bitexact",
    "use_editlist": "0",
    "video_track_timescale": str(VIDEO_TIMESCALE),
}


THREADS: Final = 2
SOUND_OPTIONS: Final = {"aac_coder": "fast"}

Slot = tuple[Sequence[bytes], Sequence[bytes]]  # 24 pictures, 45 AAC frames


def picture_options(profile: Profile) -> dict[str, str]:
    """What FFmpeg's libx264 is told."""
    return {
        "preset": profile.preset,
        "profile": "high",
        "level": profile.level,
        "crf": "22",
        "maxrate": str(profile.max_bps),
        "bufsize": str(profile.buffer_bits),
        "x264-params": _X264.format(gop=FRAMES_PER_SLOT),
    }


class SlotEncoder:
    """Encodes whole slots; each is handed to `sink` as soon as it is complete.

    Give the n-th call of `picture` the n-th picture at 25 a second, and `sound` gapless 48 kHz stereo.
    """

    def __init__(self, profile: Profile, sink: Callable[[Slot], None]) -> None:
        self._sink = sink
        self._moov = io.BytesIO()
        self._muxer = av.open(self._moov, "w", format="mp4", options=_INIT_OPTIONS)
        self._video = _video_stream(self._muxer, profile)
        self._audio = _audio_stream(self._muxer, profile)
        self.init = self._start()
        self._pictures: deque[bytes] = deque()
        self._sounds: deque[bytes] = deque()
        self._next_picture = self._next_sample = 0

    def picture(self, frame: av.VideoFrame) -> None:
        frame.pts, frame.time_base = self._next_picture, Fraction(1, FRAME_RATE)
        frame.pict_type = av.video.frame.PictureType.NONE
        self._next_picture += 1
        self._keep(self._pictures, _access_units(self._video.encode(frame)))

    def sound(self, frame: av.AudioFrame) -> None:
        frame.pts, frame.time_base = self._next_sample, Fraction(1, SAMPLE_RATE)
        self._next_sample += frame.samples
        self._keep(self._sounds, _media(self._audio.encode(frame)))

    def finish(self) -> None:
        """What the coders still hold; what does not fill a slot is dropped."""
        self._keep(self._pictures, _access_units(self._video.encode(None)))
        self._keep(self._sounds, _media(self._audio.encode(None)))

    def _start(self) -> bytes:
        """Let FFmpeg write the `moov`, the only thing that its muxer is used for."""
        self._muxer.start_encoding()
        return self._moov.getvalue()

    def _keep(self, queue: deque[bytes], coded: Iterable[bytes]) -> None:
        queue.extend(coded)
        while len(self._pictures) >= FRAMES_PER_SLOT and len(self._sounds) >= AAC_FRAMES_PER_SLOT:
            pictures = [self._pictures.popleft() for _ in range(FRAMES_PER_SLOT)]
            self._sink((pictures, [self._sounds.popleft() for _ in range(AAC_FRAMES_PER_SLOT)]))


class HouseEncoder:
    """Encodes into `path`, which appears only when `close` was reached.

    What does not fill the last slot when `close` comes is dropped, so pad to the grid before.
    """

    def __init__(self, path: Path, profile: Profile) -> None:
        self._path = path
        self._partial = path.with_name(f".{path.name}.part")
        self._encoder = SlotEncoder(profile, lambda slot: self._writer.write(*slot))
        self.fingerprint = fingerprint(self._encoder.init)
        self.picture, self.sound = self._encoder.picture, self._encoder.sound
        self._file = self._partial.open("wb")
        self._writer = HouseWriter(self._file, self._encoder.init)

    @property
    def slots(self) -> int:
        return self._writer.slots

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._encoder.finish()
                self._writer.close()
        finally:
            self._file.close()
        if kind is None:
            self._partial.replace(self._path)
        else:
            self._partial.unlink(missing_ok=True)


def _access_units(packets: "Iterable[av.Packet[Any]]") -> Iterator[bytes]:
    return (length_prefixed(split(coded)) for coded in _media(packets))


def _media(packets: "Iterable[av.Packet[Any]]") -> Iterator[bytes]:
    """Without the AAC coder's first packet, its priming: nothing that was put in comes out of it."""
    return (bytes(packet) for packet in packets if packet.pts is not None and packet.pts >= 0)


def _video_stream(muxer: av.container.OutputContainer, profile: Profile) -> VideoStream:
    stream = muxer.add_stream("libx264", rate=FRAME_RATE)
    stream.width, stream.height, stream.pix_fmt = profile.width, profile.height, "yuv420p"
    stream.time_base = Fraction(1, FRAME_RATE)
    context = stream.codec_context
    context.thread_count = THREADS
    context.color_range, context.color_primaries = 1, 1
    context.color_trc, context.colorspace = 1, 1
    context.options = picture_options(profile)
    return stream


def _audio_stream(muxer: av.container.OutputContainer, profile: Profile) -> AudioStream:
    stream = muxer.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
    stream.bit_rate = profile.audio_bps
    stream.codec_context.options = dict(SOUND_OPTIONS)
    assert AAC_FRAME_SAMPLES == 1024
    return stream
