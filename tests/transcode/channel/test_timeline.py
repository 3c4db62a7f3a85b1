from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from transcode.house import SLOT, slot_from
from transcode.timeline import Item, Plan, PlanError, Timeline, read_plan

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
FIRST = slot_from(NOON)
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


def test_a_take_lies_over_the_plan_and_the_last_over_the_others():
    first = planned("first", after=9.6, takes=9.6)
    second = planned("second", after=14.4, takes=1.92)
    plan = Plan(channel="one", items=(planned("a", after=0, takes=28.8),), takes=(first, second))
    line = Timeline(plan)
    assert [shown(line, FIRST + slot) for slot in (9, 10, 14, 15, 17, 19, 20)] == [
        ("a", 9),
        ("first", 0),
        ("first", 4),
        ("second", 0),
        ("first", 7),
        ("first", 9),
        ("a", 20),
    ]


def shown(line: Timeline, slot: int) -> tuple[str, int] | None:
    cue = line.at(slot)
    return (cue.item.key, cue.index) if cue.item else None


def test_an_item_is_shown_from_its_first_slot_to_its_end():
    line = timeline(planned("a", after=0, takes=9.6))
    assert shown(line, FIRST - 1) is None
    assert shown(line, FIRST) == ("a", 0)
    assert shown(line, FIRST + 9) == ("a", 9)
    assert shown(line, FIRST + 10) is None


def test_items_that_touch_leave_no_slot_between_them():
    line = timeline(planned("a", after=0, takes=10), planned("b", after=10, takes=10))
    keys = [cue[0] for slot in range(FIRST, FIRST + 20) if (cue := shown(line, slot))]
    assert keys == ["a"] * 11 + ["b"] * 9
    assert shown(line, FIRST + 11) == ("b", 0)


def test_the_position_follows_the_clock_alone():
    line = timeline(planned("a", after=0, takes=3600))
    assert shown(line, FIRST + 2000) == ("a", 2000)


def test_ten_thousand_joins_drift_by_nothing():
    items = [planned(f"i{n}", after=7.68 * n, takes=7.68) for n in range(10_000)]
    line = timeline(*items)
    assert shown(line, FIRST + 8 * 9_999) == ("i9999", 0)
    assert slot_from(items[-1].starts_at) == FIRST + 8 * 9_999


def test_the_following_item_is_told():
    line = timeline(planned("a", after=0, takes=5), planned("b", after=60, takes=5))
    following = line.following(FIRST)
    assert following
    assert following.key == "b"
    assert line.following(slot_from(NOON + timedelta(seconds=60))) is None


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
