"""Rules of RFC 8216bis and of Apple's authoring specification, each on a drawn lecture that went
through the whole engine, read with parsers that are not ours."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from uuid import uuid4

import av
import m3u8
import pytest

from bench import clips
from transcode.access_unit import Rung, TrackKind
from transcode.library import Library
from transcode.recording import Recording
from transcode.window import Window

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
SECONDS = 20
NAMES = ("camera", "screen", "voice", "programme", "programme-low")


def lecture() -> Iterator[tuple[float, TrackKind, object, Rung]]:
    """Camera in two sizes, both larger after 6 s, sent again from 15 s after a pause; screen from 8.3 to
    11.3 s."""
    screen = clips.video(3, starts=8.3, size=(640, 368))
    camera = {Rung.BEST: filmed((320, 180), (480, 272)), Rung.LOW: filmed((160, 96), (240, 144))}
    units = clips.laddered(camera, screen=screen, voice=clips.voice(SECONDS))
    return ((float(unit.time), kind, unit, rung) for kind, unit, rung in units)


def filmed(size, larger):
    return [
        *clips.video(6, size=size),
        *clips.video(6, starts=6.0, size=larger),
        *clips.video(5, starts=15.0, size=larger),
    ]


class Played:
    """A lecture, and its playlists as they were after each quarter of a second."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.texts: dict[str, list[str]] = {name: [] for name in NAMES}

    def teach(self) -> None:
        at = 0.25
        for time, kind, unit, rung in lecture():
            while time >= at:
                self._look(at)
                at += 0.25
            self.recording.push(kind, unit, rung)
        self._look(at)

    def _look(self, at: float) -> None:
        for kind in (TrackKind.CAMERA, TrackKind.SCREEN):
            if kind is TrackKind.SCREEN and at > 11.5:
                self.recording.stop_track(kind)
        self.recording.tick(Fraction(at))
        for name in NAMES:
            self.texts[name].append(self.recording.window(name).live().plain.decode())

    def listed(self, name: str) -> list[m3u8.M3U8]:
        """Each with a segment at least."""
        return [m3u8.loads(text) for text in self.texts[name] if "#EXTINF" in text]


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Played:
    library = Library(tmp_path_factory.mktemp("rules"))
    made = Played(library.open_recording(uuid4(), EPOCH, post=lambda call: call()))
    made.teach()
    return made


def keyframes(init: bytes, data: bytes) -> list[bool]:
    """Of each packet, in decoding order, as FFmpeg says."""
    with av.open(io.BytesIO(init + data)) as file:
        return [packet.is_keyframe for packet in file.demux() if packet.size]


def init_of(window: Window, msn: int) -> bytes:
    segment = window.segment(msn)
    number = segment.init if segment else window.segments[-1].init
    return window.inits[number].data


def whole(listed: m3u8.M3U8) -> list[m3u8.Segment]:
    return [each for each in listed.segments if each.uri]


@pytest.mark.parametrize("name", NAMES)
def test_the_target_duration_is_kept_and_never_changes(played, name):
    for listed in played.listed(name):
        assert listed.target_duration == 4
        assert all(round(each.duration) <= 4 for each in whole(listed))


@pytest.mark.parametrize("name", NAMES)
def test_a_part_fills_85_percent_of_its_target_but_at_boundaries(played, name):
    """Of its own segments, and of those of the programme, whose parts they are."""
    listed = played.listed(name)[-1]
    target = listed.part_inf.part_target
    starts = {each.program_date_time for each in whole(played.listed("programme")[-1])}
    for segment in whole(listed):
        at = segment.program_date_time
        for part in segment.parts:
            at += timedelta(seconds=part.duration)
            is_cut = part is segment.parts[-1] or _is_near(at, starts)
            assert part.duration <= target
            assert is_cut or part.duration >= 0.85 * target


@pytest.mark.parametrize("name", ["camera", "screen", "programme", "programme-low"])
def test_segments_begin_with_a_key_frame_and_parts_say_if_they_have_one(played, name):
    window = played.recording.window(name)
    for segment in whole(played.listed(name)[-1]):
        msn = int(segment.uri.split("/")[1].split(".")[0])
        parts = window.parts(msn)
        flags = [part.independent == "YES" for part in segment.parts]
        keys = [keyframes(init_of(window, msn), part.data) for part in parts]
        assert keys[0][0], f"segment {msn} does not begin with a key frame"
        assert [any(of_part) for of_part in keys][: len(flags)] == flags


@pytest.mark.parametrize("name", NAMES)
def test_every_list_tells_the_time_of_day(played, name):
    """Of its first segment and after each discontinuity, to a tenth of a second."""
    for listed in played.listed(name):
        segments = whole(listed)
        assert segments[0].program_date_time
        assert all(each.program_date_time for each in segments if each.discontinuity)
    starts = [each.starts for each in played.recording.window(name).segments]
    scale = played.recording.window(name).timeline.timescale
    for segment, ticks in zip(segments, starts, strict=True):
        passed = segment.program_date_time - EPOCH
        assert passed.total_seconds() == pytest.approx(ticks / scale, abs=0.001)


@pytest.mark.parametrize("name", NAMES)
def test_segments_are_said_to_be_independent(played, name):
    assert all(listed.is_independent_segments for listed in played.listed(name))
    assert m3u8.loads(played.recording.multivariant().plain.decode()).is_independent_segments


@pytest.mark.parametrize("name", NAMES)
def test_what_was_said_is_never_unsaid(played, name):
    said: dict[str, tuple[float, object, bool]] = {}
    for listed in played.listed(name):
        assert listed.media_sequence == 0
        for each in whole(listed):
            facts = each.duration, each.program_date_time, each.discontinuity
            assert said.setdefault(each.uri, facts) == facts


