"""Captions as a rendition of the recording's HLS: a playlist and WebVTT segments (RFC 8216bis 3.1.4). Pure.

Captions count media time, which runs on over pauses and cuts; the fragments count from the lecture's
epoch and leave those times out. Each segment says which of the one is which of the other.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from player.captions import Cue, clock, webvtt
from transcode import playlist
from transcode.access_unit import VIDEO_TIMESCALE
from transcode.playlist import Timeline
from transcode.segments import Segment

_LONGEST: Final = 60  # seconds of one segment
_MPEGTS_WRAPS: Final = 1 << 33


@dataclass(frozen=True, slots=True)
class Stretch:
    """Pictures that follow each other; the captions over them are one segment. Ticks of 90 kHz."""

    starts: int  # since the epoch, as in the fragments
    duration: int
    media_starts: int  # what was played before
    is_after_gap: bool

    @property
    def begin_ms(self) -> Fraction:
        return Fraction(1000 * self.media_starts, VIDEO_TIMESCALE)

    @property
    def end_ms(self) -> Fraction:
        return self.begin_ms + Fraction(1000 * self.duration, VIDEO_TIMESCALE)


def stretches(programme: Sequence[Segment]) -> list[Stretch]:
    """Of the segments that are played, a minute each at the most; none reaches over a discontinuity."""
    found: list[Stretch] = []
    played = 0
    for segment in programme:
        last = found[-1] if found else None
        if last is None or segment.is_after_gap or not _has_room(last, segment):
            found.append(Stretch(segment.starts, segment.duration, played, segment.is_after_gap))
        else:
            longer = segment.ends - last.starts
            found[-1] = Stretch(last.starts, longer, last.media_starts, last.is_after_gap)
        played += segment.duration
    return found


def _has_room(last: Stretch, segment: Segment) -> bool:
    return segment.ends - last.starts <= _LONGEST * VIDEO_TIMESCALE


def media_playlist(language: str, found: Sequence[Stretch], timeline: Timeline) -> str:
    """Its discontinuities are those of the programme."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        f"#EXT-X-TARGETDURATION:{_LONGEST}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-MEDIA-SEQUENCE:0",
    ]
    for number, each in enumerate(found):
        lines += ["#EXT-X-DISCONTINUITY"] if each.is_after_gap and number else []
        lines += [
            f"#EXT-X-PROGRAM-DATE-TIME:{playlist.moment(timeline.at(each.starts))}",
            f"#EXTINF:{timeline.seconds(each.starts, each.starts + each.duration)},",
            f"{language}/{number}.vtt",
        ]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def segment(stretch: Stretch, cues: Sequence[Cue]) -> str:
    """The captions that are to be seen in it, also those that began before. `cues` in order."""
    begin_ms = int(stretch.begin_ms)
    local = begin_ms * VIDEO_TIMESCALE // 1000 - stretch.media_starts  # what the clock rounds off
    mpegts = (stretch.starts + local) % _MPEGTS_WRAPS
    timestamps = f"X-TIMESTAMP-MAP=LOCAL:{clock(begin_ms)},MPEGTS:{mpegts}"
    return webvtt(list(_within(stretch, cues)), header=[timestamps])


def _within(stretch: Stretch, cues: Sequence[Cue]) -> Iterator[Cue]:
    until = bisect_right(cues, stretch.end_ms, key=lambda cue: Fraction(cue.begin_ms))
    return (cue for cue in cues[:until] if cue.end_ms > stretch.begin_ms)
