from hypothesis import given
from hypothesis import strategies as st

from live.losses import Losses


def asked(losses, *, until, every=0.025):
    """When each number was asked for, looked at as often as a peer does."""
    found, now = {}, 0.0
    while now < until:
        for number in losses.due(now):
            found.setdefault(number, []).append(round(now, 3))
        now += every
    return found


def test_what_is_missing_is_asked_for_at_once_and_some_times_more():
    losses = Losses()
    losses.skipped(range(5, 7), 0.0)
    times = asked(losses, until=2.0)
    assert times[5] == times[6]
    assert times[5][0] == 0.0
    assert len(times[5]) == 6
    assert not losses


def test_what_came_is_not_asked_for():
    losses = Losses()
    losses.skipped(range(5, 8), 0.0)
    losses.came(6, 0.01, is_repair=False)
    assert losses.due(0.2) == [5, 7]


def test_where_packets_come_late_by_themselves_one_waits_before_asking():
    losses, now = Losses(), 0.0
    for number in range(20):
        losses.skipped(range(number, number + 1), now)
        losses.came(number, now + 0.08, is_repair=False)
        now += 0.1
    losses.skipped(range(50, 51), now)
    assert losses.due(now + 0.06) == []
    assert losses.due(now + 0.09) == [50]


def test_true_losses_take_the_patience_away_again():
    losses, now = Losses(), 0.0
    for number in range(300):
        losses.skipped(range(number, number + 1), now)
        if number < 20:
            losses.came(number, now + 0.08, is_repair=False)
        else:
            losses.due(now + 0.2)
            losses.came(number, now + 0.25, is_repair=True)
        now += 0.5
    losses.skipped(range(500, 501), now)
    assert losses.due(now + 0.001) == [500]


def test_without_a_stream_of_repairs_what_was_asked_for_is_an_answer_and_not_late():
    losses, now = Losses(), 0.0
    for number in range(20):
        losses.skipped(range(number, number + 1), now)
        assert losses.due(now) == [number]
        losses.came(number, now + 0.1, is_repair=False)
        now += 1


def test_on_a_long_path_one_does_not_ask_twice_before_an_answer_can_be_there():
    losses, now = Losses(), 0.0
    for number in range(20):
        losses.skipped(range(number, number + 1), now)
        losses.due(now)
        losses.came(number, now + 0.3, is_repair=True)
        now += 1
    losses.skipped(range(50, 51), now)
    assert losses.due(now) == [50]
    assert losses.due(now + 0.3) == []
    assert losses.due(now + 0.4) == [50]


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans(), st.floats(0, 0.2)), max_size=200))
def test_however_packets_come_little_is_kept(steps):
    losses, now, highest = Losses(), 0.0, 0
    for gap, comes, pause in steps:
        now += pause
        losses.skipped(range(highest + 1, highest + gap), now)
        highest += max(gap, 1)
        if comes:
            losses.came(highest - 1, now, is_repair=gap % 2 == 0)
        assert len(losses) <= 512
        due = losses.due(now)
        assert len(due) <= 256
        assert due == sorted(due)
