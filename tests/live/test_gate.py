"""The gate in front of handshakes, with a clock that is drawn."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import ManualClock
from live.gate import Crowded, Gate

arrivals = st.lists(st.floats(0, 0.3), min_size=1, max_size=80)  # seconds after the one before


@given(arrivals)
def test_turns_come_in_order_and_not_too_fast(gaps):
    clock = ManualClock(datetime(2026, 11, 25, 9, tzinfo=UTC))
    gate = Gate(clock, per_second=10, at_once=3, longest_wait=2)
    turns = []
    for gap in gaps:
        clock.advance(timedelta(seconds=gap))
        try:
            turns.append(clock.monotonic() + gate.take())
        except Crowded:
            assert turns[-1] - clock.monotonic() > 2 - 0.11
    assert turns == sorted(turns)
    for first, later in zip(turns, turns[13:], strict=False):
        assert later - first > 1 - 1e-6  # three at once, and ten a second


def test_who_comes_alone_does_not_wait(clock):
    gate = Gate(clock, per_second=10, at_once=3)
    assert [gate.take() for _ in range(3)] == [0, 0, 0]
    assert gate.take() == pytest.approx(0.1)


def test_too_long_a_wait_is_refused_and_costs_nobody_a_turn(clock):
    gate = Gate(clock, per_second=10, at_once=1, longest_wait=0.25)
    waits = [gate.take() for _ in range(3)]
    for _ in range(100):
        with pytest.raises(Crowded) as refused:
            gate.take()
    assert waits == pytest.approx([0, 0.1, 0.2])
    assert refused.value.retry_after > timedelta(0)
    clock.advance(timedelta(seconds=0.1))
    assert gate.take() == pytest.approx(0.2)


async def test_a_crowd_enters_in_the_order_in_which_it_came(clock):
    gate, entered = Gate(clock, per_second=1000, at_once=1), []

    async def come(number: int) -> None:
        await gate.enter()
        entered.append(number)

    await asyncio.gather(*(come(number) for number in range(20)))
    assert entered == list(range(20))
