"""Drawn access units: only NAL types and times count here."""

from fractions import Fraction
from itertools import pairwise

import pytest

from transcode import opus
from transcode.access_unit import AccessUnit
from transcode.h264 import annex_b, parameter_sets, split
from transcode.packager import (
    TARGET_DURATION,
    InitMade,
    PartCut,
    SegmentClosed,
    SegmentOpened,
    VideoPackager,
    VoicePackager,
)
from transcode.still import still

SETS = {size: parameter_sets(split(still(*size))) for size in ((320, 192), (640, 368))}


def key(time: float, size=(320, 192)) -> AccessUnit:
    sets = SETS[size]
    return AccessUnit(
        annex_b([*sets.sps, *sets.pps, b"\x65key"]), round(time * 90000), 90000, is_key=True
    )


def delta(time: float) -> AccessUnit:
    return AccessUnit(annex_b([b"\x41delta"]), round(time * 90000), 90000, is_key=False)


def film(seconds: float, rate: int = 25, gop: float = 2.0, starts: float = 0.0):
    every = round(gop * rate)
    return [
        (key if n % every == 0 else delta)(starts + n / rate) for n in range(round(seconds * rate))
    ]


def cuts(units, packager=None, *, is_ended=True):
    packager = packager or VideoPackager()
    made = [cut for unit in units for cut in packager.push(unit)]
    return made + list(packager.stop()) if is_ended else made


def of(kind, made):
    return [cut for cut in made if isinstance(cut, kind)]


@pytest.mark.parametrize("rate", [12, 15, 20, 24, 25, 30, 50, 60])
def test_parts_fill_85_percent_of_their_target(rate):
    *parts, _ = of(PartCut, cuts(film(1.9, rate)))
    assert all(0.85 * 25200 <= part.duration <= 25200 for part in parts)


def test_parts_follow_each_other_exactly():
    parts = of(PartCut, cuts(film(6.3)))
    assert all(before.starts + before.duration == after.starts for before, after in pairwise(parts))
    assert sum(part.frames for part in parts) == round(6.3 * 25)


def test_a_part_is_complete_with_its_last_frame():
    packager = VideoPackager()
    units = film(0.24)
    assert of(PartCut, cuts(units[:-1], packager, is_ended=False)) == []
    assert [part.frames for part in of(PartCut, packager.push(units[-1]))] == [6]


def test_the_last_part_of_a_segment_is_complete_when_the_next_key_frame_begins_to_arrive():
    packager = VideoPackager()
    cuts(film(2), packager, is_ended=False)
    [part] = packager.key_ahead(180000)
    assert (part.starts + part.duration, part.frames, part.is_final) == (180000, 2, True)
    closed, opened = list(packager.push(key(2.0)))
    assert (closed.ends, opened.starts) == (180000, 180000)


def test_a_key_frame_that_will_begin_no_segment_cuts_no_part():
    packager = VideoPackager()
    cuts(film(1.04), packager, is_ended=False)
    assert list(packager.key_ahead(93600)) == []


def test_a_key_frame_that_was_announced_and_lost_leaves_no_hole():
    packager = VideoPackager()
    before = cuts(film(2), packager, is_ended=False) + list(packager.key_ahead(180000))
    after = list(packager.push(key(2.5)))
    assert of(PartCut, before + after)[-1].starts == 172800
    assert [cut.ends for cut in of(SegmentClosed, after)] == [225000]
    assert [cut.starts for cut in of(SegmentOpened, after)] == [225000]


def test_segments_begin_at_key_frames():
    made = cuts(film(6))
    assert [cut.starts for cut in of(SegmentOpened, made)] == [0, 180000, 360000]
    assert [cut.ends for cut in of(SegmentClosed, made)] == [180000, 360000, 540000]
    assert len(of(InitMade, made)) == 1


def test_a_key_frame_before_its_time_makes_no_segment():
    made = cuts(film(1.8, gop=0.5))
    assert len(of(SegmentOpened, made)) == 1
    assert sum(part.is_independent for part in of(PartCut, made)) == 4


