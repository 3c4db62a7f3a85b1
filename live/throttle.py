"""How often is too often: a bucket of tokens that fills with time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and so many a second in the long run."""

    burst: int
    per_second: float


SPEAKING: Final = Rate(burst=5, per_second=1)  # lines of chat of a person
ASKING: Final = Rate(burst=20, per_second=4)  # hands, floor, mutes of a seat
OFFERING: Final = Rate(burst=20, per_second=2)  # each offer costs an SDP parse, maybe a handshake
SENDING: Final = Rate(burst=200, per_second=40)  # any message of a socket
BABBLING: Final = Rate(burst=5, per_second=0.1)  # messages of a socket that are no messages


class Bucket:
    """Tokens of one rate; whoever takes one may act."""

    __slots__ = ("_at", "_clock", "_rate", "_tokens")

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = float(rate.burst)
        self._at = clock.monotonic()

    def take(self) -> bool:
        """Take a token; False when there is none."""
        now = self._clock.monotonic()
        grown = self._tokens + (now - self._at) * self._rate.per_second
        self._tokens = min(float(self._rate.burst), grown)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def wait(self) -> timedelta:
        """How long until the next token."""
        return timedelta(seconds=max(0.0, (1 - self._tokens) / self._rate.per_second))
