"""Where rooms are reached: the room socket, WHIP and WHEP."""

from collections.abc import AsyncIterator, Callable

from aiohttp import web

from identity.sessions import viewer_of
from kernel.web import BUS, CLOCK, DATABASE, RECORDER, SETTINGS, path_id
from live import whip
from live.door import visitor_of
from live.port import MediaPort
from live.room_life import House, Recall
from live.rooms import ROOMS, DoorsShut, Rooms
from live.socket import Conversation, accept, turn_away
from live.stage import Stage
from live.turn import ice_servers
from schedule.announcer import Announcer
from schedule.lectures import lecture_by_id
from transcode.library import Library

Context = Callable[[web.Application], AsyncIterator[None]]


async def room_socket(request: web.Request) -> web.WebSocketResponse:
    """The WebSocket of a lecture's room; see docs/protocol.md."""
    async with request.app[DATABASE].connect() as connection:
        lecture = await lecture_by_id(connection, path_id(request, "lecture"))
    visitor = visitor_of(viewer_of(request), lecture.subject)
    socket = await accept(request)
    try:
        room = await request.app[ROOMS].enterable(lecture)
    except DoorsShut as shut:
        await turn_away(socket, shut.bye)
        return socket
    await Conversation(socket, room, visitor, request.app[CLOCK]).hold()
    return socket


def opened(library: Library, recall: Recall | None = None) -> Context:
    """A cleanup context, behind those that set DATABASE, BUS and RECORDER: media port and rooms."""

    async def context(app: web.Application) -> AsyncIterator[None]:
        settings, clock = app[SETTINGS], app[CLOCK]
        media = MediaPort.open(
            settings.media_bind or settings.bind,
            settings.media_port,
            settings.announce,
            clock=clock,
        )
        async with media as port:
            house = House(
                database=app[DATABASE],
                recorder=app[RECORDER],
                announcer=Announcer(app[DATABASE], app[RECORDER], app[BUS], clock),
                clock=clock,
                library=library,
                stage=lambda listener: Stage(port, listener, clock=clock),
                ice_servers=ice_servers(settings.ice_servers),
                recall=recall,
            )
            app[ROOMS] = rooms = Rooms(house, app[BUS])
            async with rooms.open():
                yield

    return context


async def say_goodbye(app: web.Application) -> None:
    """A signal for `app.on_shutdown`: rooms end before the server waits for their sockets."""
    await app[ROOMS].stop()


def routes() -> list[web.RouteDef]:
    """The addresses of this package."""
    listed = [web.get("/lectures/{lecture}/socket", room_socket)]
    for kind, post in (("whip", whip.publish), ("whep", whip.play)):
        endpoint = f"/{kind}/{{lecture}}"
        session = f"{endpoint}/{{session}}"
        listed += [
            web.post(endpoint, post),
            web.options(endpoint, whip.options),
            web.delete(session, whip.end),
            web.patch(session, whip.trickle),
            web.options(session, whip.options),
        ]
    return listed
