"""Charts are geometry: nothing leaves the picture, and lengths tell the numbers."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.charts import HEIGHT, WIDTH, Column, bars, ceiling, curve

NUMBERS = st.lists(st.integers(0, 5_000), max_size=120)


@given(NUMBERS)
def test_a_ceiling_is_round_and_not_below_any(numbers):
    top = ceiling(numbers)
    assert top >= max(numbers, default=0)
    assert top % 4 == 0
    assert top <= max(4, 2.5 * max(numbers, default=0))


@given(NUMBERS)
def test_bars_stay_in_the_picture_and_do_not_overlap(numbers):
    chart = bars([Column(str(n), [("present", n), ("late", n // 2)]) for n in numbers])
    assert all(r.x >= 0 and r.x + r.width <= WIDTH + 0.2 for r in chart.rects)
    assert all(r.y >= 0 and r.y + r.height <= chart.floor + 0.2 for r in chart.rects)
    present = [r for r in chart.rects if r.kind == "present"]
    assert all(a.x + a.width <= b.x + 0.2 for a, b in itertools.pairwise(present))


def test_parts_are_stacked_and_as_high_as_their_numbers():
    low, high = bars([Column("1", [("present", 30), ("late", 10)])]).rects
    assert low.height == pytest.approx(3 * high.height, abs=0.2)
    assert high.y + high.height == pytest.approx(low.y, abs=0.2)


def test_few_labels_stand_below_many_bars():
    assert len(bars([Column(str(n), [("present", 1)]) for n in range(90)]).below) == 9


@given(NUMBERS)
def test_a_curve_begins_and_ends_at_the_floor(numbers):
    chart = curve(numbers, [str(n) for n in range(len(numbers))])
    assert chart.area.endswith("Z") or not numbers
    assert chart.line.count("H") == len(numbers)
    assert all(0 <= mark.at <= HEIGHT for mark in chart.across)


def test_a_scale_may_end_where_it_is_told_to():
    drawn = bars([Column("1", [("came", 50)])], top=100)
    assert [mark.text for mark in drawn.across] == ["0", "25", "50", "75", "100"]
