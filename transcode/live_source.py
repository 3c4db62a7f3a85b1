"""Pictures and sound of a lecture that is live, decoded fragment by fragment."""

import io
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from typing import Any

import av
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext

from transcode.live_feed import Kind, Record
from transcode.source import Layer, Timed

_INITS = {
    Kind.PICTURE_INIT: Kind.PICTURE,
    Kind.SOUND_INIT: Kind.SOUND,
    Kind.SCREEN_INIT: Kind.SCREEN,
    Kind.CAMERA_INIT: Kind.CAMERA,
}
_LAYERS = {Kind.SCREEN: Layer.UNDER, Kind.CAMERA: Layer.INSET}


class LiveSource:
    """One decoder for each kind, as long as its set-up lasts. One thread."""

    def __init__(self) -> None:
        self._tracks: dict[Kind, _Track] = {}
        self.damaged = 0

    def push(self, record: Record) -> Iterator[Timed]:
        """The frames of a fragment; seconds count from the recording's epoch."""
        kind = _INITS.get(record.kind)
        if kind is not None:
            self._tracks[kind] = _Track(record.data, _LAYERS.get(kind, Layer.ALONE))
        elif record.kind in self._tracks:
            track = self._tracks[record.kind]
            yield from track.decode(record.data)
            self.damaged += track.damaged
            track.damaged = 0


class _Track:
    def __init__(self, init: bytes, layer: Layer) -> None:
        self._init = init
        self._layer = layer
        self._decoder: CodecContext | None = None
        self.damaged = 0

    def decode(self, fragment: bytes) -> Iterator[Timed]:
        try:
            with closing(
                av.open(io.BytesIO(self._init + fragment), "r", format="mp4")
            ) as container:
                stream = container.streams[0]
                decoder = self._decoder = self._decoder or _decoder_of(stream)
                for packet in container.demux(stream):
                    yield from self._frames(decoder, packet)
        except (av.FFmpegError, IndexError):
            self.damaged += 1

    def _frames(self, decoder: CodecContext, packet: "av.Packet[Any]") -> Iterator[Timed]:
        if packet.size == 0 or packet.time_base is None:
            return
        base = packet.time_base
        try:
            frames = _decoded(decoder, packet)
        except av.FFmpegError:
            self.damaged += 1
            return
        for frame in frames:
            if frame.pts is not None:
                yield Timed(float(frame.pts * base), frame, layer=self._layer)


def _decoded(
    decoder: CodecContext, packet: "av.Packet[Any]"
) -> list[av.VideoFrame | av.AudioFrame]:
    assert isinstance(decoder, VideoCodecContext | AudioCodecContext)
    return list(decoder.decode(packet))


def _decoder_of(stream: av.stream.Stream) -> CodecContext:
    described = stream.codec_context
    decoder = av.CodecContext.create(described.name, "r")
    decoder.extradata = described.extradata
    decoder.thread_count = 1
    decoder.options = {"flags": "low_delay"}
    if isinstance(decoder, VideoCodecContext):
        decoder.framerate = Fraction(30)
    return decoder
