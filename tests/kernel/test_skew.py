"""How far a device's clock is off, by what it tells."""

from datetime import UTC, datetime, timedelta

import pytest

from kernel.skew import FURTHEST_MS, skew_ms

NOON = datetime(2026, 9, 7, 4, tzinfo=UTC)


def told(ahead: timedelta) -> float:
    """What `Date.now()` is on a device whose clock is so much ahead."""
    return (NOON + ahead).timestamp() * 1000


@pytest.mark.parametrize("seconds", [0, 3.25, -90, 6 * 60 * 60])
def test_a_clock_that_is_ahead_has_a_positive_skew(seconds):
    assert skew_ms(told(timedelta(seconds=seconds)), NOON) == seconds * 1000


@pytest.mark.parametrize(("days", "sign"), [(400, 1), (-400, -1), (-20_000, -1)])
def test_a_clock_on_another_day_is_a_day_off(days, sign):
    assert skew_ms(told(timedelta(days=days)), NOON) == sign * FURTHEST_MS


def test_who_tells_nothing_has_none():
    assert skew_ms(None, NOON) is None
