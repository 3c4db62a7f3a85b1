"""What the self-test page and `daris doctor` ask of this process: time, a socket, an echo."""

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import WSMsgType, web

from identity.sessions import viewer_of
from kernel.web import CLOCK, SETTINGS, decode, origin_of, path_id, reply
from live.echo import LIFE_SECONDS, Echoes
from live.messages import IceServer
from live.turn import read_ice_servers

ECHOES: Final = web.AppKey("echoes", Echoes)

_MOST_MESSAGES: Final = 20
_SOCKET_SECONDS: Final = 8.0
_LONGEST_MESSAGE: Final = 256  # bytes


class Ground(msgspec.Struct, frozen=True):
    """What a test begins with. Relays are named to people we know only: they would serve anybody."""

    now: datetime
    fingerprint: str
    ice_servers: tuple[IceServer, ...]
    has_relay: bool


class EchoOffer(msgspec.Struct, frozen=True):
    sdp: str


class EchoAnswer(msgspec.Struct, frozen=True):
    id: str
    sdp: str
    seconds: float


async def ground(request: web.Request) -> web.Response:
    """GET: the time here, which process answers, and the servers to go by."""
    settings, viewer, now = request.app[SETTINGS], viewer_of(request), request.app[CLOCK].now()
    servers = read_ice_servers(settings.ice_servers, settings.turn_urls, settings.turn_secret)
    found = Ground(
        now=now,
        fingerprint=request.app[ECHOES].fingerprint,
        ice_servers=servers.of(viewer.actor, now) if viewer.actor is not None else (),
        has_relay=servers.has_relay,
    )
    return reply(found, headers={"Cache-Control": "no-store"})


async def begin(request: web.Request) -> web.Response:
    """POST: an offer, whose media comes back."""
    offer = await decode(request, EchoOffer)
    echo, sdp = await request.app[ECHOES].begin(offer.sdp, address=origin_of(request))
    return reply(EchoAnswer(str(echo.id), sdp, LIFE_SECONDS), status=HTTPStatus.CREATED)


async def end(request: web.Request) -> web.Response:
    """DELETE: the test is over."""
    request.app[ECHOES].end(path_id(request, "echo"))
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def socket(request: web.Request) -> web.WebSocketResponse:
    """A WebSocket that says again what it hears, for a while.

    No throttle: a refusal would look like a network that stops WebSockets.
    """
    opened = web.WebSocketResponse(max_msg_size=_LONGEST_MESSAGE)
    await opened.prepare(request)
    try:
        async with asyncio.timeout(_SOCKET_SECONDS):
            await _repeat(opened)
    except TimeoutError:
        pass
    finally:
        await opened.close()
    return opened


async def _repeat(opened: web.WebSocketResponse) -> None:
    for _ in range(_MOST_MESSAGES):
        message = await opened.receive()
        if message.type is not WSMsgType.TEXT:
            return
        await opened.send_str(message.data)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/check/ground", ground),
        web.get("/check/socket", socket),
        web.post("/check/echoes", begin),
        web.delete("/check/echoes/{echo}", end),
    ]
