"""Pages: the channels, and one channel with its day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action, allows
from identity.sessions import require, viewer_of
from kernel.pages import locale_of, render, zone_of
from kernel.web import CLOCK, DATABASE, SETTINGS
from schedule import desk_views, grid_views
from schedule.channels import Channel, channel_by_id, list_channels
from schedule.guide import catchup_query
from schedule.rundown import Programme, following, on_air
from schedule.shown import shown_between

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
    catchup: str | None = None  # the query that plays it from its beginning, while it is kept


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads when in which language; the day is told from `since` on, and kept from `kept_since` on."""

    now: datetime
    locale: str
    since: datetime
    kept_since: datetime


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
        *desk_views.routes(),
        *grid_views.routes(),
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
    midnight = now.astimezone(zone_of(request)).replace(hour=0, minute=0, second=0, microsecond=0)
    kept = now - timedelta(hours=request.app[SETTINGS].catchup_hours)
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
        reader = Reader(now, locale, since=min(now - _BACK, midnight), kept_since=kept)
        shown = await _on_air(connection, channel, reader)
    replayed = _replayed(shown.day, request.query_string)
    stream = f"/tv/{channel.id}/master.m3u8"
    return render(
        request,
        "channel.html",
        channel=channel,
        now_playing=shown.now_playing,
        following=shown.following,
        day=shown.day,
        replayed=replayed,
        may_operate=allows(viewer_of(request), Action.OPERATE_CHANNEL),
        stream_url=f"{stream}?{replayed.catchup}" if replayed else stream,
    )


async def channels_on_air(connection: AsyncConnection, now: datetime, locale: str) -> list[OnAir]:
    """Every channel with what it shows; for this page and the first one."""
    reader = Reader(now, locale, since=now - _BACK, kept_since=now)
    return [
        await _on_air(connection, channel, reader) for channel in await list_channels(connection)
    ]


async def _on_air(connection: AsyncConnection, channel: Channel, reader: Reader) -> OnAir:
    now = reader.now
    run = await shown_between(connection, channel.id, reader.since, now + _AHEAD, now)
    return OnAir(
        id=channel.id,
        name=channel.name,
        now_playing=_listing(on_air(run, now), reader),
        following=_listing(following(run, now), reader),
        day=[listing for p in run if (listing := _listing(p, reader))],
    )


def _replayed(day: Sequence[Listing], asked: str) -> Listing | None:
    """The programme whose beginning is asked for."""
    return next((one for one in day if one.catchup and one.catchup == asked), None)


def _listing(programme: Programme | None, reader: Reader) -> Listing | None:
    if programme is None:
        return None
    now, locale = reader.now, reader.locale
    is_kept = reader.kept_since <= programme.starts_at <= now and reader.kept_since < now
    return Listing(
        title=programme.title(locale),
        description=programme.description(locale),
        starts_at=programme.starts_at,
        ends_at=programme.ends_at,
        is_on_air=programme.starts_at <= now < programme.ends_at,
        is_over=programme.ends_at <= now,
        catchup=catchup_query(programme) if is_kept else None,
    )
