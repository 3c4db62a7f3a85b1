"""Captions of a channel: those of the recordings and files that were on air, in the time of the channel. Reads files.

Segments are those of the channel, number by number. What was on is told by its as-run log, and what is spoken by the
captions of its source as they are now: a correction is seen at once, in what was on air before too.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from kernel.errors import DarisError
from kernel.settings import Settings
from player import caption_rendition, caption_shelf, captions
from player.caption_rendition import Stretch
from player.captions import Cue
from schedule.as_run import Aired, read_as_run
from schedule.places import captions_folder, channel_folder, library_file, recording_index
from transcode.catchup import segment_in
from transcode.channel_window import Segment
from transcode.house import FRAME_RATE, FRAME_TICKS, PICTURE, Profile, moment_of, picture_from
from transcode.playlist import caption_rendition as caption_tag

_LARGEST: Final = 4 << 20  # bytes of a file beside one of the library
_EARLIER: Final = timedelta(hours=1)  # local times count from so long before a segment
_BEGINS_SOON: Final = timedelta(
    seconds=15
)  # a caption of what is not on air yet is not asked for earlier
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BESIDE: Final = re.compile(r"\.([a-z]{2,3}(?:-[a-z0-9]{2,8}){0,2})\.(?:vtt|srt)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ChannelCaptions:
    """Of one channel."""

    settings: Settings
    channel: str

    def languages(self, sources: Iterable[str]) -> list[str]:
        """In which there are any of these sources, in alphabetical order."""
        return sorted({language for source in sources for language in self._files_of(source)})

    def aired(self, since: datetime, until: datetime) -> list[Aired]:
        return read_as_run(self._folder / "as-run", since, until)

    def segment(self, number: int, language: str) -> str | None:
        """WebVTT of a segment that is, or was, in the playlist; None of one that never was."""
        found = segment_in(self._folder, number)
        if found is None:
            return None
        begins, ends = moment_of(found.begins), moment_of(found.ends)
        base = begins - _EARLIER
        cues = sorted(self._cues(begins, ends, base, language))
        return caption_rendition.segment(_stretch(found, base), cues)

    def _recording(self, name: str) -> Path:
        return recording_index(self.settings, UUID(name)).parent

    @property
    def _folder(self) -> Path:
        return channel_folder(self.settings, self.channel)

    def _cues(
        self, since: datetime, until: datetime, base: datetime, language: str
    ) -> Iterator[Cue]:
        """Those of all that was on air then, in milliseconds from `base` on."""
        for aired in self.aired(since, until):
            if aired.source is None or aired.planned_at is None or aired.slate:
                continue
            # the position in what is shown follows the clock alone
            starts_at = moment_of(picture_from(aired.planned_at))
            shift = _milliseconds(starts_at - base)
            first = _milliseconds(aired.at - base)
            last = _milliseconds(aired.until - base) if aired.until else None
            for cue in self._spoken(aired.source, language):
                begin, end = max(cue.begin_ms + shift, first), cue.end_ms + shift
                end = end if last is None else min(end, last)  # the same in each of its segments
                if 0 <= begin < end:
                    yield Cue(begin, end, cue.text)

    def _spoken(self, source: str, language: str) -> list[Cue]:
        kind, _, name = source.partition(":")
        try:
            if kind == "recording":
                return caption_shelf.read(self._recording(name), language)
            path = self._files_of(source).get(language)
            return captions.parse(path.read_bytes()) if path else []
        except (DarisError, OSError, ValueError):  # none, or gone, or no captions after all
            return []

    def _files_of(self, source: str) -> dict[str, Path]:
        """By language, what there is of a source."""
        kind, _, name = source.partition(":")
        try:
            if kind == "recording":
                folder = self._recording(name)
                return {each.language: folder for each in caption_shelf.listed(folder)}
            kept = captions_folder(self.settings, source).glob("*.vtt")
            return {path.stem: path for path in kept} | dict(
                _beside(library_file(self.settings, name))
            )
        except (DarisError, OSError, ValueError):
            return {}


def multivariant(profile: Profile, languages: Sequence[str], query: str) -> str:
    """The channel with its captions; `query` says which part of it, in catch-up (RFC 8216bis 4.4.6)."""
    level = round(float(profile.level) * 10)
    attributes = (
        f"BANDWIDTH={(profile.max_bps + profile.audio_bps) * 11 // 10}",
        f'CODECS="avc1.6400{level:02x},mp4a.40.2"',
        f"RESOLUTION={profile.width}x{profile.height}",
        f"FRAME-RATE={FRAME_RATE:.3f}",
        *(['SUBTITLES="captions"'] if languages else []),
    )
    lines = (
        "#EXTM3U",
        "#EXT-X-VERSION:8",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        *(caption_tag(language, query) for language in languages),
        f"#EXT-X-STREAM-INF:{','.join(attributes)}",
        f"index.m3u8{query}",
    )
    return "".join(f"{line}\n" for line in lines)


def playlist(channel: str, language: str) -> str:
    """A media playlist of the channel, or of what it was, as that of its captions."""
    lines = (line for line in channel.splitlines() if not line.startswith("#EXT-X-MAP:"))
    return "".join(f"{_entry(line, language)}\n" for line in lines)


def _entry(line: str, language: str) -> str:
    return line if line.startswith("#") else f"{language}/{line.removesuffix('.m4s')}.vtt"


def _beside(media: Path | None) -> Iterator[tuple[str, Path]]:
    """`campus.kk.vtt` and `campus.ru.srt` of the library's `campus.mp4`."""
    if media is None:
        return
    for path in sorted(media.parent.glob("*")):
        told = _BESIDE.search(path.name)
        if told and path.name[: told.start()] == media.stem and path.stat().st_size <= _LARGEST:
            yield told[1].lower(), path


def _stretch(segment: Segment, base: datetime) -> Stretch:
    starts = segment.begins * FRAME_TICKS
    played = starts - round((base - _EPOCH) / PICTURE * FRAME_TICKS)
    return Stretch(starts, segment.pictures * FRAME_TICKS, played, is_after_gap=False)


def _milliseconds(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)
