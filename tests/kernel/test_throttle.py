from datetime import timedelta

import pytest

from kernel.errors import TooMany
from kernel.throttle import Throttle

SECOND = timedelta(seconds=1)


def test_a_burst_is_let_through_and_then_one_at_a_time(clock):
    throttle = Throttle(clock, burst=3, every=SECOND)
    assert [throttle.take("a") for _ in range(4)] == [True, True, True, False]
    clock.advance(SECOND)
    assert [throttle.take("a") for _ in range(2)] == [True, False]


def test_keys_do_not_share(clock):
    throttle = Throttle(clock, burst=1, every=SECOND)
    assert throttle.take("a")
    assert throttle.take("b")


def test_rest_fills_the_bucket_but_not_beyond_its_burst(clock):
    throttle = Throttle(clock, burst=2, every=SECOND)
    throttle.take("a")
    clock.advance(timedelta(hours=1))
    assert [throttle.take("a") for _ in range(3)] == [True, True, False]


def test_what_is_given_back_can_be_taken_again(clock):
    throttle = Throttle(clock, burst=1, every=SECOND)
    throttle.take("a")
    throttle.give_back("a")
    assert throttle.take("a")
    throttle.give_back("never taken")


def test_the_refusal_says_how_long_to_wait(clock):
    throttle = Throttle(clock, burst=1, every=timedelta(seconds=20))
    throttle.check("a", "Slower, please.")
    clock.advance(timedelta(seconds=5))
    with pytest.raises(TooMany, match="Slower") as refusal:
        throttle.check("a", "Slower, please.")
    assert refusal.value.retry_after == timedelta(seconds=15)


def test_memory_is_bounded_and_the_longest_untouched_goes_first(clock):
    throttle = Throttle(clock, burst=1, every=SECOND, capacity=2)
    for key in ("a", "b", "a", "c"):
        throttle.take(key)
    assert len(throttle) == 2
    assert not throttle.take("c")
    assert throttle.take("a")  # forgotten: the refused second take was no touch
