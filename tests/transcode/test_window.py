import asyncio
import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import m3u8

from transcode.playlist import Timeline
from transcode.segments import Init, Part, Stretch
from transcode.window import Window

SOON = timedelta(seconds=5)
AT_ONCE = timedelta(0)
TARGET = Fraction(28, 100)


def window(span: timedelta | None = None) -> Window:
    made = Window("camera", Timeline(datetime(2026, 9, 7, tzinfo=UTC), 90000), TARGET, span)
    made.add_init(Init(0, "avc1.42C01F", 320, 180, Stretch("camera.mp4", 0, 700), b"init"))
    return made


def part(starts: float, duration: float = 0.25, *, is_independent: bool = False) -> Part:
    stretch = Stretch("camera.mp4", round(starts * 1000), 250)
    ticks = round(starts * 90000), round(duration * 90000)
    return Part(*ticks, 6, is_independent, stretch, f"{starts:.2f} ".encode())


def grow(
    made: Window, seconds: float, starts: float = 0.0, *, is_after_gap: bool = False
) -> Window:
    """Parts of 0.25 s in segments of 2 s; the last segment stays open."""
    for n in range(round(seconds * 4)):
        at = starts + n / 4
        if n % 8 == 0:
            made.open_segment(round(at * 90000), 0, is_after_gap=is_after_gap and n == 0)
        made.add_part(part(at, is_independent=n % 8 == 0))
    return made


def live(made: Window, *, can_skip: bool = False) -> str:
    return made.live(can_skip=can_skip).plain.decode()


def test_the_live_playlist_is_low_latency():
    text = live(grow(window(), 3))
    parsed = m3u8.loads(text)
    assert parsed.server_control.can_block_reload == "YES"
    assert parsed.server_control.part_hold_back >= 3 * parsed.part_inf.part_target
    assert parsed.server_control.can_skip_until >= 6 * parsed.target_duration
    assert parsed.is_independent_segments
    assert not parsed.is_endlist
    assert text.endswith('#EXT-X-PRELOAD-HINT:TYPE=PART,URI="camera/1.4.m4s"\n')
    assert text.count("INDEPENDENT=YES") == 2


def test_parts_are_listed_near_the_edge_only():
    parsed = m3u8.loads(live(grow(window(), 60)))
    assert [len(each.parts) for each in parsed.segments[-8:]] == [0, 0, 8, 8, 8, 8, 8, 8]
    assert len(parsed.segments) == 30  # the last is open


def test_the_whole_lecture_stays_reachable():
    made = grow(window(), 600)
    assert m3u8.loads(live(made)).media_sequence == 0
    assert made.segment(0).stretch.offset == 0


def test_bytes_stay_in_memory_for_the_last_minute_only():
    made = grow(window(), 600)
    assert made.parts(0) is None
    assert b"".join(each.data for each in made.parts(298)).startswith(b"596.00 ")


def test_a_window_in_memory_slides_and_counts():
    made = window(timedelta(seconds=60))
    grow(made, 30)
    made.close_segment(30 * 90000)
    grow(made, 90, starts=100, is_after_gap=True)
    parsed = m3u8.loads(live(made))
    assert parsed.media_sequence == made.segments[0].msn == 29
    assert parsed.discontinuity_sequence == 1
    assert parsed.segments[0].init_section.uri == "camera/init-0.mp4"
    assert made.segment(28) is None
    assert made.parts(28) is not None  # still fetchable for those who know its address


def test_a_delta_update_skips_what_is_old():
    made = grow(window(), 60)
    text = live(made, can_skip=True)
    assert "#EXT-X-SKIP:SKIPPED-SEGMENTS=18\n" in text
    assert "\ncamera/18.m4s\n" in text
    assert "\ncamera/17.m4s\n" not in text
    assert text.split("camera/18.m4s")[1] == live(made).split("camera/18.m4s")[1]


def test_a_young_playlist_has_nothing_to_skip():
    assert "SKIP:" not in live(grow(window(), 10), can_skip=True)


def test_one_rendering_serves_all_until_something_changes():
    made = grow(window(), 3)
    first = made.live()
    assert made.live() is first
    assert gzip.decompress(first.gzipped) == first.plain
    made.add_part(part(3.0))
    assert made.live() is not first


def test_a_segment_lasts_until_the_next_begins():
    made = grow(window(), 2)
    made.open_segment(round(2.04 * 90000), 0, is_after_gap=False)
    assert made.segments[0].duration == round(2.04 * 90000)


def test_siblings_are_reported():
    made, other = grow(window(), 3), grow(window(), 5)
    made.siblings = (other,)
    assert '#EXT-X-RENDITION-REPORT:URI="camera.m3u8",LAST-MSN=2,LAST-PART=3\n' in live(made)


def test_the_end_is_said_once():
    made = grow(window(), 3)
    made.end()
    made.end()
    assert live(made).count("#EXT-X-ENDLIST") == 1
    assert "PRELOAD-HINT" not in live(made)


def test_independence_is_claimed_only_while_true():
    made = grow(window(), 2)
    made.open_segment(2 * 90000, 0, is_after_gap=False)
    made.add_part(part(2.0))
    made.close_segment(4 * 90000)
    assert "INDEPENDENT-SEGMENTS" not in live(made)


async def test_who_waits_for_a_part_is_woken_by_it():
    made = grow(window(), 0.5)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(made.reach(0, 2, SOON))
        await asyncio.sleep(0)
        assert not waiting.done()
        made.add_part(part(0.5))
    assert waiting.result()


async def test_a_segment_is_there_when_it_is_closed():
    made = grow(window(), 2)
    assert not await made.reach(0, None, AT_ONCE)
    made.close_segment(180000)
    assert await made.reach(0, None, AT_ONCE)
    assert await made.reach(0, 99, AT_ONCE)


async def test_a_part_beyond_the_last_of_a_segment_is_the_first_of_the_next():
    made = grow(window(), 2)
    made.close_segment(180000)
    assert await made.reach_listed(0, 7, AT_ONCE)
    assert not await made.reach_listed(0, 8, AT_ONCE)
    grow(made, 0.25, starts=2.0)
    assert await made.reach_listed(0, 8, AT_ONCE)
    assert await made.reach_listed(0, 99, AT_ONCE)


def test_nothing_is_hinted_at_after_the_last_part_of_a_segment():
    made = grow(window(), 1)
    made.add_part(replace(part(1.0), is_final=True))
    assert "PRELOAD-HINT" not in live(made)
    made.close_segment(112500)
    made.open_segment(112500, 0, is_after_gap=False)
    assert live(made).endswith('URI="camera/1.0.m4s"\n')


async def test_the_end_wakes_those_who_wait():
    made = grow(window(), 1)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(made.reach(5, 0, SOON))
        await asyncio.sleep(0)
        made.end()
    assert waiting.result()
