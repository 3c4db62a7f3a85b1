from datetime import UTC, datetime, timedelta

from kernel.clock import ManualClock, SystemClock


def test_the_wall_clock_is_aware_and_in_utc():
    assert SystemClock().now().tzinfo is UTC


def test_a_manual_clock_moves_both_its_hands():
    clock = ManualClock(datetime(2026, 9, 1, tzinfo=UTC))
    start = clock.monotonic()
    clock.advance(timedelta(minutes=1))
    assert clock.now() == datetime(2026, 9, 1, 0, 1, tzinfo=UTC)
    assert clock.monotonic() - start == 60
