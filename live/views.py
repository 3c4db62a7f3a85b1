"""Where rooms are reached: the room socket, WHIP and WHEP."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from identity.sessions import viewer_of
from kernel.errors import Unavailable
from kernel.web import CLOCK, path_id
from live import recording_api, whip
from live.door import visitor_of
from live.messages import Bye, ByeReason
from live.port import MediaPort
from live.room_socket import Conversation, accept, turn_away
from live.rooms import ROOMS, DoorsShut

MEDIA_PORT: Final = web.AppKey("media port", MediaPort)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def media_first(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Hundreds of requests that come at once are answered in one turn of the event loop: packets
    that come meanwhile pass between them."""
    request.app[MEDIA_PORT].read_now()
    return await handler(request)


async def room_socket(request: web.Request) -> web.WebSocketResponse:
    """The WebSocket of a lecture's room; see docs/protocol.md."""
    lecture = await request.app[ROOMS].lecture(path_id(request, "lecture"))
    visitor = visitor_of(viewer_of(request), lecture.subject)
    socket = await accept(request)
    try:
        room = await request.app[ROOMS].enterable(lecture)
    except DoorsShut as shut:
        await turn_away(socket, shut.bye)
        return socket
    except Unavailable as error:
        await turn_away(socket, Bye(ByeReason.RESTART, error.message))
        return socket
    conversation = Conversation(
        socket, room, visitor, clock=request.app[CLOCK], transport=request.transport
    )
    await conversation.hold()
    return socket


async def say_goodbye(app: web.Application) -> None:
    """A signal for `app.on_shutdown`: rooms end before the server waits for their sockets."""
    await app[ROOMS].stop()


def routes() -> list[web.RouteDef]:
    """The addresses of this package."""
    listed = [web.get("/lectures/{lecture}/socket", room_socket), *recording_api.routes()]
    for kind, post in (("whip", whip.publish), ("whep", whip.play)):
        endpoint = f"/{kind}/{{lecture}}"
        session = f"{endpoint}/{{session}}"
        listed += [
            web.post(endpoint, post),
            web.options(endpoint, whip.options),
            web.delete(session, whip.end),
            web.patch(session, whip.change),
            web.options(session, whip.options),
        ]
    return listed
