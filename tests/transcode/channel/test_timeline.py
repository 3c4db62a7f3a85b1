import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.house import PICTURE, SLOT, moment_of, picture_from, slot_from, sound_with
from transcode.timeline import Cue, Item, Plan, PlanError, Timeline, read_plan

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
FIRST = picture_from(NOON)
WITHOUT_A_ZONE = (
    b'{"channel":"one","items":[{"programme":"a","key":"a","title":"a",'
    b'"starts_at":"2026-09-07T12:00:00","ends_at":"2026-09-07T13:00:00Z"}]}'
)


def planned(key: str, *, after: float, takes: float) -> Item:
    starts_at = NOON + timedelta(seconds=after)
    return Item(
        programme=key,
        key=key,
        title=key,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(seconds=takes),
        media=f"{key}.mp4",
    )


def timeline(*items: Item) -> Timeline:
    return Timeline(Plan(channel="one", items=items))


def groups(line: Timeline, first: float, last: float) -> list[Cue]:
    """Those that begin in these seconds after noon."""
    begins, until = (picture_from(NOON + timedelta(seconds=at)) for at in (first, last))
    return list(line.run(line.group_from(begins), until))


def told(cues: Sequence[Cue]) -> list[tuple[str | None, int, int]]:
    """What is shown, which group of it, and how many pictures of that."""
    return [(cue.item.key if cue.item else None, cue.index, cue.count) for cue in cues]


def test_a_take_lies_over_the_plan_and_the_last_over_the_others():
    first = planned("first", after=9.6, takes=9.6)
    second = planned("second", after=14.4, takes=1.92)
    plan = Plan(channel="one", items=(planned("a", after=0, takes=28.8),), takes=(first, second))
    shown = told(groups(Timeline(plan), 0, 28.8))
    assert [shown[slot][:2] for slot in (9, 10, 14, 15, 17, 19, 20)] == [
        ("a", 9),
        ("first", 0),
        ("first", 4),
        ("second", 0),
        ("first", 7),
        ("first", 9),
        ("a", 20),
    ]


