"""HLS as text (RFC 8216bis). Pure.

Times are exact: every EXTINF is the difference of two rounded times, so an hour of them adds
up to an hour. All timestamps of a lecture lie on one timeline, so there are no discontinuities
but after gaps of a track that was not sent (docs/adr/0002-programme-rendition.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Final, Protocol

from transcode.access_unit import AUDIO_TIMESCALE, VIDEO_TIMESCALE, TrackKind
from transcode.packager import TARGET_DURATION
from transcode.rungs import PROGRAMME
from transcode.segments import Init, Part, Segment

SKIP_BOUNDARY: Final = 6 * TARGET_DURATION  # seconds; the least that is allowed
PARTS_SPAN: Final = 3 * TARGET_DURATION  # seconds from the edge in which parts are listed
_ROUNDING: Final = 10_000  # microseconds; three times a decimal is more than that in a browser
_HEADROOM: Final = Fraction(11, 10)  # what comes may be somewhat more than what came
_SHORTEST_MEASURED: Final = TARGET_DURATION // 2  # seconds


@dataclass(frozen=True, slots=True)
class Timeline:
    """Ticks of one rendition as time of day."""

    epoch: datetime
    timescale: int

    def at(self, ticks: int) -> datetime:
        return self.epoch + timedelta(microseconds=self.microseconds(ticks))

    def microseconds(self, ticks: int) -> int:
        return (ticks * 1_000_000 + self.timescale // 2) // self.timescale

    def seconds(self, starts: int, ends: int) -> str:
        """The duration as a decimal that adds up."""
        return decimal(self.microseconds(ends) - self.microseconds(starts))


class Addresses(Protocol):
    """How a playlist names what it lists."""

    def init(self, init: Init) -> str:
        """The attributes of EXT-X-MAP."""
        ...

    def segment(self, segment: Segment) -> str:
        """The lines after EXTINF."""
        ...


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """Each segment and part has its own, unchanging address: what caches like best."""

    rendition: str

    def init(self, init: Init) -> str:
        return f'URI="{self.rendition}/init-{init.number}.mp4"'

    def segment(self, segment: Segment) -> str:
        return f"{self.rendition}/{segment.msn}.m4s"

    def part(self, msn: int, number: int) -> str:
        return f"{self.rendition}/{msn}.{number}.m4s"


@dataclass(frozen=True, slots=True)
class ByteRanges:
    """Stretches of the recording's files, relative to its folder."""

    def init(self, init: Init) -> str:
        stretch = init.stretch
        return f'URI="{stretch.file}",BYTERANGE="{stretch.size}@{stretch.offset}"'

    def segment(self, segment: Segment) -> str:
        stretch = segment.stretch
        return f"#EXT-X-BYTERANGE:{stretch.size}@{stretch.offset}\n{stretch.file}"


@dataclass(frozen=True, slots=True)
class Report:
    """Where a sibling rendition has come to."""

    name: str
    msn: int
    part: int | None


def timescale(name: str) -> int:
    """Ticks a second of the rendition called `name`."""
    return AUDIO_TIMESCALE if name == TrackKind.VOICE else VIDEO_TIMESCALE


def decimal(microseconds: int) -> str:
    """Seconds, without needless zeros but always with a point."""
    text = f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def moment(at: datetime) -> str:
    """ISO 8601 to the millisecond, UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def recorded(
    segments: Sequence[Segment],
    inits: Mapping[int, Init],
    timeline: Timeline,
    addresses: Addresses,
    marks: str = "",
) -> str:
    """A finished rendition, whole. `marks`: lines that are not about one segment (`transcode.marks`)."""
    head = header(segments[0].msn if segments else 0, is_recorded=True) + marks
    return head + entries(segments, inits, timeline, addresses) + "#EXT-X-ENDLIST\n"


def header(
    first_msn: int,
    discontinuities: int = 0,
    *,
    is_independent: bool = True,
    is_recorded: bool = False,
) -> str:
    """What stands above the segments."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:9", f"#EXT-X-TARGETDURATION:{TARGET_DURATION}"]
    if is_recorded:
        lines.append("#EXT-X-PLAYLIST-TYPE:VOD")
    lines.append(f"#EXT-X-MEDIA-SEQUENCE:{first_msn}")
    if discontinuities:
        lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}")
    if is_independent:
        lines.append("#EXT-X-INDEPENDENT-SEGMENTS")
    return "\n".join(lines) + "\n"


