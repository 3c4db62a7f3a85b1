"""How everybody's connection is: what pages report and lines show, for moderators and metrics."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from prometheus_client import Counter, Gauge, Histogram

from live.client_messages import Report
from live.health import Health
from live.messages import PersonQuality, Way
from live.seats import Seat

LOSS = Histogram(
    "daris_live_seat_loss_ratio",
    "Share of packets lost on the way to a seat, each five seconds",
    buckets=(0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25),
)
ROUND_TRIP = Histogram(
    "daris_live_seat_round_trip_seconds",
    "Round trip of a seat, each five seconds",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 2),
)
FREEZES = Counter("daris_live_freezes_total", "Times that a picture stood still at a seat")
BY_WAY = Gauge("daris_live_seats_by_way", "Seats whose page tells how media reaches it", ["way"])

_NOTHING: Final = Report()
_MOST_FREEZES: Final = 100  # that one report may add


class Qualities:
    """One a room: the newest report of each seat, and what each moderator knows already."""

    def __init__(self) -> None:
        self._reports: dict[UUID, Report] = {}
        self._told: dict[UUID, dict[UUID, PersonQuality]] = {}  # by the moderator's seat
        for way in Way:
            BY_WAY.labels(way)

    def take(self, seat: UUID, report: Report) -> None:
        """A page's report; it counts freezes since it was opened."""
        before = self._reports.get(seat, _NOTHING)
        FREEZES.inc(min(max(0, report.freezes - before.freezes), _MOST_FREEZES))
        _moved(before.way, report.way)
        self._reports[seat] = report

    def forget(self, seat: UUID) -> None:
        """The seat ends."""
        _moved(self._reports.pop(seat, _NOTHING).way, None)
        self._told.pop(seat, None)

    def close(self) -> None:
        """The room ends."""
        for seat in tuple(self._reports):
            self.forget(seat)

    def begin_anew(self, seat: UUID) -> None:
        """Whoever moderates there knows nothing: the page was loaded again."""
        self._told.pop(seat, None)

    def look(
        self, seats: Iterable[Seat], healths: Mapping[UUID, Health]
    ) -> dict[UUID, tuple[PersonQuality, ...]]:
        """What each moderator's seat has to be told now; those for whom nothing is new are left out."""
        seats = tuple(seats)
        for health in healths.values():
            _measure(health)
        moderators = [seat.id for seat in seats if seat.visitor.can_moderate and seat.is_connected]
        if not moderators:
            return {}
        people = self.people(seats, healths)
        news = {seat: self._news(seat, people) for seat in moderators}
        return {seat: new for seat, new in news.items() if new}

    def people(
        self, seats: Iterable[Seat], healths: Mapping[UUID, Health]
    ) -> dict[UUID, PersonQuality]:
        """Of whoever has several seats, the one that loses most."""
        worst: dict[UUID, PersonQuality] = {}
        for seat in seats:
            if seat.id not in healths and seat.id not in self._reports:
                continue
            report = self._reports.get(seat.id, _NOTHING)
            now = _quality(seat.person, report, healths.get(seat.id))
            other = worst.get(seat.person)
            if other is None or (now.loss or 0) >= (other.loss or 0):
                worst[seat.person] = now
        return worst

    def _news(
        self, moderator: UUID, people: Mapping[UUID, PersonQuality]
    ) -> tuple[PersonQuality, ...]:
        known = self._told.setdefault(moderator, {})
        for gone in known.keys() - people.keys():
            del known[gone]
        new = tuple(now for person, now in people.items() if known.get(person) != now)
        known.update((now.person, now) for now in new)
        return new


def _quality(person: UUID, report: Report, health: Health | None) -> PersonQuality:
    """Rounded so that what hardly changes is not told again."""
    health = health or Health()
    return PersonQuality(
        person=person,
        way=report.way,
        loss=_rounded(health.down_loss.value, 100, 0),
        round_trip_ms=_rounded(health.round_trip.value, 1000, -1),
        jitter_ms=_rounded(health.down_jitter.value, 1000, -1),
        up_loss=_rounded(health.up_loss.value, 100, 0),
        width=report.width,
        height=report.height,
        freezes=report.freezes,
        frozen_ms=report.frozen_ms,
        layer=health.layer,
    )


def _rounded(value: float | None, scale: int, digits: int) -> int | None:
    return None if value is None else int(round(value * scale, digits))


def _measure(health: Health) -> None:
    if health.down_loss.value is not None:
        LOSS.observe(health.down_loss.value)
    if health.round_trip.value is not None:
        ROUND_TRIP.observe(health.round_trip.value)


def _moved(before: Way | None, now: Way | None) -> None:
    if before is not None:
        BY_WAY.labels(before).dec()
    if now is not None:
        BY_WAY.labels(now).inc()
