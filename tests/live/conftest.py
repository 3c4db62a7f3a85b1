"""What tests of rooms share.

room, visitor, sit, do   a room as rules, and people in it
crowd                    `crowd(served)`: as many wait for a connection as may wait
school                   a served lecture with people: `await school(state)`, then `await served.enter(…)`
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient

from identity.people import Person
from identity.rights import Role
from kernel.bus import Bus
from kernel.clock import ManualClock
from kernel.facts import Fact
from kernel.ids import new_id
from kernel.web import BUS, CLOCK, DATABASE, RECORDER, SETTINGS
from live.gate import Gate
from live.live_room import LiveRoom
from live.messages import LectureInfo, ServerMessage
from live.port import MediaPort
from live.room import Room, RoomMessage
from live.room_life import House
from live.rooms import ROOMS, Rooms
from live.seats import Channel, Seat, Visitor
from live.stage import Stage
from live.turn import read_ice_servers
from live.views import routes
from schedule.announcer import Announcer
from schedule.lectures import lecture_by_id
from schedule.lifecycle import Lecture, LectureState, Policy
from schedule.teaching import start, stop
from transcode.library import Library

F = TypeVar("F", bound=Fact)


@pytest.fixture
def room(clock: ManualClock) -> Room:
    return Room(LectureInfo(new_id(), "Algebra", "live"), clock=clock)


@pytest.fixture
def visitor() -> Callable[..., Visitor]:
    """A student; `is_host=True` makes a lecturer, `can_moderate=True` a tutor."""

    def make(
        name: str = "Aigerim", *, is_host: bool = False, can_moderate: bool = False
    ) -> Visitor:
        role = "lecturer" if is_host else "student"
        return Visitor(new_id(), name, role, is_host, is_host or can_moderate)

    return make


@pytest.fixture
def sit(room: Room, visitor: Callable[..., Visitor]) -> Callable[..., Seat]:
    """Seat somebody: a new visitor, or `who` once more."""

    def make(name: str = "Aigerim", *, who: Visitor | None = None, **what: bool) -> Seat:
        seat, _ = room.enter(who or visitor(name, **what), "tab", Channel.WEBRTC)
        room.admit(seat)
        return seat

    return make


@pytest.fixture
def do(room: Room) -> Callable[[Seat, RoomMessage], list[ServerMessage]]:
    """Decide and apply, as if the facts were kept; what everybody is told."""

    def make(seat: Seat, message: RoomMessage) -> list[ServerMessage]:
        decision = room.decide(seat, message)
        told = [delivery.message for delivery in decision.told]
        for fact in decision.facts:
            told += [delivery.message for delivery in room.apply(fact)]
        return told

    return make


@dataclass(slots=True)
class Guest:
    """A client of the room socket, as a browser would be one."""

    socket: ClientWebSocketResponse
    welcome: dict[str, Any] = field(default_factory=dict)

    async def send(self, kind: str, **what: Any) -> None:
        await self.socket.send_str(msgspec.json.encode({"type": kind, **what}).decode())

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message of that type; others are passed over."""
        while True:
            message = await self.next()
            if message["type"] == kind:
                return message

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            frame = await self.socket.receive()
        assert frame.type is WSMsgType.TEXT, f"the socket ended with {self.socket.close_code}"
        return msgspec.json.decode(frame.data)

    async def heard_until_close(self) -> list[dict[str, Any]]:
        async with asyncio.timeout(10):
            return [msgspec.json.decode(frame.data) async for frame in self.socket]

    def kill(self) -> None:
        """As the network sees a browser that is killed."""
        self.socket._response.connection.transport.abort()


