"""Teaching weeks, periods and holidays."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Conflict, Invalid
from schedule.academic import (
    Period,
    add_period,
    change_period,
    check_period,
    first_day,
    holidays_between,
    is_odd,
    list_periods,
    monday,
    period_on,
    set_holidays,
    week_count,
    week_of,
)

MONDAY = date(2026, 8, 31)
DAY = timedelta(days=1)


def draw_period(starts_on=MONDAY, days=105, **more) -> Period:
    values = {"id": uuid4(), "calendar": "university", "name": "Autumn term"}
    ends_on = starts_on + (days - 1) * DAY
    return Period(**(values | more), starts_on=starts_on, ends_on=ends_on)


some_periods = st.builds(
    draw_period,
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    st.integers(1, 366),
    midterm_week=st.none(),
)


@given(some_periods)
def test_week_1_holds_the_start_and_the_last_week_holds_the_end(period):
    assert week_of(period, period.starts_on) == 1
    assert week_of(period, period.ends_on) == week_count(period)


@given(some_periods, st.data())
def test_the_week_grows_on_mondays_and_on_no_other_day(period, data):
    day = data.draw(st.dates(period.starts_on, period.ends_on))
    before, week = week_of(period, day - DAY), week_of(period, day)
    if before is not None:
        assert week - before == (day.weekday() == 0)


@given(some_periods, st.data())
def test_a_day_is_within_seven_of_its_weeks_first(period, data):
    day = data.draw(st.dates(period.starts_on, period.ends_on))
    first = first_day(period, week_of(period, day))
    assert first.weekday() == 0
    assert first == monday(day)
    assert timedelta(0) <= day - first < 7 * DAY


@given(some_periods)
def test_outside_of_the_period_there_is_no_week(period):
    assert week_of(period, period.starts_on - DAY) is None
    assert week_of(period, period.ends_on + DAY) is None


def test_a_term_that_starts_on_a_friday_has_a_week_2_on_monday():
    period = draw_period(date(2026, 9, 4))
    assert week_of(period, date(2026, 9, 6)) == 1
    assert week_of(period, date(2026, 9, 7)) == 2
    assert is_odd(1)
    assert not is_odd(2)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"days": 0}, "ends after it starts"),
        ({"days": 400}, "a year at most"),
        ({"midterm_week": 16}, "midterm"),
        ({"name": " \n"}, "printable"),
        ({"name": "a\0b"}, "printable"),
        ({"calendar": ""}, "printable"),
        ({"starts_on": date(1, 1, 1)}, "outside of the calendar"),
        ({"starts_on": date(9998, 12, 1), "days": 20, "midterm_week": 1}, "outside"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(wrong, sentence):
    with pytest.raises(Invalid, match=sentence):
        check_period(draw_period(**wrong))


async def test_periods_of_one_calendar_do_not_overlap(either_database):
    async with either_database.begin() as connection:
        first = await add_period(connection, draw_period())
        with pytest.raises(Conflict, match="Autumn term"):
            await add_period(connection, draw_period(first.ends_on, name="Session"))
        session = await add_period(connection, draw_period(first.ends_on + DAY, days=90))
        other = await add_period(connection, draw_period(calendar="mba"))
        assert await list_periods(connection) == [first, other, session]
        assert await list_periods(connection, calendar="mba") == [other]
        assert await period_on(connection, MONDAY, MONDAY) == first
        assert await period_on(connection, MONDAY - DAY, MONDAY - DAY) is None


async def test_a_stale_change_is_refused(either_database):
    async with either_database.begin() as connection:
        period = await add_period(connection, draw_period())
        changed = await change_period(connection, period)
        assert changed.revision == 2
        with pytest.raises(Conflict, match="meanwhile"):
            await change_period(connection, period)


async def test_holidays_are_those_of_their_calendar_and_period(either_database):
    async with either_database.begin() as connection:
        term = await add_period(connection, draw_period())
        mba = await add_period(connection, draw_period(calendar="mba"))
        await set_holidays(connection, term, {MONDAY: "First day", MONDAY + DAY: "Second"})
        await set_holidays(connection, mba, {MONDAY: "Theirs"})
        await set_holidays(connection, term, {MONDAY: "Constitution  Day"})
        days = await holidays_between(connection, MONDAY, MONDAY + 7 * DAY)
        assert days == {MONDAY: "Constitution Day"}
        with pytest.raises(Invalid) as error:
            await set_holidays(connection, term, {MONDAY - DAY: "Too early"})
        assert error.value.findings[0]["day"] == "2026-08-30"