def test_a_new_picture_size_makes_a_new_init_at_once():
    made = cuts([*film(1), key(1.0, (640, 368)), delta(1.04)])
    assert [(init.width, init.height) for init in of(InitMade, made)] == [(320, 192), (640, 368)]
    assert [cut.starts for cut in of(SegmentOpened, made)] == [0, 90000]
    assert not of(SegmentOpened, made)[1].is_after_gap


def test_without_key_frames_a_segment_still_ends_in_time():
    packager = VideoPackager()
    made = cuts(film(9, gop=100), packager, is_ended=False)
    opened = of(SegmentOpened, made)
    assert [bool(cut.key) for cut in opened] == [True, False, False]
    assert all(
        after.starts - before.starts <= TARGET_DURATION * 90000
        for before, after in pairwise(opened)
    )
    assert packager.wants_key


def test_nothing_is_taken_before_the_first_key_frame():
    packager = VideoPackager()
    assert cuts([delta(0), delta(0.04)], packager, is_ended=False) == []
    assert packager.is_waiting
    assert of(SegmentOpened, packager.push(key(0.08)))


def test_a_track_that_comes_again_has_a_gap_before_it():
    made = cuts([*film(1), *film(1, starts=8.0)])
    assert [cut.is_after_gap for cut in of(SegmentOpened, made)] == [False, True]
    closed = of(SegmentClosed, made)[0]
    assert closed.is_last
    assert 90000 <= closed.ends <= 90000 + 25200  # the last frame stays for its part


def test_after_a_gap_a_key_frame_is_awaited():
    made = cuts([*film(1), delta(8.0), key(9.0)])
    assert [cut.starts for cut in of(SegmentOpened, made)] == [0, 810000]


def test_a_late_frame_does_not_hold_its_part_up():
    packager = VideoPackager()
    list(packager.push(key(0)))
    assert list(packager.tick(20000)) == []
    (part,) = packager.tick(30000)
    assert part.duration == 25200


def test_frames_that_are_twice_or_late_are_dropped():
    packager = VideoPackager()
    cuts([key(0), delta(0.04), delta(0.04), delta(0.02)], packager)
    assert packager.dropped == 2


def test_a_segment_can_be_asked_to_begin_at_the_next_key_frame():
    packager = VideoPackager()
    cuts(film(0.5), packager, is_ended=False)
    packager.cut_at_key()
    assert of(SegmentOpened, packager.push(key(0.5)))


@pytest.mark.parametrize("step", [0.08, 0.3, 0.9, 1.5])
def test_times_are_exact_and_decode_time_makes_no_jump(step, times):
    units = [*film(1), *(delta(1 + n * step) for n in range(4))]
    sampled = times(b"".join(part.data for part in of(PartCut, cuts(units))))
    assert [pts for pts, _, _ in sampled] == [unit.pts for unit in units]
    for (_, before, duration), (_, after, _) in pairwise(sampled):
        assert 0 < after - before <= 2 * duration


def test_jitter_adds_nothing_up(times):
    units = [
        AccessUnit(unit.data, unit.pts + n * 7919 % 1800, 90000, unit.is_key)
        for n, unit in enumerate(film(10))
    ]
    parts = of(PartCut, cuts(units))
    assert [pts for pts, _, _ in times(b"".join(p.data for p in parts))] == [u.pts for u in units]
    assert all(part.duration <= 25200 for part in parts)


def packets(seconds: float, starts: float = 0.0):
    first = round(starts * 48000)
    return [
        AccessUnit(opus.SILENCE, first + 960 * n, 48000, is_key=True)
        for n in range(round(seconds * 50))
    ]


def test_the_voice_is_cut_on_the_grid():
    made = cuts(packets(5, starts=1.0), VoicePackager())
    assert [cut.starts / 48000 for cut in of(SegmentOpened, made)] == [1, 2, 4]
    assert [cut.ends / 48000 for cut in of(SegmentClosed, made)] == [2, 4, 6]
    assert max(part.duration for part in of(PartCut, made)) == 14 * 960


def test_the_part_target_is_a_setting():
    made = cuts(film(2), VideoPackager(Fraction(1, 2)))
    assert of(PartCut, made)[0].duration == round(0.48 * 90000)
