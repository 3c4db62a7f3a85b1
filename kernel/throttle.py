"""Throttles: a token bucket per key, in bounded memory, in this process."""

from collections import OrderedDict
from collections.abc import Hashable
from datetime import timedelta

from kernel.clock import Clock
from kernel.errors import TooMany


class Throttle:
    """`burst` at once, then one each `every`. Event loop only.

    Of `capacity` keys the one untouched for longest is forgotten first; it has refilled most.
    """

    def __init__(
        self, clock: Clock, *, burst: int, every: timedelta, capacity: int = 10_000
    ) -> None:
        self._clock = clock
        self._burst = burst
        self._every_seconds = every.total_seconds()
        self._capacity = capacity
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()  # when the bucket is full again

    def wait(self, key: Hashable) -> timedelta:
        """How long until `take` succeeds; zero: now."""
        missing = self._missing_seconds(key)
        allowed = (self._burst - 1) * self._every_seconds
        return timedelta(seconds=max(0.0, missing - allowed))

    def take(self, key: Hashable) -> bool:
        """Use one token of the key's bucket; False when it is empty."""
        if self.wait(key):
            return False
        full_in = self._missing_seconds(key) + self._every_seconds
        self._full_at[key] = self._clock.monotonic() + full_in
        self._full_at.move_to_end(key)
        while len(self._full_at) > self._capacity:
            self._full_at.popitem(last=False)
        return True

    def give_back(self, key: Hashable) -> None:
        """Undo one `take`: it turned out not to count."""
        if key in self._full_at:
            self._full_at[key] -= self._every_seconds

    def check(self, key: Hashable, sentence: str) -> None:
        """`take`, or TooMany with the sentence and the time to wait."""
        if not self.take(key):
            raise TooMany(sentence, retry_after=self.wait(key))

    def __len__(self) -> int:
        return len(self._full_at)

    def _missing_seconds(self, key: Hashable) -> float:
        """The time that the bucket needs to be full again."""
        return max(0.0, self._full_at.get(key, 0.0) - self._clock.monotonic())
