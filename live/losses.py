"""Which packets of an incoming stream did not come, and when to ask for them (again). Pure.

On a path that reorders, what is missing is often merely late: how late such packets come is learnt,
and so is how long an answer takes. Asking too early costs the publisher's uplink, which pays for
every repeat with picture. Numbers are unwrapped sequence numbers, times monotonic seconds.
"""

from dataclasses import dataclass
from typing import Final

_LARGEST_GAP: Final = 256  # packets; beyond it nothing is asked for again
_MOST_MISSING: Final = 512  # who lacks more is helped by a keyframe only
_MOST_AT_ONCE: Final = 256  # in one NACK
_TRIES: Final = 6
_RETRY_SECONDS: Final = 0.04
_LONGEST_PATIENCE: Final = 0.12  # seconds; more would come too late for a picture
_LONGEST_ROUND_TRIP: Final = 0.5


@dataclass(slots=True)
class _Missing:
    since: float
    due_at: float
    asked_at: float = 0.0
    tries: int = 0


class Losses:
    """Of one stream."""

    def __init__(self) -> None:
        self._missing: dict[int, _Missing] = {}
        self._patience = 0.0  # in which what is late comes by itself
        self._round_trip = 0.0  # from asking to the answer
        self._tells_repairs = False  # whether what is sent again can be told from what is late

    def __len__(self) -> int:
        return len(self._missing)

    def skipped(self, numbers: range, now: float) -> None:
        """Others came before these."""
        if len(numbers) > _LARGEST_GAP or len(self._missing) + len(numbers) > _MOST_MISSING:
            self._missing.clear()
            return
        due_at = now + self._patience
        self._missing.update((number, _Missing(now, due_at)) for number in numbers)

    def came(self, number: int, now: float, *, is_repair: bool) -> None:
        """One came after others, by itself or because it was asked for."""
        self._tells_repairs |= is_repair
        missing = self._missing.pop(number, None)
        if missing is None:
            return
        if not is_repair and (self._tells_repairs or not missing.tries):
            late = min(now - missing.since, _LONGEST_PATIENCE)
            self._patience += (late - self._patience) * (0.25 if late > self._patience else 0.02)
            return
        self._patience *= 0.98
        if missing.tries == 1:  # of more than one, which was answered?
            took = min(now - missing.asked_at, _LONGEST_ROUND_TRIP)
            self._round_trip += (took - self._round_trip) / 4

    def forget(self) -> None:
        self._missing.clear()

    def due(self, now: float) -> list[int]:
        """The numbers to ask for now, in order. Gives up after some tries."""
        due = [n for n, missing in self._missing.items() if missing.due_at <= now][:_MOST_AT_ONCE]
        return sorted(number for number in due if self._ask(number, now))

    def _ask(self, number: int, now: float) -> bool:
        missing = self._missing[number]
        missing.tries += 1
        if missing.tries > _TRIES:
            del self._missing[number]
            return False
        missing.asked_at = now
        missing.due_at = now + max(_RETRY_SECONDS * missing.tries, self._round_trip * 1.25)
        return True
