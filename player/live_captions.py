"""Live captions as a rendition of the stream (RFC 8216bis 3.1.4), and as captions of the recording.

Segments are those of the programme, number by number, so the playlist waits and skips as it does. It has
no parts: what is said in a segment is whole when the segment is.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from player import caption_rendition
from player.caption_rendition import Stretch
from player.captions import Cue
from transcode import playlist
from transcode.access_unit import VIDEO_TIMESCALE
from transcode.caption_lines import CaptionLine, reading_ms
from transcode.segments import Segment
from transcode.window import Rendered, Window

_LEAST_MS: Final = 1_000  # that a caption of the recording is shown


class LiveRendition:
    """The playlist of one language, rendered once for all who wait. Event loop only."""

    def __init__(self, window: Window, language: str) -> None:
        """`window` is the programme's."""
        self._window = window
        self._language = language
        self._entries: list[str] = []  # of the listed segments
        self._first = 0  # sequence number of the first of them
        self._rendered: dict[bool, Rendered] = {}
        self._state: tuple[int, int, bool] | None = None

    def playlist(self, *, can_skip: bool) -> Rendered:
        """`can_skip` leaves out what the client knows."""
        window = self._window
        first = window.listed[0].msn if window.listed else window.next_msn
        state = first, window.next_msn, window.is_ended
        if state != self._state:
            self._state = state
            self._rendered.clear()
            self._follow(first)
        if can_skip not in self._rendered:
            self._rendered[can_skip] = Rendered(self._text(first, can_skip=can_skip))
        return self._rendered[can_skip]

    def _follow(self, first: int) -> None:
        """Take over what the window listed and dropped."""
        segments = self._window.listed
        del self._entries[: max(0, first - self._first)]
        self._first = first
        self._entries += [self._entry(segment) for segment in segments[len(self._entries) :]]

    def _entry(self, segment: Segment) -> str:
        timeline = self._window.timeline
        return (
            ("#EXT-X-DISCONTINUITY\n" if segment.is_after_gap else "")
            + f"#EXT-X-PROGRAM-DATE-TIME:{playlist.moment(timeline.at(segment.starts))}\n"
            f"#EXTINF:{timeline.seconds(segment.starts, segment.ends)},\n"
            f"{self._language}/live-{segment.msn}.vtt\n"
        )

    def _text(self, first: int, *, can_skip: bool) -> str:
        skipped = self._skippable() if can_skip else 0
        return "".join(
            (
                playlist.header(first, self._window.discontinuities_before),
                playlist.server_control(),
                playlist.skipped(skipped) if skipped else "",
                *self._entries[skipped:],
                "#EXT-X-ENDLIST\n" if self._window.is_ended else "",
            )
        )

    def _skippable(self) -> int:
        """How many segments the client knows, counted from the end of the last."""
        segments = self._window.listed
        limit = segments[-1].ends - playlist.SKIP_BOUNDARY * VIDEO_TIMESCALE if segments else 0
        return bisect_right(segments, limit, key=lambda segment: segment.ends)


def segment_text(segment: Segment, lines: Sequence[CaptionLine]) -> str:
    """The captions to be seen in a segment of the programme. It never changes: what comes later is
    shown later."""
    stretch = Stretch(segment.starts, segment.duration, segment.starts, segment.is_after_gap)
    return caption_rendition.segment(
        stretch, [Cue(line.shown_ms, line.until_ms, line.text) for line in lines]
    )


def edge_ms(window: Window) -> int:
    """The first millisecond since the epoch that lies in no whole segment."""
    ends = window.segments[-1].ends if window.segments else 0
    return ends * 1_000 // VIDEO_TIMESCALE + 1


def recorded_cues(lines: Iterable[CaptionLine], programme: Sequence[Segment]) -> list[Cue]:
    """The lines of one language as captions of the recording, in its uncut time. `programme`: what was
    written of it. Each is shown until the next, if there is time to read it."""
    said = sorted(lines, key=lambda line: line.said_ms)
    begins = _positions((line.said_ms for line in said), programme)
    cues = [
        Cue(begin, begin + reading_ms(line.text), line.text)
        for begin, line in zip(begins, said, strict=True)
    ]
    return [
        Cue(cue.begin_ms, min(cue.end_ms, max(after.begin_ms, cue.begin_ms + _LEAST_MS)), cue.text)
        for cue, after in pairwise(cues)
    ] + cues[-1:]


def _positions(moments: Iterable[int], programme: Sequence[Segment]) -> Iterator[int]:
    """Where moments since the epoch, in order, are played; what lies in a hole, where the hole is."""
    number = played = 0
    for moment in moments:
        ticks = Fraction(moment * VIDEO_TIMESCALE, 1_000)
        while number < len(programme) and programme[number].ends <= ticks:
            played += programme[number].duration
            number += 1
        within = ticks - programme[number].starts if number < len(programme) else Fraction(0)
        yield int((played + max(within, Fraction(0))) * 1_000 / VIDEO_TIMESCALE)
