"""The classes that a weekly pattern makes of a period."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from schedule.academic import Period, week_count, week_of
from schedule.series import Pattern, Weeks, check_pattern, expand

ALMATY, BERLIN = ZoneInfo("Asia/Almaty"), ZoneInfo("Europe/Berlin")
ZONES = [ALMATY, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), UTC]


def draw_period(starts_on=date(2026, 8, 31), days=105) -> Period:
    ends_on = starts_on + timedelta(days=days - 1)
    name = "Autumn term"
    return Period(
        id=uuid4(), calendar="university", name=name, starts_on=starts_on, ends_on=ends_on
    )


def draw_pattern(**more) -> Pattern:
    values = {
        "weekday": 1,
        "begins": time(9, 30),
        "length": timedelta(minutes=50),
        "zone": ALMATY,
        "first_week": 1,
        "last_week": 15,
    }
    return Pattern(**(values | more))


@st.composite
def drawn(draw):
    """A period, a pattern that fits it, and some free days."""
    period = draw_period(
        draw(st.dates(date(1995, 1, 1), date(2035, 1, 1))), draw(st.integers(1, 366))
    )
    weeks = sorted(draw(st.tuples(*2 * [st.integers(1, week_count(period))])))
    pattern = draw_pattern(
        weekday=draw(st.integers(1, 7)),
        begins=draw(st.times()).replace(second=0, microsecond=0),
        zone=draw(st.sampled_from(ZONES)),
        weeks=draw(st.sampled_from(Weeks)),
        first_week=weeks[0],
        last_week=weeks[1],
    )
    days = st.dates(period.starts_on, period.ends_on)
    return period, pattern, draw(st.sets(days, max_size=30))


@given(drawn())
def test_the_classes_are_exactly_the_days_that_the_pattern_names(case):
    period, pattern, free = case
    span = (period.ends_on - period.starts_on).days + 1
    days = [period.starts_on + timedelta(days=n) for n in range(span)]
    wanted = [
        (week, day)
        for day in days
        if day.isoweekday() == pattern.weekday
        and day not in free
        and pattern.first_week <= (week := week_of(period, day)) <= pattern.last_week
        and (pattern.weeks is Weeks.ALL or (week % 2 == 1) == (pattern.weeks is Weeks.ODD))
    ]
    assert [(slot.week, slot.day) for slot in expand(pattern, period, free)] == wanted


@given(drawn())
def test_the_wall_clock_shows_the_same_in_every_week(case):
    period, pattern, free = case
    for slot in expand(pattern, period, free):
        local = slot.starts_at.astimezone(pattern.zone)
        wanted = datetime.combine(slot.day, pattern.begins)
        late = local.replace(tzinfo=None) - wanted
        assert late == timedelta(0) or not _exists(wanted, pattern.zone)
        assert slot.ends_at - slot.starts_at == pattern.length


def _exists(wall: datetime, zone) -> bool:
    """Whether the zone's clocks ever show it."""
    there = wall.replace(tzinfo=zone).astimezone(UTC)
    return there.astimezone(zone).replace(tzinfo=None) == wall


def test_local_time_stays_when_almaty_moved_to_utc_5():
    period = draw_period(date(2024, 2, 19), 21)
    slots = list(expand(draw_pattern(last_week=3), period))
    assert [f"{slot.starts_at:%d %H:%M}" for slot in slots] == ["19 03:30", "26 03:30", "04 04:30"]


def test_local_time_stays_when_summer_time_ends():
    period = draw_period(date(2026, 10, 19), 14)
    slots = list(expand(draw_pattern(zone=BERLIN, last_week=2), period))
    assert [slot.starts_at.hour for slot in slots] == [7, 8]


def test_a_time_that_the_clocks_jump_over_comes_later():
    period = draw_period(date(2026, 3, 23), 7)
    pattern = draw_pattern(zone=BERLIN, weekday=7, begins=time(2, 30), last_week=1)
    (slot,) = expand(pattern, period)
    assert slot.starts_at.astimezone(BERLIN).time() == time(3, 30)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekday": 0},
        {"weekday": 8},
        {"length": timedelta(0)},
        {"length": timedelta(hours=13)},
        {"first_week": 0},
        {"first_week": 5, "last_week": 4},
        {"last_week": 16},
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(Invalid):
        check_pattern(draw_pattern(**wrong), draw_period())
