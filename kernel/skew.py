"""How far the clock of a device is from ours."""

from datetime import UTC, datetime, timedelta
from typing import Final

FURTHEST_MS: Final = 24 * 60 * 60 * 1000  # a clock on another day is told as a day off

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def skew_ms(clock_ms: float | None, now: datetime) -> int | None:
    """Milliseconds that the device's clock is ahead of ours, negative when it is behind; at most
    `FURTHEST_MS` either way; None when it told nothing.

    The device told `clock_ms`, milliseconds since 1970 (ECMAScript's `Date.now`), and `now` is the
    moment that it came. How long it was on its way nobody knows: the clock may be ahead by as much more.
    """
    if clock_ms is None:
        return None
    ahead = clock_ms - (now - _EPOCH) / timedelta(milliseconds=1)
    return round(max(-FURTHEST_MS, min(ahead, FURTHEST_MS)))
