"""Beacons: players say every few seconds what they played; facts come of it.

The views that are open live in memory, with their last proof. Every few seconds those that moved
leave a checkpoint, so that a killed server loses no more than that. What is wrong with a beacon is
told to the player and changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import msgspec
import structlog
from aiohttp import web
from prometheus_client import Counter as Metric
from prometheus_client import Gauge

from identity.rights import Action, Viewer
from identity.sessions import require, viewer_of
from kernel.clock import Clock
from kernel.errors import DarisError, Forbidden, Refused, TooMany
from kernel.facts import Recorder
from kernel.skew import skew_ms
from kernel.web import DATABASE, decode, path_id
from player import viewing
from player.delivery import Guard
from player.events import Mode
from player.played import milliseconds
from player.viewing import Report, View
from schedule.lectures import lecture_by_id

log = structlog.get_logger()

OPEN = Gauge("daris_player_views", "Views whose player reports")
REFUSED = Metric("daris_player_beacons_refused", "Beacons that claimed the impossible")

SILENCE: Final = timedelta(seconds=30)  # three beacons missed: the player is gone
CHECKPOINT_EVERY: Final = timedelta(seconds=5)
MOST_VIEWS: Final = 20_000
MOST_VIEWS_OF_ONE: Final = 16  # open at once: tabs and devices of one person

_RIGHTS: Final = {
    Mode.LIVE: Action.JOIN_LECTURE,
    Mode.RECORDING: Action.WATCH_RECORDING,
    Mode.TV: Action.WATCH_CHANNEL,
}

Seconds = Annotated[float, msgspec.Meta(ge=0, le=7 * 86_400)]
Lengths = Callable[[UUID], timedelta | None]  # how long a lecture's recording is, where known
Keep = Callable[[Sequence[View]], Awaitable[None]]  # keeps where the views stand, or fails in peace


class Beacon(msgspec.Struct, frozen=True):
    """What a player sends: where it stands, and what it played since its last beacon."""

    view: UUID
    mode: Mode
    position: Seconds
    playing: bool
    segments: Annotated[tuple[tuple[Seconds, Seconds], ...], msgspec.Meta(max_length=200)] = ()
    sent_at: datetime | None = None  # the player's clock: a hint, never used for counting
    revision: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None  # that it plays
    visible: bool | None = None  # the page is in sight (`document.visibilityState`)

    def report(self, at: datetime) -> Report:
        segments = [(milliseconds(begin), milliseconds(end)) for begin, end in self.segments]
        return Report(
            at=at,
            position_ms=milliseconds(self.position),
            segments=segments,
            is_playing=self.playing,
            is_visible=self.visible,
            skew_ms=skew_ms(self._clock_ms, at),
        )

    @property
    def _clock_ms(self) -> float | None:
        """Milliseconds since 1970; a time without a zone is none."""
        sent_at = self.sent_at
        return None if sent_at is None or sent_at.tzinfo is None else sent_at.timestamp() * 1000


@dataclass(slots=True)
class _Open:
    """A view under its lock: one beacon of a view at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    view: View | None = None
    is_moved: bool = False  # since the last checkpoint


