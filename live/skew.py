"""How far the clock of a device is from ours, as the device itself tells."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

FURTHEST_MS: Final = 24 * 60 * 60 * 1000  # a clock on another day is told as a day off

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_decoder: Final = msgspec.json.Decoder(float)


def skew_ms(told: msgspec.Raw, now: datetime) -> int | None:
    """Milliseconds that the device's clock is ahead of ours, negative when it is behind; at most
    `FURTHEST_MS` either way. None for what is no number.

    `told` is JSON, milliseconds since 1970 (ECMAScript's `Date.now`), and `now` the moment that it
    came. How long it was on its way nobody knows: the clock may be ahead by as much more.
    """
    try:
        clock = _decoder.decode(told)
    except (msgspec.MsgspecError, RecursionError):
        return None
    ahead = clock - (now - _EPOCH) / timedelta(milliseconds=1)
    return round(max(-FURTHEST_MS, min(ahead, FURTHEST_MS)))
