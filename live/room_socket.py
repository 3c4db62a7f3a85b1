"""The room socket: one task reads, one writes; neither outlives the other."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Final

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from kernel.clock import Clock
from kernel.errors import DarisError, Invalid, TooLarge, TooMany
from kernel.skew import skew_ms
from kernel.throttle import Throttle
from live.client_messages import (
    LONGEST_MESSAGE_BYTES,
    Alive,
    ClientMessage,
    Hello,
    Leave,
    Offer,
    Report,
    Say,
    View,
    Visibility,
    decode,
)
from live.gate import Crowded
from live.live_room import Closing, LiveRoom
from live.messages import Bye, ByeReason, Refused, StillAlive, Waiting, encode
from live.outbox import Outbox
from live.poll_messages import AnswerPoll, OpenPoll
from live.room import RoomFull
from live.seats import Channel, Seat, Visitor
from live.waiting_room import Answer, Held, TurnedAway, WaitingRoomFull

log = structlog.get_logger()

HELLO_PATIENCE: Final = 10.0  # seconds for the first message
WRITE_PATIENCE: Final = 10.0  # seconds for one write; then the seat is too slow
HEARTBEAT: Final = 5.0  # seconds between pings
_LARGEST_FRAME: Final = 1 << 20  # bytes; beyond, the connection is cut instead of answered
_LOST: Final = Bye(ByeReason.LEFT, "The connection ended.")


async def accept(request: web.Request) -> web.WebSocketResponse:
    """The upgraded connection. Pongs come to the reader, who takes them as proofs of presence."""
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT, autoping=False, max_msg_size=_LARGEST_FRAME, compress=False
    )
    await socket.prepare(request)
    return socket


async def turn_away(socket: web.WebSocketResponse, bye: Bye) -> None:
    """Say why there is nothing to do here, and close; who is gone is not told."""
    with contextlib.suppress(ConnectionError):
        await socket.send_frame(encode(bye), WSMsgType.TEXT)
        await socket.close(code=WSCloseCode.OK)


class Conversation:
    """One socket of one visitor, from the hello to the goodbye."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        room: LiveRoom,
        visitor: Visitor,
        *,
        clock: Clock,
        transport: asyncio.Transport | None,
    ) -> None:
        self._socket = socket
        self._transport = transport  # to cut what cannot be closed
        self._room = room
        self._visitor = visitor
        self._clock = clock
        self._outbox = Outbox()
        self._sending = Throttle(clock, burst=200, every=timedelta(seconds=0.025))
        self._babbling = Throttle(clock, burst=5, every=timedelta(seconds=10))
        self._offering = Throttle(clock, burst=20, every=timedelta(seconds=0.5))

    async def hold(self) -> None:
        """Until either side ends it; then the socket is closed and the seat waits or is gone."""
        try:
            seat = await self._sit_down()
        except (DarisError, TimeoutError) as error:
            await turn_away(self._socket, _goodbye(error))
            return
        self._room.attach(seat, self._outbox)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(), name="room socket writer")
                self._outbox.close(await self._read(seat))
        finally:
            self._room.detach(seat, self._outbox)

    async def _sit_down(self) -> Seat:
        async with asyncio.timeout(HELLO_PATIENCE):
            hello = await self._hello()
        skew = skew_ms(hello.clock_ms(), self._clock.now())  # now: whoever comes may have to wait
        if hello.resume is not None:
            seat = self._room.resume(hello.resume, self._visitor)
            if seat is not None:
                return seat
        while True:
            try:
                return await self._room.enter(
                    self._visitor, hello.device, Channel.WEBRTC, skew_ms=skew
                )
            except Held:
                await self._wait()

    async def _wait(self) -> None:
        """Without a seat, until somebody lets the visitor in; a DarisError when nobody does."""
        answer: Answer = asyncio.get_running_loop().create_future()
        waiting, visitor = self._room.room.waiting_room, self._visitor
        since, told = waiting.wait(visitor, answer, self._outbox.put)
        self._room.tell(*told)
        self._outbox.put(Waiting(self._room.room.lecture, since, self._clock.now()))
        error: DarisError | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                loops = [
                    tasks.create_task(self._write(), name="waiting room writer"),
                    tasks.create_task(self._read_outside(answer), name="waiting room reader"),
                ]
                error = await answer
                for loop in loops:
                    loop.cancel()
        finally:
            has_left = isinstance(error, Closing) and error.bye is not _LOST
            self._room.tell(*waiting.depart(visitor.person, answer, may_return=not has_left))
        if error is not None:
            raise error

    async def _read_outside(self, answer: Answer) -> None:
        bye = _LOST
        with contextlib.suppress(ConnectionError):  # a pong into a line that is cut
            bye = await self._read(None)
        if not answer.done():
            answer.set_result(Closing(bye))

    async def _hello(self) -> Hello:
        while True:
            frame = await self._socket.receive()
            if frame.type is WSMsgType.TEXT:
                message = decode(frame.data)
                if isinstance(message, Hello):
                    return message
                raise Invalid("The first message is a hello.")
            if frame.type not in {WSMsgType.PING, WSMsgType.PONG}:
                raise Invalid("The first message is a hello.")

    # ------------------------------------------------------------ reading

    async def _read(self, seat: Seat | None) -> Bye:
        """Step after step until the socket ends; what to say then, if it can still be said. Who has no seat
        yet waits."""
        while True:
            frame = await self._socket.receive()
            if frame.type in _ENDINGS:
                return _LOST
            if seat is not None:
                seat.prove(self._clock.now())
            if frame.type is WSMsgType.PING:
                await self._socket.pong(frame.data)
            elif frame.type is not WSMsgType.PONG:
                bye = await self._step(seat, frame.data)
                if bye is not None:
                    return bye

    async def _step(self, seat: Seat | None, data: str | bytes) -> Bye | None:
        """One message: done, refused, or the end of patience."""
        if not self._sending.take(self):
            return Bye(ByeReason.GARBAGE, "Too many messages came at once.")
        try:
            message = _message(data)
        except DarisError as error:
            if not self._babbling.take(self):
                return Bye(ByeReason.GARBAGE, "Too many messages made no sense.")
            self._refuse(error, None)
            return None
        try:
            if seat is None:
                return self._handle_outside(message)
            return await self._handle(seat, message)
        except DarisError as error:
            self._refuse(error, message)
            return None

    def _handle_outside(self, message: ClientMessage) -> Bye | None:
        match message:
            case Alive(echo):
                if echo is not None:
                    self._outbox.put(StillAlive(echo))
            case Leave():
                return Bye(ByeReason.LEFT, "You have left the waiting room.")
            case _:
                raise Held
        return None

    async def _handle(self, seat: Seat, message: ClientMessage) -> Bye | None:
        match message:
            case Alive(echo):
                if echo is not None:
                    self._outbox.put(StillAlive(echo))
            case Leave():
                await self._room.leave(seat, ByeReason.LEFT)
                return Bye(ByeReason.LEFT, "You have left the room.")
            case Offer():
                self._offering.check(seat.id, "Too many offers; wait a moment.")
                await self._room.answer(seat, message)
            case Report() | View() | Visibility():
                self._room.note(seat, message)
            case Hello():
                raise Invalid("There is one hello, and it was said.")
            case _:
                await self._room.handle(seat, message)
        return None

    def _refuse(self, error: DarisError, message: ClientMessage | None) -> None:
        about = _about(message)
        self._outbox.put(Refused(error.code, error.message, about))
        if error.status >= 500:
            log.warning(
                "live.message_failed", lecture=str(self._room.lecture), about=about, code=error.code
            )

    # ------------------------------------------------------------ writing

    async def _write(self) -> None:
        """Until the outbox is closed and written; then the reader hears the closing, too."""
        try:
            while frames := await self._outbox.take():
                async with asyncio.timeout(WRITE_PATIENCE):
                    for frame in frames:
                        await self._socket.send_frame(frame, WSMsgType.TEXT)
            async with asyncio.timeout(WRITE_PATIENCE):
                await self._socket.close(code=WSCloseCode.OK)
        except (TimeoutError, ConnectionError) as error:
            log.info("live.socket_lost", reason=type(error).__name__)
            self._outbox.close(Bye(ByeReason.SLOW, "Your connection is too slow."))
            if self._transport is not None:
                self._transport.abort()