class Views:
    """The views that are open in this process. Event loop only."""

    def __init__(
        self,
        recorder: Recorder,
        clock: Clock,
        *,
        length_of: Lengths = lambda _lecture: None,
        keep: Keep | None = None,
    ) -> None:
        self._recorder = recorder
        self._clock = clock
        self._length_of = length_of
        self._keep = keep
        self._open: dict[UUID, _Open] = {}

    def __contains__(self, view: UUID) -> bool:
        return view in self._open

    async def take(self, lecture: UUID, person: UUID, beacon: Beacon) -> None:
        """What the beacon means is durable on return. Refused, Forbidden or TooMany say why not."""
        place = self._open.get(beacon.view) or self._place(beacon.view, person)
        async with place.lock:
            try:
                after, facts = self._step(place.view, lecture, person, beacon)
                await self._recorder.record(*facts)
            except DarisError:
                if place.view is None:
                    self._open.pop(beacon.view, None)
                raise
            place.view, place.is_moved = after, True
            self._open.setdefault(beacon.view, place)

    async def run(self) -> None:
        """Leave checkpoints and end what fell silent, until cancelled; then one last checkpoint."""
        try:
            while True:
                await asyncio.sleep(CHECKPOINT_EVERY.total_seconds())
                try:
                    await self.tidy()
                except DarisError as error:
                    log.warning("player.checkpoint_missed", reason=error.message)
        finally:
            await self.checkpoint()

    async def tidy(self) -> None:
        """One round."""
        await self._end_silent()
        await self.checkpoint()
        OPEN.set(len(self._open))

    async def checkpoint(self) -> None:
        """Make the state of every view that moved durable."""
        moved = [(place, place.view) for place in self._open.values() if place.is_moved]
        facts = [viewing.progressed(view) for _, view in moved if view is not None]
        if facts:
            await self._recorder.record(*facts)
        for place, view in moved:
            place.is_moved = place.view is not view
        if self._keep:
            await self._keep([view for _, view in moved if view is not None])

    async def _end_silent(self) -> None:
        """They are taken out first: a beacon that comes now begins the view anew."""
        now = self._clock.now()
        silent = {
            key: place
            for key, place in self._open.items()
            if place.view is not None and viewing.is_silent(place.view, now, SILENCE)
        }
        for key in silent:
            del self._open[key]
        try:
            await self._recorder.record(
                *(viewing.ended(place.view, now) for place in silent.values() if place.view)
            )
        except DarisError:
            self._open = silent | self._open
            raise

    def _step(self, view: View | None, lecture: UUID, person: UUID, beacon: Beacon) -> viewing.Step:
        report = beacon.report(self._clock.now())
        if view is None:
            return viewing.begin(self._new(lecture, person, beacon, report), report)
        if (view.lecture, view.person, view.mode) != (lecture, person, beacon.mode):
            raise Forbidden("This view belongs to another person or another lecture.")
        return viewing.proceed(view, report)

    def _new(self, lecture: UUID, person: UUID, beacon: Beacon, report: Report) -> View:
        length = self._length_of(lecture) if beacon.mode is Mode.RECORDING else None
        return View(
            view=beacon.view,
            lecture=lecture,
            person=person,
            mode=beacon.mode,
            reported_at=report.at,
            last_proof_at=report.at,
            position_ms=report.position_ms,
            length_ms=None if length is None else length // timedelta(milliseconds=1),
            revision=beacon.revision if beacon.mode is Mode.RECORDING else None,
        )

    def _place(self, view: UUID, person: UUID) -> _Open:
        mine = sum(1 for o in self._open.values() if o.view is not None and o.view.person == person)
        if mine >= MOST_VIEWS_OF_ONE or len(self._open) >= MOST_VIEWS:
            raise TooMany("Too many players are open; close some.", retry_after=SILENCE)
        place = self._open[view] = _Open()
        return place


VIEWS = web.AppKey("views", Views)


def routes(may_take_part: Guard) -> list[web.RouteDef]:
    """`may_take_part` raises if the viewer is not let into a lecture that runs."""

    async def take(request: web.Request) -> web.Response:
        """A player's beacon. Who watches without a name, as on television, leaves no trace."""
        beacon = await decode(request, Beacon)
        lecture, views = path_id(request), request.app[VIEWS]
        if beacon.view not in views:
            await _require(request, lecture, beacon.mode)
            if beacon.mode is Mode.LIVE:
                await may_take_part(request, lecture)
        await _take(views, lecture, viewer_of(request), beacon)
        return web.Response(status=204)

    return [web.post("/api/v1/lectures/{id}/beacon", take)]


async def _take(views: Views, lecture: UUID, viewer: Viewer, beacon: Beacon) -> None:
    if viewer.actor is None:
        return
    try:
        await views.take(lecture, viewer.actor, beacon)
    except Refused:
        REFUSED.inc()
        raise


async def _require(request: web.Request, lecture: UUID, mode: Mode) -> Viewer:
    """Rights are asked once per view: the database may be away, the beacons go on."""
    async with request.app[DATABASE].connect() as connection:
        found = await lecture_by_id(connection, lecture, viewer=viewer_of(request))
    return require(request, _RIGHTS[mode], found.subject)
