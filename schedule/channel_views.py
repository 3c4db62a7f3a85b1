"""Pages: the channels, and one channel with its day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action
from identity.sessions import require
from kernel.pages import locale_of, render
from kernel.web import CLOCK, DATABASE
from schedule.channels import Channel, channel_by_id, list_channels, programmes_between
from schedule.rundown import Programme, following, on_air

_BACK = timedelta(hours=3)
_AHEAD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Listing:
    """A programme in the reader's language."""

    title: str
    description: str
    starts_at: datetime
    ends_at: datetime
    is_on_air: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class OnAir:
    """A channel and what it shows now and next."""

    id: str
    name: str
    now_playing: Listing | None
    following: Listing | None
    day: Sequence[Listing]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/channels", show_channels),
        web.get("/channels/{channel}", show_channel),
    ]


async def show_channels(request: web.Request) -> web.Response:
    require(request, Action.WATCH_CHANNEL)
    now, locale = request.app[CLOCK].now(), locale_of(request)
    async with request.app[DATABASE].connect() as connection:
        channels = await channels_on_air(connection, now, locale)
    return render(request, "channels.html", channels=channels)


async def show_channel(request: web.Request) -> web.Response:
    require(request, Action.WATCH_CHANNEL)
    now, locale = request.app[CLOCK].now(), locale_of(request)
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
        shown = await _on_air(connection, channel, now, locale)
    return render(
        request,
        "channel.html",
        channel=channel,
        now_playing=shown.now_playing,
        following=shown.following,
        day=shown.day,
        stream_url=f"/tv/{channel.id}/index.m3u8",
    )


async def channels_on_air(connection: AsyncConnection, now: datetime, locale: str) -> list[OnAir]:
    """Every channel with what it shows; for this page and the first one."""
    return [
        await _on_air(connection, channel, now, locale)
        for channel in await list_channels(connection)
    ]


async def _on_air(
    connection: AsyncConnection, channel: Channel, now: datetime, locale: str
) -> OnAir:
    run = await programmes_between(connection, channel.id, now - _BACK, now + _AHEAD)
    return OnAir(
        id=channel.id,
        name=channel.name,
        now_playing=_listing(on_air(run, now), now, locale),
        following=_listing(following(run, now), now, locale),
        day=[listing for p in run if (listing := _listing(p, now, locale))],
    )


def _listing(programme: Programme | None, now: datetime, locale: str) -> Listing | None:
    if programme is None:
        return None
    return Listing(
        title=programme.title(locale),
        description=programme.description(locale),
        starts_at=programme.starts_at,
        ends_at=programme.ends_at,
        is_on_air=programme.starts_at <= now < programme.ends_at,
        is_over=programme.ends_at <= now,
    )
