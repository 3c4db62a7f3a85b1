"""Levels of evidence beside presence: of many devices never more than is known."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.attendance import Span, union
from footprint.evidence import at_least

NOON = datetime(2026, 9, 7, 4, tzinfo=UTC)


def stay(begin: int, end: int, seconds: int | None) -> tuple[Span, int | None]:
    span = Span(NOON + timedelta(seconds=begin), NOON + timedelta(seconds=end))
    return span, seconds


@pytest.mark.parametrize(
    ("stays", "seconds"),
    [
        ([], None),
        ([stay(0, 60, None)], None),
        ([stay(0, 60, 50)], 50),
        ([stay(0, 60, 50), stay(60, 90, 20)], 70),  # one after the other: both
        ([stay(0, 60, 50), stay(30, 90, 40)], 50),  # at the same time: the better one
        ([stay(0, 60, 50), stay(10, 20, 5), stay(30, 90, 40), stay(100, 110, 3)], 53),
        ([stay(0, 60, 0), stay(0, 60, None)], 0),
    ],
)
def test_devices_at_the_same_time_never_add_up(stays, seconds):
    found = at_least(stays)
    assert (None if found is None else found.total_seconds()) == seconds


@st.composite
def some_stay(draw):
    begin, length = draw(st.integers(0, 300)), draw(st.integers(1, 200))
    return stay(begin, begin + length, draw(st.none() | st.integers(0, length)))


@given(st.lists(some_stay(), max_size=8))
def test_it_is_never_more_than_the_time_that_somebody_was_there(stays):
    there = sum((span.length for span in union(s for s, _ in stays)), timedelta())
    assert (at_least(stays) or timedelta()) <= there
