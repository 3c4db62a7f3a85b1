"""How good all connections are is kept once a minute, by number, and never whose."""

from datetime import timedelta

import pytest

from kernel.facts import encode
from live.health import Health
from live.line_watch import NOTE_LINES, LineWatch
from live.quality import Qualities


@pytest.fixture
def qualities():
    made = Qualities()
    yield made
    made.close()


@pytest.fixture
def watch(room, qualities, kept, clock, lines):
    return LineWatch(room, lambda: lines, qualities, kept, clock)


@pytest.fixture
def lines(sit):
    """Four seats: a good line, a fair one, a poor one, and one that nobody measured."""
    found = {}
    for loss, round_trip in ((0.0, 0.05), (0.05, 0.05), (0.0, 0.8), (None, None)):
        health = Health()
        if loss is not None:
            health.down_loss.take(loss)
            health.round_trip.take(round_trip)
        found[sit().id] = health
    return found


async def test_each_minute_is_one_fact_that_names_nobody(watch, room, clock, kept):
    for _ in range(4):
        clock.advance(timedelta(seconds=NOTE_LINES / 2))
        await watch.look(lambda _: None)
    assert [(fact.good, fact.fair, fact.poor) for fact in kept.facts] == [(1, 1, 1)] * 2
    told = encode(kept.facts[0]).decode()
    assert not any(str(seat.person) in told or str(seat.id) in told for seat in room.seats)


async def test_a_room_where_nothing_was_measured_keeps_nothing(watch, lines, clock, kept):
    lines.clear()
    clock.advance(timedelta(seconds=NOTE_LINES))
    await watch.look(lambda _: None)
    assert kept.facts == []
