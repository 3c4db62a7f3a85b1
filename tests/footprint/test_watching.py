"""Coverage and heat of a recording from played segments."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.watching import View, coverage, distinct_viewers, heatmap, watched

ALIYA, BOLAT = UUID(int=1), UUID(int=2)
LENGTH = 60_000

segments = st.lists(
    st.tuples(st.integers(0, 70_000), st.integers(0, 20_000)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=15,
)


@given(segments)
def test_coverage_is_a_share(played):
    assert 0 <= coverage(played, LENGTH) <= 1


@given(segments)
def test_playing_it_again_covers_no_more(played):
    assert coverage([*played, *played], LENGTH) == coverage(played, LENGTH)


def test_a_recording_played_in_ragged_pieces_is_covered_to_the_last_millisecond():
    pieces = [(n * 1_001, (n + 1) * 1_001) for n in range(60)]
    assert coverage(pieces, 60_060) == 1.0


def test_a_recording_without_length_is_not_covered():
    assert coverage([(0, 10)], 0) == 0.0


def test_two_tabs_of_one_person_are_one_row():
    rows = watched([View(ALIYA, [(0, 10_000)]), View(ALIYA, [(5_000, 20_000)])], LENGTH)
    assert len(rows) == 1
    assert rows[0].covered_ms == 20_000
    assert rows[0].played_ms == 25_000
    assert rows[0].views == 2


def test_what_lies_behind_the_end_is_cut_off():
    assert watched([View(ALIYA, [(50_000, 90_000)])], LENGTH)[0].covered_ms == 10_000


@given(segments)
def test_the_heatmap_is_what_counting_each_bin_gives(played):
    slow = [
        sum(
            a < (n + 1) * 5_000 and min(b, LENGTH) > n * 5_000 and a < min(b, LENGTH)
            for a, b in played
        )
        for n in range(12)
    ]
    assert heatmap(played, LENGTH) == slow


def test_the_last_bin_may_be_short():
    assert heatmap([(0, 7_000)], 7_000) == [1, 1]


@pytest.mark.parametrize("times", [1, 3])
def test_a_viewer_counts_once_in_a_bin(times):
    counts = distinct_viewers({ALIYA: [(0, 4_000)] * times, BOLAT: [(0, 9_000)]}, 10_000)
    assert counts == [2, 1]