def server_control(part_target: Fraction | None = None) -> str:
    """What a low-latency client may ask for; without parts, to wait and to skip."""
    if part_target is None:
        return f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={SKIP_BOUNDARY}.0\n"
    target = int(part_target * 1_000_000)
    return (
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"
        f"PART-HOLD-BACK={decimal(3 * target + _ROUNDING)},CAN-SKIP-UNTIL={SKIP_BOUNDARY}.0\n"
        f"#EXT-X-PART-INF:PART-TARGET={decimal(target)}\n"
    )


def entries(
    segments: Sequence[Segment], inits: Mapping[int, Init], timeline: Timeline, addresses: Addresses
) -> str:
    """Whole segments without parts, the first one with its EXT-X-MAP."""
    if not segments:
        return ""
    first, *_ = segments
    texts = [entry(first, inits[first.init], timeline, addresses)]
    for before, segment in pairwise(segments):
        init = inits[segment.init] if segment.init != before.init else None
        texts.append(entry(segment, init, timeline, addresses))
    return "".join(texts)


def entry(
    segment: Segment,
    init: Init | None,
    timeline: Timeline,
    addresses: Addresses,
    parts: str = "",
    *,
    is_lost: bool = False,
) -> str:
    """One whole segment; `init` where it differs from the segment before. `is_lost`: it was shown
    once and cannot be fetched any more (RFC 8216bis 4.4.4.7)."""
    return (
        opening(segment.starts, init, timeline, addresses, is_after_gap=segment.is_after_gap)
        + parts
        + ("#EXT-X-GAP\n" if is_lost else "")
        + f"#EXTINF:{timeline.seconds(segment.starts, segment.ends)},\n"
        + f"{addresses.segment(segment)}\n"
    )


def opening(
    starts: int, init: Init | None, timeline: Timeline, addresses: Addresses, *, is_after_gap: bool
) -> str:
    """The tags before a segment's first part."""
    lines = ["#EXT-X-DISCONTINUITY\n"] if is_after_gap else []
    if init:
        lines.append(f"#EXT-X-MAP:{addresses.init(init)}\n")
    lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{moment(timeline.at(starts))}\n")
    return "".join(lines)


def part_lines(msn: int, parts: Iterable[Part], timeline: Timeline, addresses: OwnFiles) -> str:
    """The parts of one segment."""
    return "".join(
        f'#EXT-X-PART:DURATION={timeline.seconds(part.starts, part.ends)},URI="'
        f'{addresses.part(msn, number)}"{",INDEPENDENT=YES" if part.is_independent else ""}\n'
        for number, part in enumerate(parts)
    )


def skipped(count: int) -> str:
    return f"#EXT-X-SKIP:SKIPPED-SEGMENTS={count}\n"


def hint(address: str) -> str:
    return f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{address}"\n'


def rendition_reports(reports: Iterable[Report]) -> str:
    return "".join(
        f'#EXT-X-RENDITION-REPORT:URI="{report.name}.m3u8",LAST-MSN={report.msn}'
        + (f",LAST-PART={report.part}\n" if report.part is not None else "\n")
        for report in reports
    )


@dataclass(frozen=True, slots=True)
class Variant:
    """What a rendition is like, for the multivariant playlist."""

    peak_bps: int
    average_bps: int
    codec: str
    width: int = 0
    height: int = 0
    frame_rate: Fraction = Fraction(0)


