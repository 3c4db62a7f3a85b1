"""Pictures and sound of whatever is to be conditioned, decoded, in order of time."""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum, auto
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
from av.container import InputContainer

from transcode.access_unit import TrackKind
from transcode.vod import Extent, ExtentReader, PlaylistError, Recording, read_recording

_LISTS = {"hls", "concat", "dash", "imf"}  # formats that make FFmpeg open whatever a stranger names
_MOST_DAMAGE = 10_000  # packets


class SourceError(ValueError):
    """The input cannot be conditioned. The sentence says why."""


class Layer(Enum):
    """How a picture is shown."""

    ALONE = auto()
    UNDER = auto()  # a screen, in whose corner the camera may be
    INSET = auto()  # that camera


@dataclass(frozen=True, slots=True)
class Timed:
    """A decoded frame and its second on the source's own clock."""

    seconds: float
    frame: av.VideoFrame | av.AudioFrame
    aspect: Fraction = Fraction(1)  # of one pixel
    layer: Layer = Layer.ALONE


class Source(Protocol):
    """What is to be conditioned; each call reads from the beginning."""

    seconds: float  # as the file claims, 0 when it does not; it may lie
    damaged: int  # packets that could not be decoded

    def frames(self) -> Iterator[Timed]: ...
    def sounds(self) -> Iterator[Timed]: ...


def open_source(path: Path) -> Source:
    """Raise SourceError when there is nothing in it that could be shown or heard."""
    try:
        return _recording(path) if path.suffix == ".m3u8" else FileSource(path)
    except (OSError, UnicodeDecodeError, PlaylistError) as error:
        raise SourceError(f"{path.name} cannot be read: {error}.") from error


def _recording(index: Path) -> "RecordingSource":
    """With its camera, where a screen is shown in the place of it."""
    recording, camera = read_recording(index), index.parent / f"{TrackKind.CAMERA}.m3u8"
    has_screen = any(_is_screen(run) for run in recording.pictures)
    insets = read_recording(camera).pictures if has_screen and camera.is_file() else ()
    return RecordingSource(recording, insets)


def _is_screen(run: Sequence[Extent]) -> bool:
    """The parts of a lecture's programme lie in the file of their track."""
    return run[0].path.stem == TrackKind.SCREEN


class FileSource:
    """Any one file that FFmpeg reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.damaged = 0
        with closing(_open(path, path.name)) as container:
            if not container.streams.video and not container.streams.audio:
                raise SourceError(f"{path.name} holds no picture and no sound.")
            self.seconds = container.duration / av.time_base if container.duration else 0.0

    def frames(self) -> Iterator[Timed]:
        yield from self._decoded("video", "audio")

    def sounds(self) -> Iterator[Timed]:
        yield from self._decoded("audio")

    def _decoded(self, *kinds: str) -> Iterator[Timed]:
        reader = _Reader(_open(self._path, self._path.name), kinds)
        yield from reader.frames()
        self.damaged = max(self.damaged, reader.damaged)


class RecordingSource:
    """The folder of a lecture: pictures and voice apart, on one clock; `insets` is the camera under a screen."""

    def __init__(self, recording: Recording, insets: Sequence[Sequence[Extent]] = ()) -> None:
        self._recording = recording
        self._insets = insets
        self.seconds = recording.seconds
        self.damaged = 0
        if not recording.pictures and not recording.sounds:
            raise SourceError("The recording is empty.")

    def frames(self) -> Iterator[Timed]:
        camera = (
            replace(timed, layer=Layer.INSET) for timed in self._decoded(self._insets, "video")
        )
        pictures = self._decoded(self._recording.pictures, "video")
        yield from heapq.merge(camera, pictures, self.sounds(), key=lambda timed: timed.seconds)

    def sounds(self) -> Iterator[Timed]:
        yield from self._decoded(self._recording.sounds, "audio")

    def _decoded(self, runs: Sequence[Sequence[Extent]], kind: str) -> Iterator[Timed]:
        for run in runs:
            with ExtentReader(run) as file:
                reader = _Reader(_open(file, run[0].path.name), (kind,))
                layer = Layer.UNDER if _is_screen(run) else Layer.ALONE
                yield from (replace(timed, layer=layer) for timed in reader.frames())
                self.damaged += reader.damaged


def _open(file: Path | ExtentReader, name: str) -> InputContainer:
    try:
        container = av.open(file, "r", options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError) as error:
        raise SourceError(f"{name} cannot be read as media: {error.strerror or error}.") from error
    if _LISTS & set(container.format.name.split(",")):
        container.close()
        raise SourceError(f"{name} is a list of other files; give the media itself.")
    return container


class _Reader:
    """The first stream of each of `kinds`, decoded; damaged packets are counted and left out."""

    def __init__(self, container: InputContainer, kinds: Sequence[str]) -> None:
        self._container = container
        self._kinds = kinds
        self.damaged = 0

    def frames(self) -> Iterator[Timed]:
        with closing(self._container):
            chosen = [
                stream for stream in self._container.streams.get({}) if self._is_wanted(stream)
            ]
            for packet in self._packets(chosen):
                yield from self._decode(packet)

    def _is_wanted(self, stream: av.stream.Stream) -> bool:
        same = [other for other in self._container.streams if other.type == stream.type]
        return stream.type in self._kinds and stream is same[0]

    def _packets(self, chosen: Sequence[av.stream.Stream]) -> "Iterator[av.Packet[Any]]":
        if not chosen:
            return
        try:
            yield from self._container.demux(chosen)
        except (av.FFmpegError, OSError):
            self.damaged += 1  # cut off: what came before is shown

    def _decode(self, packet: "av.Packet[Any]") -> Iterator[Timed]:
        try:
            frames = packet.decode()
        except av.FFmpegError:
            self.damaged += 1
            if self.damaged > _MOST_DAMAGE:
                raise SourceError("Too much of the media is damaged.") from None
            return
        aspect = getattr(packet.stream, "sample_aspect_ratio", None) or Fraction(1)
        for frame in frames:
            if frame.time is not None:
                yield Timed(frame.time, frame, aspect)
