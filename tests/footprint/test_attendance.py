"""Attendance as a pure function: what is claimed holds for any intervals."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.attendance import Presence, Span, attendance, counted_window, total, union
from footprint.policy import DEFAULT_POLICY, Channel, Policy, Status

START = datetime(2026, 9, 7, 4, tzinfo=UTC)
WINDOW = Span(START, START + timedelta(minutes=50))
ALIYA, BOLAT = UUID(int=1), UUID(int=2)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def stay(begin: float, end: float, *, person: UUID = ALIYA, channel=Channel.WEBRTC) -> Presence:
    return Presence(person, channel, Span(at(begin), at(end)))


minutes = st.floats(min_value=-60, max_value=120, allow_nan=False).map(lambda m: round(m, 4))
stays = st.lists(
    st.builds(
        lambda begin, length, person, channel: stay(
            begin, begin + length, person=person, channel=channel
        ),
        minutes,
        st.floats(min_value=-1, max_value=90, allow_nan=False),
        st.sampled_from([ALIYA, BOLAT]),
        st.sampled_from(Channel),
    ),
    max_size=20,
)


def seconds_by_counting(presences: list[Presence], person: UUID) -> int:
    """The slow way: look at every second of the window."""
    mine = [p.span for p in presences if p.person == person]
    moments = (START + timedelta(seconds=n) for n in range(50 * 60))
    return sum(any(s.began_at <= m < s.ended_at for s in mine) for m in moments)


@given(stays)
def test_nobody_was_there_for_longer_than_the_lecture(presences):
    for row in attendance(presences, WINDOW):
        assert timedelta(0) <= row.present <= WINDOW.length
        assert 0 <= row.percent <= 100


@given(stays, st.randoms(use_true_random=False))
def test_the_order_of_intervals_does_not_matter(presences, chance: random.Random):
    shuffled = chance.sample(presences, len(presences))
    assert attendance(shuffled, WINDOW) == attendance(presences, WINDOW)


@given(stays)
def test_the_same_time_on_a_second_device_changes_no_minute(presences):
    twice = [*presences, *(Presence(p.person, Channel.HLS, p.span) for p in presences)]
    once = {row.person: row.present for row in attendance(presences, WINDOW)}
    assert {row.person: row.present for row in attendance(twice, WINDOW)} == once


@given(stays)
def test_more_presence_never_means_fewer_minutes(presences):
    before = {row.person: row.present for row in attendance(presences[:-1], WINDOW)}
    after = {row.person: row.present for row in attendance(presences, WINDOW)}
    assert all(after[person] >= present for person, present in before.items())


@given(st.lists(st.tuples(st.integers(-100, 3100), st.integers(0, 900)), max_size=8))
def test_the_union_is_what_counting_every_second_gives(pairs):
    presences = [stay(begin / 60, (begin + length) / 60) for begin, length in pairs]
    rows = attendance(presences, WINDOW)
    present = rows[0].present if rows else timedelta(0)
    assert present.total_seconds() == pytest.approx(seconds_by_counting(presences, ALIYA), abs=0.01)


@given(stays)
def test_a_channel_alone_is_at_most_the_whole(presences):
    for row in attendance(presences, WINDOW):
        assert all(length <= row.present for length in row.by_channel.values())
        assert sum(row.by_channel.values(), timedelta(0)) >= row.present


@given(stays)
def test_the_union_is_disjoint_and_in_order(presences):
    spans = union(p.span for p in presences)
    assert all(a.ended_at < b.began_at for a, b in itertools.pairwise(spans))


def test_two_tabs_count_once():
    rows = attendance([stay(0, 30), stay(10, 40)], WINDOW)
    assert rows[0].present == timedelta(minutes=40)


def test_a_short_break_is_bridged_in_what_is_shown_but_not_in_what_counts():
    row = attendance([stay(0, 10), stay(10.25, 20)], WINDOW)[0]
    assert len(row.shown) == 1
    assert len(row.counted) == 2
    assert row.present == timedelta(minutes=19, seconds=45)


def test_a_long_break_is_shown():
    assert len(attendance([stay(0, 10), stay(11, 20)], WINDOW)[0].shown) == 2


def test_first_in_and_last_out_are_inside_the_window():
    row = attendance([stay(-5, 10), stay(45, 70)], WINDOW)[0]
    assert (row.first_in, row.last_out) == (WINDOW.began_at, WINDOW.ended_at)


def test_who_came_only_before_the_window_was_absent():
    row = attendance([stay(-20, -5)], WINDOW)[0]
    assert (row.status, row.percent, row.first_in) == (Status.ABSENT, 0.0, None)


@pytest.mark.parametrize(
    ("begin", "end", "status"),
    [
        (0, 50, Status.PRESENT),
        (9, 50, Status.PRESENT),
        (11, 50, Status.LATE),
        (0, 30, Status.ABSENT),
        (0, 37.5, Status.PRESENT),
    ],
)
def test_the_policy_judges(begin, end, status):
    assert attendance([stay(begin, end)], WINDOW)[0].status is status


def test_an_early_opening_counts_when_the_policy_says_so():
    early = Policy(version="early-1", early_opening=timedelta(minutes=10))
    row = attendance([stay(-10, 30)], WINDOW, early)[0]
    assert row.present == timedelta(minutes=40)
    assert row.policy == "early-1"


def test_a_channel_that_does_not_count_is_left_out():
    webrtc_only = Policy(version="room-1", channels=frozenset({Channel.WEBRTC}))
    assert attendance([stay(0, 50, channel=Channel.TV)], WINDOW, webrtc_only) == []


def test_the_result_names_the_version_of_the_rules():
    assert attendance([stay(0, 1)], WINDOW)[0].policy == DEFAULT_POLICY.version


def test_the_window_is_what_was_really_taught():
    window = counted_window(WINDOW, started_at=at(3), ended_at=at(48), now=at(90))
    assert window == Span(at(3), at(48))


def test_while_the_lecture_is_live_the_window_ends_now():
    assert counted_window(WINDOW, started_at=at(3), ended_at=None, now=at(20)).ended_at == at(20)


def test_a_lecture_that_never_started_is_judged_by_its_plan():
    assert counted_window(WINDOW, started_at=None, ended_at=None, now=at(20)) == WINDOW


def test_an_empty_window_divides_by_nothing():
    empty = Span(START, START)
    assert attendance([stay(0, 10, person=uuid4())], empty)[0].percent == 0.0


def test_no_spans_have_no_length():
    assert total([]) == timedelta(0)
