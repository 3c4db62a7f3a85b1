"""Moments of the day in a recording with a hole."""

from datetime import UTC, datetime, timedelta

import pytest

from player.media_time import MediaTime

NINE = datetime(2026, 9, 7, 4, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("moment", "position_ms"),
    [
        (-5, 0),
        (0, 0),
        (4.5, 4_500),
        (10, 10_000),
        (30, 10_000),
        (40, 10_000),
        (45, 15_000),
        (99, 20_000),
    ],
)
def test_a_hole_takes_no_time(moment, position_ms):
    played = MediaTime([(at(0), at(6)), (at(6), at(10)), (at(40), at(50))])
    assert played.position_ms(at(moment)) == position_ms


def test_nothing_is_played_of_an_empty_recording():
    assert MediaTime([]).position_ms(NINE) == 0