def variant(
    segments: Sequence[Segment], inits: Iterable[Init], timescale: int, *, is_lower: bool = False
) -> Variant | None:
    """Measured on whole segments; the largest picture and the highest profile count. `is_lower`: where
    the pictures are those of another rung, they do not tell the size of this one."""
    by_size = sorted(inits, key=lambda init: (init.width * init.height, init.codec))
    pictures = [init for init in by_size if not (is_lower and init.is_adopted)]
    if not pictures:
        return None
    rates = list(_rates(segments, timescale))
    duration = Fraction(sum(segment.duration for segment in segments), timescale)
    octets = sum(segment.stretch.size for segment in segments)
    return Variant(
        peak_bps=max((bps for bps, _ in rates), default=0),
        average_bps=int(8 * octets / duration) if duration else 0,
        codec=max(init.codec for init in by_size),
        width=pictures[-1].width,
        height=pictures[-1].height,
        frame_rate=max((frames for _, frames in rates), default=Fraction(0)),
    )


def multivariant(
    video: Variant,
    voice: Variant | None,
    aac: Variant | None = None,
    *,
    lower: Mapping[str, Variant] | None = None,
    captions: Sequence[str] = (),
) -> str:
    """The programme with its voice, then its lower rungs, and the voice alone for thin lines; `aac` is
    that voice for players without Opus, `captions` the languages that there are."""
    pictures = {PROGRAMME: video, **(lower or {})}
    lines = ["#EXTM3U", "#EXT-X-VERSION:9", "#EXT-X-INDEPENDENT-SEGMENTS"]
    sounds = [("voice", voice, 2), ("aac", aac, 1)]
    groups = [(name, sound, channels) for name, sound, channels in sounds if sound]
    lines += [
        f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{name}",NAME="voice",DEFAULT=YES,AUTOSELECT=YES,'
        f'CHANNELS="{channels}",URI="{name}.m3u8"'
        for name, _, channels in groups
    ]
    lines += map(caption_rendition, captions)
    shown = ',SUBTITLES="captions"' if captions else ""
    for name, sound, _ in groups or [("", Variant(0, 0, ""), 0)]:
        for rung, picture in pictures.items():
            lines += [_stream(picture, sound, name) + shown, f"{rung}.m3u8"]
    for name, sound, _ in groups:
        lines += [_sound_alone(sound, name), f"{name}.m3u8"]
    return "\n".join(lines) + "\n"


def caption_rendition(language: str, query: str = "") -> str:
    """The tag of captions in a language; `query` goes with their address."""
    return (
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="{language}",LANGUAGE="{language}",'
        f'DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="captions/{language}.m3u8{query}"'
    )


def _stream(video: Variant, sound: Variant, group: str) -> str:
    attributes = [
        f"BANDWIDTH={max(int((video.peak_bps + sound.peak_bps) * _HEADROOM), 100_000)}",
        f"AVERAGE-BANDWIDTH={max(video.average_bps + sound.average_bps, 50_000)}",
        f'CODECS="{",".join(filter(None, (video.codec, sound.codec)))}"',
        f"RESOLUTION={video.width}x{video.height}",
    ]
    if video.frame_rate:
        attributes.append(f"FRAME-RATE={float(video.frame_rate):.3f}")
    if group:
        attributes.append(f'AUDIO="{group}"')
    return f"#EXT-X-STREAM-INF:{','.join(attributes)}"


def _sound_alone(sound: Variant, group: str) -> str:
    return (
        f"#EXT-X-STREAM-INF:BANDWIDTH={max(int(sound.peak_bps * _HEADROOM), 10_000)},"
        f"AVERAGE-BANDWIDTH={max(sound.average_bps, 5_000)},"
        f'CODECS="{sound.codec}",AUDIO="{group}"'
    )


def _rates(segments: Iterable[Segment], timescale: int) -> Iterator[tuple[int, Fraction]]:
    """Bits and frames a second of each run of segments that is long enough to count."""
    octets = frames = duration = 0
    for segment in segments:
        octets += segment.stretch.size
        frames += segment.frames
        duration += segment.duration
        if duration >= _SHORTEST_MEASURED * timescale:
            yield 8 * octets * timescale // duration, Fraction(frames * timescale, duration)
            octets = frames = duration = 0