@pytest.mark.parametrize("name", NAMES)
def test_the_hinted_part_is_the_one_that_comes_or_the_segment_ends(played, name):
    for before, after in pairwise(played.texts[name]):
        hints = m3u8.loads(before).preload_hint
        if hints is None:
            continue
        folder, file = hints.uri.split("/")
        msn, part, _ = file.split(".")
        came = f'URI="{hints.uri}"' in after.replace(f'TYPE=PART,URI="{hints.uri}"', "")
        is_over = f"{folder}/{msn}.m4s" in after
        assert came or is_over or hints.uri == m3u8.loads(after).preload_hint.uri, part


@pytest.mark.parametrize(("name", "other"), [("programme", "voice"), ("voice", "programme")])
def test_renditions_of_one_group_report_each_other(played, name, other):
    report = played.listed(name)[-1].rendition_reports[0]
    window = played.recording.window(other)
    assert report.uri == f"{other}.m3u8"
    assert window.has(report.last_msn, report.last_part)
    assert window.next_msn - report.last_msn <= 1


def test_the_renditions_of_the_programme_lie_on_one_timeline(played):
    edges = []
    for name in ("programme", "voice"):
        window = played.recording.window(name)
        with av.open(io.BytesIO(init_of(window, 0) + _data(window, 0))) as file:
            first = next(packet for packet in file.demux() if packet.size)
            edges.append(float(first.pts * first.time_base))
    assert edges == pytest.approx([0, 0], abs=0.05)


def test_a_change_of_size_comes_with_its_own_init(played):
    segments = whole(played.listed("camera")[-1])
    inits = [segment.init_section.uri for segment in segments if segment.init_section]
    assert "camera/init-1.mp4" in inits
    window = played.recording.window("camera")
    sizes = set()
    for segment in window.segments:
        with av.open(io.BytesIO(init_of(window, segment.msn) + _data(window, segment.msn))) as file:
            frame = next(file.decode(video=0))
            sizes.add((frame.width, frame.height))
            assert frame.width == window.inits[segment.init].width
    assert sizes == {(320, 180), (480, 272)}


def test_a_track_that_was_away_is_a_discontinuity_in_its_own_list_only(played):
    assert sum(each.discontinuity for each in whole(played.listed("camera")[-1])) == 1
    for name in ("programme", "voice"):
        assert not any(each.discontinuity for each in whole(played.listed(name)[-1]))


def test_the_programme_has_no_silent_hole(played):
    """What nobody sends is drawn (docs/adr/0002-programme-rendition.md)."""
    segments = whole(played.listed("programme")[-1])
    for before, after in pairwise(segments):
        ends = before.program_date_time + timedelta(seconds=before.duration)
        assert abs((after.program_date_time - ends).total_seconds()) < 0.002


def test_the_multivariant_says_what_the_streams_are(played):
    recording = played.recording
    top = m3u8.loads(recording.multivariant().plain.decode())
    video = top.playlists[0].stream_info
    assert video.codecs == "avc1.42C01F,opus"
    assert video.resolution == (640, 368)
    assert video.frame_rate == pytest.approx(25, rel=0.02)
    assert video.average_bandwidth <= video.bandwidth


def test_the_measured_peak_is_near_the_bandwidth_that_is_said(played):
    recording = played.recording
    said = m3u8.loads(recording.multivariant().plain.decode()).playlists[0].stream_info.bandwidth
    rates = [_peak(recording.window(name)) for name in ("programme", "voice")]
    assert sum(rates) <= said <= max(1.25 * sum(rates), 100_000)


def test_the_voice_is_offered_by_itself(played):
    top = m3u8.loads(played.recording.multivariant().plain.decode())
    (alone,) = [each for each in top.playlists if each.uri == "voice.m3u8"]
    assert alone.stream_info.codecs == "opus"
    assert alone.stream_info.resolution is None
    assert alone.stream_info.bandwidth < top.playlists[0].stream_info.bandwidth


def test_a_segment_that_left_the_list_stays_for_as_long_as_the_list_was(tmp_path):
    """RFC 8216bis 6.2.2."""
    opened = Library(tmp_path).open_recording(
        uuid4(), EPOCH, is_kept=False, post=lambda call: call()
    )
    units = clips.video(160, size=(64, 64), rate=5, gop=10)
    left: dict[int, float] = {}
    window = opened.window("camera")
    begins = window.next_msn
    for kind, unit in clips.interleaved(camera=units):
        opened.push(kind, unit)
        first = window.segments[0].msn if window.segments else begins
        for msn in range(begins, first):
            left.setdefault(msn, float(unit.time))
        for msn, since in left.items():
            if unit.time - since < 2 + 60:
                assert window.parts(msn), f"{msn} was gone after {float(unit.time) - since} s"
    assert left


def _is_near(at: datetime, others: set[datetime]) -> bool:
    return any(abs((at - other).total_seconds()) < 0.002 for other in others)


def _data(window: Window, msn: int) -> bytes:
    return b"".join(part.data for part in window.parts(msn))


def _peak(window: Window) -> float:
    """Bits a second of the busiest two seconds or more."""
    peaks, octets, seconds = [], 0, 0.0
    for segment in window.segments:
        octets += len(_data(window, segment.msn))
        seconds += segment.duration / window.timeline.timescale
        if seconds >= 1.9:
            peaks.append(8 * octets / seconds)
            octets, seconds = 0, 0.0
    return max(peaks)
