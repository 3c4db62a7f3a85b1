"""Who and what is taken when, in memory: for many classes at once. Pure."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Stay:
    """A class at its time."""

    starts_at: datetime
    ends_at: datetime
    title: str


class Occupancy:
    """Classes by what they claim: a lecturer, a group, an auditorium. Any hashable is a claim."""

    def __init__(self) -> None:
        self._stays: dict[Hashable, list[Stay]] = defaultdict(list)
        self._longest = timedelta(0)

    def add(self, claims: Iterable[Hashable], stay: Stay) -> None:
        self._longest = max(self._longest, stay.ends_at - stay.starts_at)
        for claim in claims:
            insort(self._stays[claim], stay)

    def clash(
        self, claims: Iterable[Hashable], starts_at: datetime, ends_at: datetime
    ) -> tuple[Hashable, Stay] | None:
        """A claim that is taken in that time, and by what; the first claim that is."""
        for claim in claims:
            stays = self._stays.get(claim, [])
            first = bisect_left(stays, starts_at - self._longest, key=lambda stay: stay.starts_at)
            for stay in stays[first:]:
                if stay.starts_at >= ends_at:
                    break
                if stay.ends_at > starts_at:
                    return claim, stay
        return None
