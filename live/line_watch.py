"""Looks at everybody's connection: tells moderators, and keeps once a minute how good they all were."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

import structlog

from kernel.clock import Clock
from kernel.errors import DarisError
from kernel.facts import Recorder
from live.decision import Delivery
from live.events import ConnectionsMeasured
from live.health import Health
from live.messages import PersonQuality, Quality
from live.quality import Qualities
from live.room import Room

log = structlog.get_logger()

LOOK_AT_LINES: Final = 5.0  # seconds between looks at everybody's connection
NOTE_LINES: Final = 60.0  # seconds between facts

_FAIR: Final = (
    2,
    200,
)  # percent lost, milliseconds there and back; the page's bars are of the same
_POOR: Final = (8, 500)


class LineWatch:
    """One a room. `healths` are those of its connections, by seat. Event loop only."""

    def __init__(
        self,
        room: Room,
        healths: Callable[[], Mapping[UUID, Health]],
        qualities: Qualities,
        recorder: Recorder,
        clock: Clock,
    ) -> None:
        self._room = room
        self._healths = healths
        self._qualities = qualities
        self._recorder = recorder
        self._clock = clock
        self._noted_at = clock.monotonic()

    async def run(self, tell: Callable[[Delivery], None]) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(LOOK_AT_LINES)
            await self.look(tell)

    async def look(self, tell: Callable[[Delivery], None]) -> None:
        """Tell what is new, and keep what is due. What can't be kept is let go: the next minute comes."""
        healths = self._healths()
        for seat, people in self._qualities.look(self._room.seats, healths).items():
            tell(Delivery(Quality(people), to=frozenset({seat})))
        if self._clock.monotonic() - self._noted_at < NOTE_LINES:
            return
        self._noted_at = self._clock.monotonic()
        measured = self._qualities.people(self._room.seats, healths).values()
        if any(map(_is_measured, measured)):
            try:
                await self._recorder.record(
                    self._room.scribe.fact(ConnectionsMeasured, **counted(measured))
                )
            except DarisError as error:
                log.warning("live.lines_not_kept", reason=error.message)


def counted(people: Iterable[PersonQuality]) -> dict[str, int]:
    """How many are good, fair and poor; who was not measured is none of these."""
    counts = {"good": 0, "fair": 0, "poor": 0}
    for one in filter(_is_measured, people):
        counts[_grade(one)] += 1
    return counts


def _grade(one: PersonQuality) -> str:
    if _is_beyond(one, _POOR):
        return "poor"
    return "fair" if _is_beyond(one, _FAIR) else "good"


def _is_beyond(one: PersonQuality, limits: tuple[int, int]) -> bool:
    loss, round_trip_ms = limits
    lost = max(one.loss or 0, one.up_loss or 0)
    return lost > loss or (one.round_trip_ms or 0) > round_trip_ms


def _is_measured(one: PersonQuality) -> bool:
    return one.loss is not None or one.round_trip_ms is not None or one.up_loss is not None
