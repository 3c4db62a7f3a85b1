"""The logo of a channel over HTTP."""

import asyncio
from typing import Annotated

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import NotFound, TooLarge, Unsupported
from kernel.web import DATABASE, query, reply
from schedule.channels import channel_by_id
from schedule.logos import LARGEST_LOGO, Corner, Logo, logo_named, set_logo
from schedule.png import check_png


class LogoQuery(msgspec.Struct, frozen=True):
    """Its place: `height` in percent of the picture's, `opacity` in percent."""

    corner: Corner = Corner.TOP_RIGHT
    height: Annotated[int, msgspec.Meta(ge=3, le=20)] = 8
    opacity: Annotated[int, msgspec.Meta(ge=10, le=100)] = 80


class LogoBody(msgspec.Struct, frozen=True, kw_only=True):
    """A logo as the API shows it; `image` is its address."""

    name: str
    corner: Corner
    height: int
    opacity: int
    image: str


def routes() -> list[web.RouteDef]:
    logo = "/api/v1/channels/{channel}/logo"
    return [web.get(logo, show), web.put(logo, put), web.delete(logo, remove)]


async def show(request: web.Request) -> web.Response:
    require(request, Action.WATCH_CHANNEL)
    return reply(_body(request, await logo_of(request)))


async def put(request: web.Request) -> web.Response:
    """A PNG; media is conditioned with it from then on, the soonest first."""
    require(request, Action.OPERATE_CHANNEL)
    asked = query(request, LogoQuery)
    if request.content_type != "image/png":
        raise Unsupported("Send the logo as image/png.")
    try:
        image = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge("A logo has at most 512 KiB.") from error
    if len(image) > LARGEST_LOGO:
        raise TooLarge("A logo has at most 512 KiB.")
    await asyncio.to_thread(check_png, image)
    logo = Logo(image=image, corner=asked.corner, height=asked.height, opacity=asked.opacity)
    async with request.app[DATABASE].begin() as connection:
        await channel_by_id(connection, request.match_info["channel"], is_locked=True)
        await set_logo(connection, request.match_info["channel"], logo)
    return reply(_body(request, logo))


async def remove(request: web.Request) -> web.Response:
    """There is none then, whether there was one or not."""
    require(request, Action.OPERATE_CHANNEL)
    async with request.app[DATABASE].begin() as connection:
        await channel_by_id(connection, request.match_info["channel"], is_locked=True)
        await set_logo(connection, request.match_info["channel"], None)
    return web.Response(status=204)


async def logo_of(request: web.Request) -> Logo:
    """Of the channel that is named. NotFound."""
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
        if channel.logo is None:
            raise NotFound("This channel has no logo.")
        return await logo_named(connection, channel.logo)


def _body(request: web.Request, logo: Logo) -> LogoBody:
    return LogoBody(
        name=logo.name,
        corner=logo.corner,
        height=logo.height,
        opacity=logo.opacity,
        image=f"/tv/{request.match_info['channel']}/logo.png",
    )