def test_an_item_cuts_the_one_before_it_short_and_follows_its_own_rhythm():
    line = timeline(planned("a", after=0, takes=5), planned("b", after=5, takes=5))
    assert told(groups(line, 0, 11)) == [
        *(("a", index, 24) for index in range(5)),
        ("a", 5, 5),
        *(("b", index, 24) for index in range(5)),
        ("b", 5, 19),  # to the next whole slot, where the slate begins
        (None, (FIRST + 264) // 24, 24),
    ]


def test_what_is_planned_between_two_pictures_begins_with_the_later_one():
    (cue,) = groups(timeline(planned("a", after=0.0401, takes=60)), 0.08, 0.1)
    assert told([cue]) == [("a", 0, 24)]
    assert cue.begins == FIRST + 2


def test_an_item_shorter_than_a_group_is_shown_for_its_time():
    items = (planned("a", after=0, takes=1.0), planned("b", after=1.0, takes=0.2))
    line = timeline(*items, planned("c", after=1.2, takes=60))
    assert told(groups(line, 0, 2)) == [("a", 0, 24), ("a", 1, 1), ("b", 0, 5), ("c", 0, 24)]


def test_a_take_waits_for_the_next_group_and_keeps_the_rhythm_until_the_next_start():
    items = (planned("a", after=0.04, takes=10), planned("b", after=10.04, takes=60))
    take = planned("take", after=8, takes=4)
    line = Timeline(Plan(channel="one", items=items, takes=(take,)))
    run = groups(line, 0.04, 15)
    begins = [(cue.item.key, (cue.begins - FIRST - 1) / 24, cue.count) for cue in run if cue.item]
    assert begins == [
        *(("a", slot, 24) for slot in range(9)),
        *(("take", slot, 24) for slot in range(9, 13)),
        *(("b", slot, 24) for slot in range(13, 16)),
    ]
    assert [cue.index for cue in run[13:]] == [2, 3, 4]  # where it would be by then


def test_a_start_that_no_take_has_reached_yet_is_kept():
    items = (planned("a", after=0, takes=5), planned("b", after=5, takes=60))
    take = planned("take", after=4.9, takes=60)
    line = Timeline(Plan(channel="one", items=items, takes=(take,)))
    assert told(groups(line, 4.8, 6)) == [("a", 5, 5), ("take", 0, 24), ("take", 1, 24)]


def test_who_follows_a_plan_that_was_changed_is_in_its_rhythm_with_the_next_group():
    line = timeline(planned("a", after=0, takes=60))
    assert told(line.run(FIRST + 10, FIRST + 48)) == [("a", 0, 14), ("a", 1, 24)]


def test_the_position_follows_the_clock_alone():
    line = timeline(planned("a", after=0, takes=3600))
    assert line.at(FIRST + 24 * 2000).index == 2000


def test_ten_thousand_joins_anywhere_drift_by_nothing():
    dice = random.Random(5)
    after, items = 0.0, []
    for number in range(10_000):
        takes = dice.randint(1_000_000, 9_000_000) / 1e6
        items.append(planned(str(number), after=after, takes=takes))
        after += takes
    line, late = timeline(*items), []
    heard = sound_with(FIRST)
    for cue in line.run(FIRST, picture_from(items[-1].ends_at)):
        assert heard == sound_with(cue.begins)
        heard += sound_with(cue.ends) - sound_with(cue.begins)
        if cue.item and cue.index == 0:
            late.append(moment_of(cue.begins) - cue.item.starts_at)
    assert len(late) == 10_000
    assert min(late) >= timedelta(0)
    assert max(late) < PICTURE
    assert heard == sound_with(cue.ends)


TIMES = st.integers(0, 60_000_000)


@given(st.lists(TIMES, min_size=1, max_size=9), st.lists(st.tuples(TIMES, TIMES), max_size=3))
def test_any_plan_fills_every_picture_and_every_start_that_is_not_covered_is_met(starts, takes):
    """Microseconds after noon, where items begin and takes begin and end."""
    edges = [*sorted(starts), 70_000_000]
    items = tuple(
        planned(str(at), after=at / 1e6, takes=(until - at) / 1e6) for at, until in pairwise(edges)
    )
    over = tuple(planned("take", after=a / 1e6, takes=max(0, b - a) / 1e6) for a, b in takes)
    line = Timeline(Plan(channel="one", items=items, takes=over))
    run = list(line.run(FIRST, FIRST + 25 * 75))
    assert all(1 <= cue.count <= 24 for cue in run)
    assert [cue.begins for cue in run[1:]] == [cue.ends for cue in run[:-1]]
    ends = {run[0].begins, *(cue.ends for cue in run)}
    for number in range(FIRST, FIRST + 25 * 75):  # whoever starts here joins the others at once
        assert line.group_from(number) in ends
    covered = {at for at in starts for a, b in takes if a <= at < b}
    begun = {cue.begins for cue in run}
    assert {picture_from(NOON + timedelta(microseconds=at)) for at in {*starts} - covered} <= begun


def test_the_following_item_is_told():
    line = timeline(planned("a", after=0, takes=5), planned("b", after=60, takes=5))
    following = line.following(FIRST)
    assert following
    assert following.key == "b"
    assert line.following(picture_from(NOON + timedelta(seconds=60))) is None


def test_the_day_the_clocks_change_has_no_special_second():
    before = datetime(2026, 10, 24, 23, tzinfo=UTC)
    assert (
        slot_from(before + timedelta(hours=24)) - slot_from(before) == timedelta(hours=24) // SLOT
    )


def test_a_plan_survives_the_file():
    plan = Plan(channel="one", revision=3, items=(planned("a", after=0, takes=5),))
    assert read_plan(msgspec.json.encode(plan)) == plan


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"channel": 1}',
        WITHOUT_A_ZONE,
    ],
)
def test_a_plan_that_cannot_be_used_says_so(data):
    with pytest.raises(PlanError, match="plan"):
        read_plan(data)