_ENDINGS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


def _message(data: str | bytes) -> ClientMessage:
    if len(data) > LONGEST_MESSAGE_BYTES:
        raise TooLarge(f"A message has at most {LONGEST_MESSAGE_BYTES} bytes.")
    if isinstance(data, bytes):
        raise Invalid("Messages are text, this one is binary.")
    return decode(data)


def _about(message: ClientMessage | None) -> str | None:
    """By what the client knows which of its messages is meant."""
    match message:
        case Say() | OpenPoll():
            return str(message.id)
        case AnswerPoll():
            return str(message.key)
        case _:
            return _type_of(message)


def _type_of(message: ClientMessage | None) -> str | None:
    return None if message is None else str(message.__struct_config__.tag)


def _goodbye(error: DarisError | TimeoutError) -> Bye:
    if isinstance(error, TimeoutError):
        return Bye(ByeReason.GARBAGE, "No hello came.")
    return error.bye if isinstance(error, Closing) else Bye(_reason(error), error.message)


def _reason(error: DarisError) -> ByeReason:
    match error:
        case Invalid():
            return ByeReason.GARBAGE
        case TooMany() | RoomFull():
            return ByeReason.FULL
        case Crowded() | WaitingRoomFull():
            return ByeReason.RESTART
        case TurnedAway():
            return ByeReason.TURNED_AWAY
        case _:
            return ByeReason.REFUSED
