"""WHIP (RFC 9725) and WHEP: encoders publish into a lecture, players receive from it, over HTTP.

An encoder or a player is a seat of the person whose token it carries. One POST is one connection;
the address that it is given ends it, and is a secret of its own. We are ICE-lite: trickled
candidates are welcome and not needed, and there is no ICE restart.
"""

import secrets
from collections.abc import Awaitable, Callable
from functools import wraps
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from identity.sessions import viewer_of
from kernel.errors import (
    DarisError,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    Refused,
    TooLarge,
    Unauthenticated,
    Unsupported,
)
from kernel.web import path_id, problem
from live.door import visitor_of
from live.live_room import LiveRoom
from live.messages import Source
from live.rooms import ROOMS
from live.seats import Channel, Seat, Visitor
from live.sections import received_by, sent_by
from live.turn import links

SDP: Final = "application/sdp"
TRICKLE: Final = "application/trickle-ice-sdpfrag"
LONGEST_OFFER: Final = 200_000  # bytes

_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Expose-Headers": "Location, Link, ETag, Retry-After, WWW-Authenticate",
}

_Handler = Callable[[web.Request], Awaitable[web.Response]]


def _for_strangers(handler: _Handler) -> _Handler:
    """Answers and errors may be read by pages of any origin: tokens are not sent by themselves."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.Response:
        try:
            response = await handler(request)
        except DarisError as error:
            response = problem(error)
            if isinstance(error, Unauthenticated):
                response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
        response.headers.update(_CORS)
        return response

    return answer


@_for_strangers
async def publish(request: web.Request) -> web.Response:
    """POST /whip/{lecture}?video=camera|screen: the offer of an encoder."""
    offer = await _offer(request)
    send = sent_by(offer, video=_video(request))
    room, visitor = await _room(request)
    if not visitor.can_host:
        raise Forbidden("Only a host of this lecture may publish into it.")
    seat = await room.enter(visitor, _device(request), Channel.WHIP)
    return _created(request, room, seat, await room.connect_encoder(seat, offer, send))


@_for_strangers
async def play(request: web.Request) -> web.Response:
    """POST /whep/{lecture}: the offer of a player; it gets the programme, and then the camera."""
    offer = await _offer(request)
    wanted = received_by(offer)
    room, visitor = await _room(request)
    seat = await room.enter(visitor, _device(request), Channel.WHEP)
    return _created(request, room, seat, await room.connect_player(seat, offer, wanted))


@_for_strangers
async def end(request: web.Request) -> web.Response:
    """DELETE the session: its seat leaves now."""
    room, seat = await _session(request)
    await room.leave(seat, "left")
    return web.Response()


@_for_strangers
async def trickle(request: web.Request) -> web.Response:
    """PATCH the session with candidates; an ICE restart is refused."""
    if request.content_type != TRICKLE:
        raise Unsupported(f"Send the candidates as {TRICKLE}.")
    _, seat = await _session(request)
    condition = request.headers.get(hdrs.IF_MATCH)
    if condition is None:
        raise web.HTTPPreconditionRequired(headers=_CORS)
    if condition == "*":
        raise Refused("There is no ICE restart here; make a new session.")
    if condition != _tag(seat):
        raise PreconditionFailed("The session is another one by now.")
    return web.Response(status=HTTPStatus.NO_CONTENT)


@_for_strangers
async def options(request: web.Request) -> web.Response:
    """What may be sent here, for browsers and for RFC 9725 §4.2."""
    headers = {"Accept-Post": SDP, "Accept-Patch": TRICKLE, "Access-Control-Max-Age": "600"}
    return web.Response(status=HTTPStatus.NO_CONTENT, headers=headers)


async def _offer(request: web.Request) -> str:
    if request.content_type != SDP:
        raise Unsupported(f"Send the offer as {SDP}.")
    accept = request.headers.get(hdrs.ACCEPT, "*/*")
    if not any(kind in accept for kind in (SDP, "application/*", "*/*")):
        raise web.HTTPNotAcceptable(headers=_CORS)
    body = await request.read()
    if len(body) > LONGEST_OFFER:
        raise TooLarge(f"An offer has at most {LONGEST_OFFER} bytes.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Invalid("The offer is not UTF-8.") from error


def _video(request: web.Request) -> Source:
    match request.query.get("video", "camera"):
        case "camera":
            return Source.CAMERA
        case "screen":
            return Source.SCREEN
        case _:
            raise Invalid("video is camera or screen.")


async def _room(request: web.Request) -> tuple[LiveRoom, Visitor]:
    lecture = await request.app[ROOMS].lecture(path_id(request, "lecture"))
    visitor = visitor_of(viewer_of(request), lecture.subject)
    return await request.app[ROOMS].enterable(lecture), visitor


async def _session(request: web.Request) -> tuple[LiveRoom, Seat]:
    room = await request.app[ROOMS].find(path_id(request, "lecture"))
    key = request.match_info["session"].encode()
    for seat in room.room.seats:
        is_named = secrets.compare_digest(seat.resume.encode(), key)
        if is_named and seat.channel is not Channel.WEBRTC:
            return room, seat
    raise NotFound("There is no such session, or it has ended.")


def _created(request: web.Request, room: LiveRoom, seat: Seat, answer: str) -> web.Response:
    response = web.Response(status=HTTPStatus.CREATED, text=answer, content_type=SDP)
    response.headers[hdrs.LOCATION] = f"{request.path}/{seat.resume}"
    response.headers[hdrs.ETAG] = _tag(seat)
    for link in links(room.room.ice_servers(seat)):
        response.headers.add(hdrs.LINK, link)
    return response


def _tag(seat: Seat) -> str:
    return f'"{seat.id}"'


def _device(request: web.Request) -> str:
    """The encoder's or player's name for itself, such as OBS-Studio."""
    agent = request.headers.get(hdrs.USER_AGENT, "")
    return "".join(c for c in agent if c.isprintable())[:64] or "unknown"
