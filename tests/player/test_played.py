"""Played segments, and how much of them can be true."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.played import is_plausible, newest, played_ms, union

pairs = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), max_size=12)


@given(pairs)
def test_a_union_is_disjoint_in_order_and_changes_nothing_when_repeated(segments):
    once = union(segments)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(once))
    assert union(once) == once


@given(pairs)
def test_a_union_covers_the_same_milliseconds(segments):
    covered = {ms for begin, end in segments for ms in range(begin, end)}
    assert played_ms(union(segments)) == len(covered)


@pytest.mark.parametrize(
    ("played_seconds", "elapsed_seconds", "plausible"),
    [
        (10, 10, True),
        (30, 10, True),
        (33, 10, True),
        (34, 10, False),
        (3600, 10, False),
        (0, 0, True),
    ],
)
def test_nobody_plays_faster_than_three_times(played_seconds, elapsed_seconds, plausible):
    segments = [(0, played_seconds * 1_000)]
    assert is_plausible(segments, timedelta(seconds=elapsed_seconds)) is plausible


def test_a_forgery_in_small_pieces_is_still_one():
    pieces = [(n * 10_000, n * 10_000 + 1_000) for n in range(60)]
    assert not is_plausible(pieces, timedelta(seconds=10))


@given(pairs, st.integers(0, 5_000))
def test_only_the_newest_is_believed_and_no_more_than_the_limit(segments, limit_ms):
    kept = newest(segments, timedelta(milliseconds=limit_ms))
    assert played_ms(kept) <= limit_ms


def test_the_newest_is_the_end():
    assert newest([(0, 5_000), (8_000, 9_000)], timedelta(seconds=2)) == [
        (4_000, 5_000),
        (8_000, 9_000),
    ]