@dataclass(slots=True)
class School:
    """A served lecture and its people."""

    client: TestClient
    bearer: Callable[..., Any]
    lecturer: Person
    lecture: Lecture
    add_person: Callable[..., Any]

    async def live(self) -> LiveRoom:
        """The lecture's room."""
        return await self.client.app[ROOMS].enterable(self.lecture)

    async def socket(self, person: Person, **more: Any) -> ClientWebSocketResponse:
        headers = await self.bearer(person) | more.pop("headers", {})
        path = f"/lectures/{self.lecture.id}/socket"
        return await self.client.ws_connect(path, headers=headers, **more)

    def facts(self, kind: type[F]) -> list[F]:
        """Those that were kept."""
        return [fact for fact in self.client.app[RECORDER].facts if isinstance(fact, kind)]

    async def enter(
        self,
        person: Person | None = None,
        *,
        resume: str | None = None,
        device: str = "tab",
        clock: object = None,
    ) -> Guest:
        """A seated client; a new student when nobody is named."""
        person = person or await self.add_person(Role.STUDENT, name="Aigerim")
        guest = Guest(await self.socket(person))
        await guest.send("hello", device=device, resume=resume, clock=clock)
        guest.welcome = await guest.hear("welcome")
        return guest

    async def start(self) -> None:
        await self._move(start, policy=Policy(earliest_start=timedelta(days=1)))

    async def stop(self) -> None:
        await self._move(stop)

    async def state(self) -> Lecture:
        async with self.client.app[DATABASE].connect() as connection:
            return await lecture_by_id(connection, self.lecture.id)

    async def _move(self, move: Callable[..., Any], **more: Any) -> None:
        app = self.client.app
        now = app[CLOCK].now()
        async with app[DATABASE].begin() as connection:
            self.lecture = await move(
                connection, self.lecture.id, at=now, by=self.lecturer.id, **more
            )
        bus: Bus = app[BUS]
        await Announcer(app[DATABASE], app[RECORDER], bus, app[CLOCK]).announce()


def rooms_opened(library: Library) -> Callable[[web.Application], AsyncIterator[None]]:
    """A cleanup context: a media port on loopback and the rooms on it."""

    async def context(app: web.Application) -> AsyncIterator[None]:
        settings, clock = app[SETTINGS], app[CLOCK]
        async with MediaPort.open("127.0.0.1", 0, clock=clock) as port:
            house = House(
                database=app[DATABASE],
                recorder=app[RECORDER],
                announcer=Announcer(app[DATABASE], app[RECORDER], app[BUS], clock),
                clock=clock,
                library=library,
                stage=lambda listener: Stage(port, listener, clock=clock),
                gate=Gate(clock),
                ice_servers=read_ice_servers(
                    settings.ice_servers, settings.turn_urls, settings.turn_secret
                ),
            )
            app[ROOMS] = rooms = Rooms(house, app[BUS])
            async with rooms.open():
                yield

    return context


@pytest.fixture
def crowd() -> Callable[[School], None]:
    def fill(served: School) -> None:
        served.client.app[ROOMS].gate._next = math.inf

    return fill


@pytest.fixture
def school(serve, bearer, add_person, add_lecture, tmp_path) -> Callable[..., Any]:
    """`await school(LectureState.LIVE)`: a lecture in that state, its room served."""

    async def make(
        state: LectureState = LectureState.LIVE,
        *,
        settings: Mapping[str, Any] = MappingProxyType({}),
        **plan: Any,
    ) -> School:
        client = await serve(
            routes(),
            rooms_opened(Library(tmp_path / "media")),
            **settings,
        )
        lecturer = await add_person(Role.LECTURER, name="Prof. Seitova")
        lecture = await add_lecture(lecturer, starts_in=timedelta(minutes=1), **plan)
        made = School(client, bearer, lecturer, lecture, add_person)
        if state is not LectureState.PLANNED:
            await made.start()
        return made

    return make


@pytest.fixture
def line() -> Callable[..., dict[str, Any]]:
    """A chat message: `line("Salem")`."""

    def make(text: str, *, known_as: UUID | None = None) -> dict[str, Any]:
        return {"id": str(known_as or new_id()), "text": text}

    return make
