"""What a seat can take, told by its estimates and losses."""

from live.bandwidth import Bandwidth


def flowing(bps):
    bandwidth = Bandwidth()
    bandwidth.sent(bps)
    return bandwidth


def test_without_congestion_there_is_no_limit():
    bandwidth = flowing(1e6)
    for second in range(60):
        assert not bandwidth.estimated(1e6 + second * 1e4, second)
        assert not bandwidth.lost(0.01, second)
    assert bandwidth.limit is None


def test_a_first_estimate_far_below_what_is_sent_is_a_limit():
    bandwidth = flowing(1.5e6)
    assert bandwidth.estimated(4e5, 1)
    assert bandwidth.limit == 0.85 * 4e5


def test_a_falling_estimate_is_a_limit_and_a_rising_one_lifts_it():
    bandwidth = flowing(1.5e6)
    bandwidth.estimated(1.6e6, 1)
    assert bandwidth.estimated(6e5, 2)
    assert bandwidth.limit == 0.85 * 6e5  # so that the queue runs empty
    assert not bandwidth.estimated(7e5, 3)
    assert bandwidth.limit == 0.85 * 6e5
    assert not bandwidth.estimated(7e5, 4.1)
    assert bandwidth.limit == 7e5


def test_an_estimate_that_falls_far_above_what_is_sent_says_nothing():
    bandwidth = flowing(2e5)
    bandwidth.estimated(2e6, 1)
    assert not bandwidth.estimated(1e6, 2)
    assert bandwidth.limit is None


def test_much_loss_is_a_limit():
    bandwidth = flowing(1e6)
    assert not bandwidth.lost(0.15, 1)
    assert bandwidth.lost(0.3, 2)
    assert 8e5 < bandwidth.limit < 1e6
    assert not bandwidth.lost(0.5, 3)  # that was sent before
    assert bandwidth.lost(0.5, 5)


def test_loss_by_chance_is_no_limit_while_the_seat_could_take_more():
    bandwidth = flowing(1e6)
    bandwidth.estimated(1.4e6, 0)
    for second in range(1, 20):
        assert not bandwidth.lost(0.15, second)
    assert bandwidth.limit is None


def climb(bandwidth, needed, since, until):
    """Wish for more, some times a second; when probing began, and when the limit rose."""
    probed = climbed = None
    for at in range(int(since * 10), int(until * 10)):
        now = at / 10
        bandwidth.wish(needed, now)
        if probed is None and bandwidth.probing(now):
            probed = now
        if climbed is None and bandwidth.limit >= needed:
            climbed = now
    return probed, climbed


def test_more_is_probed_before_it_is_taken():
    bandwidth = flowing(1.5e6)
    bandwidth.estimated(4e5, 0)
    bandwidth.sent(1.5e5)
    probed, climbed = climb(bandwidth, 5e5, 0, 10)
    assert probed == 2
    assert climbed == 3.8
    assert 5e5 - 1.5e5 <= Bandwidth.probing(_probing(), 2.5) <= 5e5 * 1.2 - 1.5e5


def _probing():
    bandwidth = flowing(1.5e6)
    bandwidth.estimated(4e5, 0)
    bandwidth.sent(1.5e5)
    bandwidth.wish(5e5, 2)
    return bandwidth


def test_a_probe_that_congests_ends_and_is_tried_later():
    bandwidth = _probing()
    assert bandwidth.estimated(1e5, 2.3)
    assert bandwidth.probing(2.4) == 0
    assert bandwidth.limit == 0.85 * 1e5
    probed, _ = climb(bandwidth, 5e5, 2.4, 20)
    assert probed > 2.3 + 3.9


def test_a_climb_that_congests_makes_the_next_one_wait_longer():
    bandwidth = flowing(1.5e6)
    bandwidth.estimated(4e5, 0)
    waits, now = [], 0.0
    for _ in range(4):
        bandwidth.sent(1.5e5)
        bandwidth.estimated(1.5e5, now)
        probed, climbed = climb(bandwidth, 5e5, now, now + 60)
        waits.append(probed - now)
        bandwidth.sent(5e5)
        bandwidth.estimated(5e5, climbed + 0.5)
        now = climbed + 1
        assert bandwidth.estimated(2e5, now)
    assert [round(wait) for wait in waits] == [2, 8, 20, 20]


def test_nothing_is_probed_that_nobody_wishes_for():
    bandwidth = _probing()
    bandwidth.wish(None, 2.5)
    assert bandwidth.probing(2.6) == 0
