"""WHIP (RFC 9725) and WHEP: encoders publish into a lecture, players receive from it, over HTTP.

An encoder or a player is a seat of the person whose token it carries. One POST is one connection;
the address that it is given ends it, and is a secret of its own. We are ICE-lite: trickled
candidates are welcome and not needed. A tag stands for an ICE session, and changes when ICE restarts.
"""

import secrets
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from identity.sessions import viewer_of
from kernel.errors import (
    Forbidden,
    Gone,
    Invalid,
    NotAcceptable,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    Unsupported,
)
from kernel.web import path_id
from live.door import visitor_of
from live.live_room import LiveRoom
from live.messages import Source
from live.rooms import ROOMS
from live.sdp_fragment import MOST_FRAGMENT_BYTES, Fragment, read_fragment, write_fragment
from live.seats import Channel, Seat, Visitor
from live.sections import received_by, sent_by
from live.turn import links

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
MOST_OFFER_BYTES: Final = 200_000

_PATHS: Final = ("/whip/", "/whep/")
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Expose-Headers": "Location, Link, ETag, Allow, Retry-After, WWW-Authenticate",
}
_COME_BACK_SECONDS: Final = "5"


async def for_strangers(request: web.Request, response: web.StreamResponse) -> None:
    """A signal for `app.on_response_prepare`: what all answers here have, errors too.

    Pages of any origin may read them: tokens are not sent by themselves.
    """
    if not request.path.startswith(_PATHS):
        return
    response.headers.update(_CORS)
    if response.status == HTTPStatus.UNAUTHORIZED:
        response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers.setdefault(hdrs.RETRY_AFTER, _COME_BACK_SECONDS)


async def publish(request: web.Request) -> web.Response:
    """POST /whip/{lecture}?video=camera|screen: the offer of an encoder."""
    _check_types(request)
    room, visitor = await _room(request)
    if not visitor.can_host:
        raise Forbidden("Only a host of this lecture may publish into it.")
    offer = await _text(request, MOST_OFFER_BYTES)
    send = sent_by(offer, video=_video(request))
    seat = await room.enter(visitor, _device(request), Channel.WHIP)
    return _created(request, room, seat, await room.connect_encoder(seat, offer, send))


async def play(request: web.Request) -> web.Response:
    """POST /whep/{lecture}: the offer of a player; it gets the programme, and then the camera."""
    _check_types(request)
    room, visitor = await _room(request)
    offer = await _text(request, MOST_OFFER_BYTES)
    wanted = received_by(offer)
    seat = await room.enter(visitor, _device(request), Channel.WHEP)
    return _created(request, room, seat, await room.connect_player(seat, offer, wanted))


async def end(request: web.Request) -> web.Response:
    """DELETE the session: its seat leaves now."""
    room, seat = await _session(request)
    await room.leave(seat, "left")
    return web.Response()


async def change(request: web.Request) -> web.Response:
    """PATCH the session: with candidates for the tag of its ICE session, or `*` to restart ICE."""
    if request.content_type != FRAGMENT:
        raise Unsupported(f"Send the fragment as {FRAGMENT}.")
    room, seat = await _session(request)
    condition = request.headers.get(hdrs.IF_MATCH, "").strip()
    if not condition:
        raise PreconditionRequired(
            "Say by If-Match which ICE session is meant, or * for a new one."
        )
    if condition != "*" and _tag(room, seat) not in map(str.strip, condition.split(",")):
        raise PreconditionFailed("The ICE session is another one by now.")
    fragment = read_fragment(await _text(request, MOST_FRAGMENT_BYTES))
    if condition == "*":
        return _restarted(room, seat, fragment)
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def options(request: web.Request) -> web.Response:
    """What may be sent here, for browsers and for RFC 9725 §4.2."""
    headers = {"Accept-Post": SDP, "Accept-Patch": FRAGMENT, "Access-Control-Max-Age": "600"}
    return web.Response(headers=headers)


def _check_types(request: web.Request) -> None:
    if request.content_type != SDP:
        raise Unsupported(f"Send the offer as {SDP}.")
    accept = request.headers.get(hdrs.ACCEPT, "*/*")
    if not any(kind in accept for kind in (SDP, "application/*", "*/*")):
        raise NotAcceptable(f"The answer is {SDP}.")


async def _text(request: web.Request, most_bytes: int) -> str:
    body = await request.read()
    if len(body) > most_bytes:
        raise TooLarge(f"That is more than {most_bytes} bytes.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Invalid("The SDP is not UTF-8.") from error


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
    key = request.match_info["session"]
    for seat in room.room.seats:
        is_named = secrets.compare_digest(seat.resume.encode(), key.encode())
        if is_named and seat.channel is not Channel.WEBRTC:
            return room, seat
    reason = room.expelled(key)
    if reason is not None:
        raise Gone(reason)
    raise NotFound("There is no such session, or it has ended.")


def _created(request: web.Request, room: LiveRoom, seat: Seat, answer: str) -> web.Response:
    response = web.Response(status=HTTPStatus.CREATED, text=answer, content_type=SDP)
    response.headers[hdrs.LOCATION] = f"{request.path}/{seat.resume}"
    response.headers[hdrs.ETAG] = _tag(room, seat)
    for link in links(room.room.ice_servers(seat)):
        response.headers.add(hdrs.LINK, link)
    return response


def _restarted(room: LiveRoom, seat: Seat, asked: Fragment) -> web.Response:
    """RFC 9725 §4.3.2: the old ICE session goes on until the new one is proved."""
    ours = room.connections.restart_ice(seat, asked.ufrag)
    response = web.Response(text=write_fragment(asked, ours), content_type=FRAGMENT)
    response.headers[hdrs.ETAG] = _tag(room, seat)
    return response


def _tag(room: LiveRoom, seat: Seat) -> str:
    return f'"{room.connections.ice_session(seat)}"'


def _device(request: web.Request) -> str:
    """The encoder's or player's name for itself, such as OBS-Studio."""
    agent = request.headers.get(hdrs.USER_AGENT, "")
    return "".join(c for c in agent if c.isprintable())[:64] or "unknown"
