from datetime import UTC, datetime
from fractions import Fraction

import m3u8
from hypothesis import given
from hypothesis import strategies as st

from transcode import playlist
from transcode.playlist import ByteRanges, OwnFiles, Timeline, Variant
from transcode.segments import Init, Segment, Stretch

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
TIMELINE = Timeline(EPOCH, 90000)
INITS = {n: Init(n, "avc1.42C01F", 640, 360, Stretch("camera.mp4", n, 700), b"") for n in range(3)}


def segment(msn: int, starts: int, duration: int = 180000, init: int = 0, **changes) -> Segment:
    stretch = Stretch("camera.mp4", 1000 * msn, 1000)
    values = {"is_after_gap": False, "is_independent": True, "frames": 50, "stretch": stretch}
    return Segment(msn, starts, duration, init, **values | changes)


def run(*durations: int) -> list[Segment]:
    starts = [sum(durations[:n]) for n in range(len(durations))]
    return [segment(n, at, d) for n, (at, d) in enumerate(zip(starts, durations, strict=True))]


def recorded(segments, addresses=ByteRanges()) -> str:  # noqa: B008
    return playlist.recorded(segments, INITS, TIMELINE, addresses)


@given(st.lists(st.integers(1, 360000), min_size=1, max_size=50))
def test_durations_add_up_exactly(durations):
    parsed = m3u8.loads(recorded(run(*durations)))
    total = sum(round(Fraction(str(each.duration)) * 1_000_000) for each in parsed.segments)
    assert total == TIMELINE.microseconds(sum(durations))


@given(st.lists(st.integers(1, 360000), min_size=1, max_size=50))
def test_no_segment_is_longer_than_the_target(durations):
    parsed = m3u8.loads(recorded(run(*durations)))
    assert all(round(each.duration) <= parsed.target_duration for each in parsed.segments)


def test_a_recording_is_byte_ranges_with_an_end():
    parsed = m3u8.loads(recorded(run(180000, 180000)))
    assert parsed.playlist_type == "vod"
    assert parsed.is_endlist
    assert [each.byterange for each in parsed.segments] == ["1000@0", "1000@1000"]
    assert {each.uri for each in parsed.segments} == {"camera.mp4"}
    assert parsed.segments[0].init_section.byterange == "700@0"


def test_every_segment_tells_its_time_of_day():
    parsed = m3u8.loads(recorded(run(180000, 90000, 90000)))
    passed = [(each.program_date_time - EPOCH).total_seconds() for each in parsed.segments]
    assert passed == [0, 2, 3]


def test_a_new_init_is_named_once_and_is_no_discontinuity():
    text = recorded([segment(0, 0), segment(1, 180000, init=1), segment(2, 360000, init=1)])
    assert text.count("#EXT-X-MAP") == 2
    assert "#EXT-X-DISCONTINUITY" not in text


def test_a_gap_is_a_discontinuity_with_its_time():
    text = recorded([segment(0, 0), segment(1, 900000, is_after_gap=True)])
    before, after = text.split("#EXT-X-DISCONTINUITY\n")
    assert before.endswith("camera.mp4\n")
    assert after.startswith("#EXT-X-PROGRAM-DATE-TIME:2026-09-07T04:00:10.000Z\n")


def test_own_files_have_addresses_that_never_change():
    addresses = OwnFiles("screen")
    assert addresses.segment(segment(12, 0)) == "screen/12.m4s"
    assert addresses.part(12, 3) == "screen/12.3.m4s"
    assert addresses.init(INITS[1]) == 'URI="screen/init-1.mp4"'


def test_the_programme_is_offered_with_its_voice():
    picture = Variant(1_000_000, 800_000, "avc1.42C01F", 1280, 720, Fraction(30000, 1001))
    parsed = m3u8.loads(playlist.multivariant(picture, Variant(40_000, 32_000, "opus")))
    variant, alone = parsed.playlists
    assert variant.stream_info.codecs == "avc1.42C01F,opus"
    assert variant.stream_info.resolution == (1280, 720)
    assert variant.stream_info.frame_rate == 29.97
    assert variant.stream_info.average_bandwidth == 832_000
    assert variant.stream_info.bandwidth >= 1_040_000
    assert variant.media[0].uri == alone.uri == "voice.m3u8"


def test_a_variant_is_measured_on_its_segments():
    measured = playlist.variant(run(180000, 180000), INITS.values(), 90000)
    assert (measured.peak_bps, measured.average_bps, measured.frame_rate) == (4000, 4000, 25)


@given(st.integers(0, 10**12))
def test_decimals_lose_nothing(microseconds):
    assert Fraction(playlist.decimal(microseconds)) == Fraction(microseconds, 1_000_000)
