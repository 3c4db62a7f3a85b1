"""The rooms of this process: one per lecture that is open or live, supervised."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import msgspec
import structlog
from aiohttp import web
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from kernel.bus import Bus
from kernel.errors import Conflict, NotFound
from live.gate import Gate
from live.live_room import LiveRoom
from live.lookup import Lookup
from live.messages import Bye, ByeReason
from live.room_life import House, RoomLife
from schedule.events import TOPIC, LectureMoved
from schedule.lectures import Filter, bare_lecture, list_lectures
from schedule.lifecycle import OVER, Lecture, LectureState, RecordingState

log = structlog.get_logger()

ROOMS_UP: Final = Gauge("daris_live_rooms", "Rooms that are up")
_AGAIN: Final = 1.0  # seconds until a room that failed is opened anew
_AGAIN_AT_LAST: Final = 30.0  # seconds, if it fails again and again
_STOPPING: Final = 8.0  # seconds for all rooms to end in an orderly way


class DoorsShut(Conflict):
    """Nobody can come in now; `bye` says why."""

    code = "doors-shut"

    def __init__(self, bye: Bye) -> None:
        super().__init__(bye.message)
        self.bye = bye


class Rooms:
    """Works within `open`. Event loop only."""

    def __init__(self, house: House, bus: Bus) -> None:
        self._house = house
        self._bus = bus
        self._lives: dict[UUID, RoomLife] = {}
        self._supervised: set[asyncio.Task[None]] = set()
        self._tasks = asyncio.TaskGroup()
        self._lookup = Lookup(house.database, self._tasks)
        self._is_stopping = False

    @property
    def gate(self) -> Gate:
        """In front of all handshakes of the process."""
        return self._house.gate

    async def lecture(self, identifier: UUID) -> Lecture:
        """The lecture as the database has it now; NotFound when there is none."""
        return await self._lookup.lecture(identifier)

    async def enterable(self, lecture: Lecture) -> LiveRoom:
        """The lecture's room, opened if it must be; DoorsShut when people can't be in it now."""
        if self._is_stopping:
            raise DoorsShut(Bye(ByeReason.RESTART, "The server starts anew; please wait a moment."))
        if lecture.state is LectureState.PLANNED:
            raise DoorsShut(Bye(ByeReason.NOT_OPEN, "The doors are not open yet."))
        if lecture.state is LectureState.CANCELLED:
            raise DoorsShut(Bye(ByeReason.CANCELLED, "The lecture is cancelled."))
        if lecture.state in OVER:
            raise DoorsShut(Bye(ByeReason.ENDED, "The lecture is over."))
        return await self._life(lecture).opened()

    async def find(self, lecture: UUID) -> LiveRoom:
        """The room of a seat that is already taken; NotFound when it is not up."""
        life = self._lives.get(lecture)
        if life is None:
            raise NotFound("There is no such room.")
        return await life.opened()

    def up(self, lecture: UUID) -> LiveRoom | None:
        """The lecture's room, if it is up."""
        life = self._lives.get(lecture)
        return None if life is None else life.live

    def _life(self, lecture: Lecture) -> RoomLife:
        life = self._lives.get(lecture.id)
        if life is None:
            life = self._lives[lecture.id] = RoomLife(lecture, self._house)
            name = f"room {lecture.id}"
            task = self._tasks.create_task(self._supervise(lecture, life), name=name)
            self._supervised.add(task)
            task.add_done_callback(self._supervised.discard)
        return life

    async def _supervise(self, lecture: Lecture, life: RoomLife) -> None:
        """One life after another, until one ends well."""
        ROOMS_UP.inc()
        try:
            patience = _AGAIN
            while not await _lived_well(life) and not self._is_stopping:
                await asyncio.sleep(patience)
                patience = min(2 * patience, _AGAIN_AT_LAST)
                life = self._lives[lecture.id] = RoomLife(lecture, self._house)
        finally:
            ROOMS_UP.dec()
            del self._lives[lecture.id]

    # ------------------------------------------------------------ the schedule

    async def _follow_schedule(self, has_begun: asyncio.Event) -> None:
        """Supervise the doorbell: whatever happens to it, listen again, and catch up."""
        while True:
            try:
                await self._listen(has_begun)
            except Exception:
                log.exception("live.doorbell_lost")
            has_begun.set()
            await asyncio.sleep(_AGAIN)

    async def _listen(self, has_begun: asyncio.Event) -> None:
        """Ring at the room whose lecture moved; open one for a lecture that begins."""
        async with self._bus.subscribe(TOPIC) as doorbell:
            await self._take_up()
            has_begun.set()
            async for message in doorbell:
                try:
                    await self._heard(msgspec.json.decode(message, type=LectureMoved))
                except (msgspec.DecodeError, NotFound, SQLAlchemyError, OSError) as error:
                    log.warning("live.doorbell_not_understood", reason=str(error))

    async def _heard(self, moved: LectureMoved) -> None:
        life = self._lives.get(moved.lecture)
        if life is not None:
            life.ring()
        elif moved.state is LectureState.LIVE:
            async with self._house.database.connect() as connection:
                lecture = await bare_lecture(connection, moved.lecture)
            if lecture.state is LectureState.LIVE and not self._is_stopping:
                self._life(lecture)

    async def _take_up(self) -> None:
        """Rooms for lectures that are live, or whose recording is unfinished."""
        unfinished = Filter(states=(LectureState.LIVE, LectureState.ENDED))
        async with self._house.database.connect() as connection:
            for lecture in await list_lectures(connection, unfinished, limit=500):
                is_recording = lecture.recording is RecordingState.RUNNING
                if (lecture.state is LectureState.LIVE or is_recording) and not self._is_stopping:
                    self._life(lecture)

    # ------------------------------------------------------------ life

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Rooms come and go while this lasts."""
        async with self._tasks as tasks:
            has_begun = asyncio.Event()
            following = tasks.create_task(self._follow_schedule(has_begun), name="doorbells")
            await has_begun.wait()
            try:
                yield
            finally:
                following.cancel()
                await self.stop()

    async def stop(self) -> None:
        """End every room in an orderly way; their sockets are told to come back. Harmless twice."""
        self._is_stopping = True
        for life in self._lives.values():
            life.stop()
        if not self._supervised:
            return
        _, late = await asyncio.wait(self._supervised, timeout=_STOPPING)
        for task in late:
            log.warning("live.room_did_not_stop", task=task.get_name())
            task.cancel()


async def _lived_well(life: RoomLife) -> bool:
    """The attempt; what goes wrong in one room ends neither the process nor another room."""
    try:
        await life.run()
    except Exception:
        log.exception("live.room_failed", lecture=str(life.lecture))
        return False
    return True


ROOMS: Final = web.AppKey("rooms", Rooms)
