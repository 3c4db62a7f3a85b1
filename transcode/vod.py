"""Reads the playlists of a finished recording: which bytes of which files make each run of one set-up.

FFmpeg's HLS reader keeps the first decoder set-up where a lecture goes from camera to screen; it also
opens whatever a playlist names. Here a playlist stays within its folder.
"""

import io
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))')


class PlaylistError(ValueError):
    """The playlist cannot be followed. The sentence says why."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Some bytes of a file."""

    path: Path
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Recording:
    """Runs of picture and of sound; each run is a file of its own for a decoder."""

    pictures: Sequence[Sequence[Extent]]
    sounds: Sequence[Sequence[Extent]]
    seconds: float


def read_recording(index: Path) -> Recording:
    """Follow a multivariant playlist's best variant, the largest and then the richest, and its audio, or
    a media playlist alone."""
    text = _read(index)
    variants: list[tuple[tuple[int, int], str, str]] = []
    renditions: dict[str, str] = {}
    lines = text.splitlines()
    for tag, following in zip(lines, [*lines[1:], ""], strict=True):
        if tag.startswith("#EXT-X-STREAM-INF:"):
            attributes = _attributes(tag)
            worth = _pixels(attributes), int(attributes.get("BANDWIDTH", "0"))
            variants.append((worth, attributes.get("AUDIO", ""), following))
        elif (
            tag.startswith("#EXT-X-MEDIA:")
            and (attributes := _attributes(tag)).get("TYPE") == "AUDIO"
        ):
            renditions.setdefault(attributes.get("GROUP-ID", ""), attributes.get("URI", ""))
    if not variants:
        runs, seconds = _runs(index, text)
        return Recording(runs, (), seconds)
    _, group, uri = max(variants)
    pictures, seconds = _runs(within(index.parent, uri))
    audio = renditions.get(group)
    sounds, heard = _runs(within(index.parent, audio)) if audio else ((), 0.0)
    return Recording(pictures, sounds, max(seconds, heard))


def within(folder: Path, uri: str) -> Path:
    """The file that `uri` names beside the playlist; never outside of its folder."""
    path = (folder / uri).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise PlaylistError(f"the playlist names {uri}, which is not beside it")
    return path


def _runs(playlist: Path, text: str | None = None) -> tuple[list[list[Extent]], float]:
    """The media in its order, cut wherever the decoder's set-up changes; and its seconds."""
    runs: list[list[Extent]] = []
    seconds = 0.0
    init: Extent | None = None
    wanted: str | None = None
    ends: dict[Path, int] = {}
    for line in (text or _read(playlist)).splitlines():
        if line.startswith("#EXT-X-MAP:"):
            attributes = _attributes(line)
            path = within(playlist.parent, attributes.get("URI", ""))
            extent = _extent(path, attributes.get("BYTERANGE"), 0)
            if extent != init:
                init = extent
                runs.append([extent])
        elif line.startswith("#EXT-X-BYTERANGE:"):
            wanted = line.partition(":")[2]
        elif line.startswith("#EXTINF:"):
            seconds += float(line.partition(":")[2].partition(",")[0])
        elif line and not line.startswith("#"):
            path = within(playlist.parent, line)
            extent, wanted = _extent(path, wanted, ends.get(path, 0)), None
            ends[path] = extent.offset + extent.length
            if not runs:
                raise PlaylistError(f"{playlist.name} has media without a set-up")
            runs[-1].append(extent)
    return runs, seconds


def _extent(path: Path, byte_range: str | None, following: int) -> Extent:
    if byte_range is None:
        return Extent(path, 0, path.stat().st_size)
    length, _, offset = byte_range.partition("@")
    return Extent(path, int(offset) if offset else following, int(length))


def _pixels(attributes: Mapping[str, str]) -> int:
    """Of a variant; 0 of sound alone."""
    width, _, height = attributes.get("RESOLUTION", "0x0").partition("x")
    return int(width) * int(height)


def _attributes(tag: str) -> dict[str, str]:
    found = _ATTRIBUTE.findall(tag.partition(":")[2])
    return {name: quoted or plain for name, quoted, plain in found}


def _read(playlist: Path) -> str:
    text = playlist.read_text(encoding="utf-8")
    if not text.startswith("#EXTM3U"):
        raise PlaylistError(f"{playlist.name} is no playlist")
    return text


class ExtentReader(io.RawIOBase):
    """Several extents as one file."""

    def __init__(self, extents: Sequence[Extent]) -> None:
        self._extents = extents
        self._ends = list(accumulate(extent.length for extent in extents))
        self._at = 0
        self._files: dict[Path, io.FileIO] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1]}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        place = bisect_right(self._ends, self._at)
        if place == len(self._ends):
            return b""
        extent = self._extents[place]
        into = extent.length - (self._ends[place] - self._at)
        wanted = extent.length - into if size < 0 else min(size, extent.length - into)
        file = self._files.get(extent.path) or self._files.setdefault(
            extent.path, io.FileIO(extent.path)
        )
        file.seek(extent.offset + into)
        data = file.read(wanted) or b""
        self._at += len(data)
        return data

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        super().close()
