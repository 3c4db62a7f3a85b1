"""The life of one lecture's room: up while its doors are open, recorded while it is live, ended."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Conflict, DarisError, NotFound, Unavailable
from kernel.facts import Recorder
from live.broadcast import Broadcast, Outcome
from live.events import ChatSaid, LiveFact
from live.gate import Gate
from live.live_room import LiveRoom, StageMaker
from live.messages import Bye, ByeReason, LectureInfo
from live.room import Room
from live.turn import IceServers
from schedule.announcer import Announcer
from schedule.lectures import bare_lecture, touch_taught
from schedule.lifecycle import OVER, Lecture, LectureState, RecordingState
from schedule.teaching import mark_recording
from transcode.library import Library

log = structlog.get_logger()

LOOK: Final = 10.0  # seconds between looks at the schedule, in case a doorbell was not heard
_MARK_AGAIN: Final = 2.0  # seconds

Recall = Callable[[UUID, int], Awaitable[list[ChatSaid]]]
"""The newest lines of chat of a lecture, oldest first; `footprint` knows them."""

RecallFacts = Callable[[UUID], Awaitable[Sequence[LiveFact]]]
"""The facts of a lecture that make up its polls (of answers, those to a poll that is open suffice), and those
that tell who held a hand up or had the floor (`live.podium.broken_off`), who joined and who was let in
(`live.waiting_room`), these in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all rooms of a process share."""

    database: Database
    recorder: Recorder
    announcer: Announcer
    clock: Clock
    library: Library
    stage: StageMaker
    gate: Gate
    ice_servers: IceServers = field(default_factory=IceServers)
    recall: Recall | None = None
    recall_facts: RecallFacts | None = None


class RoomLife:
    """One attempt at a lecture's room; `live.rooms` supervises. Event loop only."""

    def __init__(self, lecture: Lecture, house: House) -> None:
        self._lecture = lecture
        self._house = house
        self._rung = asyncio.Event()
        self._is_stopping = False
        self._is_over = False
        self._opened: asyncio.Future[LiveRoom] = asyncio.get_running_loop().create_future()

    @property
    def lecture(self) -> UUID:
        return self._lecture.id

    @property
    def live(self) -> LiveRoom | None:
        """The room, while seats may be taken or it is being ended."""
        is_up = self._opened.done() and self._opened.exception() is None and not self._is_over
        return self._opened.result() if is_up else None

    def ring(self) -> None:
        """Something about the lecture is new."""
        self._rung.set()

    def stop(self) -> None:
        """The process stops: the room ends here, the lecture goes on elsewhere or later."""
        self._is_stopping = True
        self._rung.set()

    async def opened(self) -> LiveRoom:
        """The room, as soon as seats may be taken; Unavailable when it is not up."""
        if self._is_over:
            raise Unavailable("The room starts anew; please wait a moment.")
        try:
            async with asyncio.timeout(10):
                return await asyncio.shield(self._opened)
        except TimeoutError as error:
            raise Unavailable("The room does not open; try again in a moment.") from error

    async def run(self) -> None:
        """Until the lecture is over or the process stops."""
        try:
            await self._attempt()
        finally:
            self._is_over = True
            if not self._opened.done():
                self._opened.set_exception(Unavailable("The room could not be opened."))
                self._opened.exception()  # heard, also when nobody waits

    async def _attempt(self) -> None:
        room = Room(
            info_of(self._lecture),
            clock=self._house.clock,
            said_before=await self._recall(),
            before=await self._recall_facts(),
            ice_servers=self._house.ice_servers,
        )
        live = LiveRoom(
            room,
            recorder=self._house.recorder,
            clock=self._house.clock,
            stage=self._house.stage,
            gate=self._house.gate,
        )
        broadcast = Broadcast(
            live, self._house.library, clock=self._house.clock, on_change=self.ring
        )
        async with live.open(), broadcast.open():
            if not self._opened.done():
                self._opened.set_result(live)
            await self._follow(live, broadcast)

    async def _follow(self, live: LiveRoom, broadcast: Broadcast) -> None:
        """Step after step, as the schedule says."""
        while not self._is_stopping:
            lecture = await self._look(live)
            live.move(info_of(lecture))
            if lecture.state in OVER:
                await self._end(lecture, live, broadcast)
                return
            if lecture.state is LectureState.LIVE:
                await broadcast.start(is_recorded=lecture.is_recorded)
                if broadcast.is_kept and lecture.recording is RecordingState.NONE:
                    await self._is_marked(RecordingState.RUNNING)  # a person pressed the button
            await self._wait(LOOK)
        await self._pause(live, broadcast)

    async def _look(self, live: LiveRoom) -> Lecture:
        """The lecture as it is now; as it was, while the database is away."""
        try:
            if live.connections.is_teaching() and self._lecture.state is LectureState.LIVE:
                async with self._house.database.begin() as connection:
                    now = self._house.clock.now()
                    await touch_taught(connection, self._lecture.id, at=now)
            async with self._house.database.connect() as connection:
                self._lecture = await bare_lecture(connection, self._lecture.id)
        except NotFound:
            self._lecture = replace(self._lecture, state=LectureState.CANCELLED)
        except (SQLAlchemyError, OSError) as error:
            log.warning("live.schedule_unknown", lecture=str(self._lecture.id), reason=str(error))
        return self._lecture

    async def _wait(self, seconds: float) -> None:
        """For the doorbell, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()

    async def _recall(self) -> list[ChatSaid]:
        """The chat of an earlier run: a restart does not empty it."""
        if self._house.recall is None:
            return []
        try:
            return await self._house.recall(self._lecture.id, 100)
        except (DarisError, SQLAlchemyError, OSError) as error:
            log.warning("live.chat_not_recalled", lecture=str(self._lecture.id), reason=str(error))
            return []

    async def _recall_facts(self) -> Sequence[LiveFact]:
        """Of earlier runs: a restart ends no poll, lowers no hand and takes the floor from nobody."""
        if self._house.recall_facts is None:
            return ()
        try:
            return await self._house.recall_facts(self._lecture.id)
        except (DarisError, SQLAlchemyError, OSError) as error:
            log.warning("live.facts_not_recalled", lecture=str(self._lecture.id), reason=str(error))
            return ()

    # ------------------------------------------------------------ ending

    async def _end(self, lecture: Lecture, live: LiveRoom, broadcast: Broadcast) -> None:
        """Everybody has left now; the recording is made whole; then the sockets close."""
        bye = _goodbye(lecture)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_emptied(live, bye), name="empty the room")
            finishing = tasks.create_task(broadcast.finish(), name="finish the recording")
        if lecture.state is LectureState.ENDED:
            await self._mark(finishing.result())
            live.move(info_of(await self._look(live)))
        live.close(bye)

    async def _pause(self, live: LiveRoom, broadcast: Broadcast) -> None:
        bye = Bye(ByeReason.RESTART, "The server starts anew; please wait a moment.")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_emptied(live, bye), name="empty the room")
            tasks.create_task(broadcast.pause(), name="keep the recording")
        live.close(bye)

    async def _mark(self, outcome: Outcome) -> None:
        """Tell the schedule what became of the recording, for as long as it does not hear."""
        while not await self._is_marked(_STATES[outcome]) and not self._is_stopping:
            await self._wait(_MARK_AGAIN)

    async def _is_marked(self, recording: RecordingState) -> bool:
        try:
            async with self._house.database.begin() as connection:
                now = self._house.clock.now()
                await mark_recording(connection, self._lecture.id, recording, at=now)
            await self._house.announcer.announce()
        except Conflict as error:
            log.warning("live.recording_not_wanted", reason=error.message)
        except (SQLAlchemyError, OSError) as error:
            log.warning("live.recording_not_marked", reason=str(error))
            return False
        return True


_STATES: Final = {
    Outcome.WHOLE: RecordingState.READY,
    Outcome.FAULTED: RecordingState.FAULTED,
    Outcome.NOTHING: RecordingState.NONE,
}


async def _emptied(live: LiveRoom, bye: Bye) -> None:
    try:
        await live.empty(bye)
    except DarisError as error:
        log.error("live.leaves_not_kept", lecture=str(live.lecture), reason=error.message)


def _goodbye(lecture: Lecture) -> Bye:
    if lecture.state is LectureState.CANCELLED:
        return Bye(ByeReason.CANCELLED, "The lecture is cancelled.")
    return Bye(ByeReason.ENDED, "The lecture is over.")


def info_of(lecture: Lecture) -> LectureInfo:
    """What the room shows of the lecture."""
    work = lecture.work
    return LectureInfo(
        lecture.id, lecture.title, lecture.state.value, work.chat_mode, work.waiting_room
    )
