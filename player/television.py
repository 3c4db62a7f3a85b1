"""Television for viewers: each channel's HLS from its folder, and the guide as XMLTV and M3U."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Gone, NotFound, Unavailable
from kernel.web import CLOCK, DATABASE, SETTINGS, query
from player import caption_shelf
from player.channel_captions import ChannelCaptions, multivariant, playlist
from schedule.channels import channel_by_id, list_channels, programmes_between
from schedule.guide import m3u, xmltv
from schedule.logo_api import logo_of
from schedule.places import channel_folder
from schedule.shown import shown_between
from transcode.catchup import excerpt
from transcode.house import PROFILES

_SEGMENT: Final = re.compile(r"[0-9]{1,12}\.m4s|init-[0-9a-f]{12}\.mp4")
_PLAYLIST_HEADERS: Final = {"Cache-Control": "max-age=1", "Access-Control-Allow-Origin": "*"}
_CATCHUP_HEADERS: Final = {"Cache-Control": "max-age=60", "Access-Control-Allow-Origin": "*"}
_MEDIA_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",  # a number is never used twice
    "Access-Control-Allow-Origin": "*",
    "Content-Type": "video/mp4",
}
_GUIDE_HEADERS: Final = {"Cache-Control": "max-age=60", "Access-Control-Allow-Origin": "*"}
_REWOUND, _WATCHED = timedelta(hours=1), timedelta(days=1)  # of what captions are offered
_NUMBER: Final = re.compile("[0-9]{1,12}")
_NEVER_WAS: Final = "This part of the channel is over, or never was."
_BACK, _AHEAD = timedelta(days=1), timedelta(days=8)


class CatchupQuery(msgspec.Struct, frozen=True):
    """Both in seconds, the first since the Unix epoch, as set-top players fill them in."""

    utc: Annotated[int, msgspec.Meta(ge=0, le=9_999_999_999)]
    duration: Annotated[int, msgspec.Meta(ge=1, le=86_400)]

    @property
    def span(self) -> tuple[datetime, datetime]:
        since = datetime.fromtimestamp(self.utc, UTC)
        return since, since + timedelta(seconds=self.duration)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/tv/playlist.m3u", show_m3u),
        web.get("/tv/epg.xml", show_xmltv),
        web.get("/tv/{channel}/index.m3u8", show_playlist),
        web.get("/tv/{channel}/master.m3u8", show_multivariant),
        web.get("/tv/{channel}/captions/{language}.m3u8", show_caption_playlist),
        web.get("/tv/{channel}/captions/{language}/{number}.vtt", show_captions),
        web.get("/tv/{channel}/logo.png", show_logo),
        web.get("/tv/{channel}/{name}", show_media),
    ]


async def show_playlist(request: web.Request) -> web.Response:
    require(request, Action.WATCH_CHANNEL)
    text, headers = await _playlist(request)
    return _as_playlist(text, headers)


async def show_multivariant(request: web.Request) -> web.Response:
    """The channel with the captions of what is planned, or of what was on air then."""
    require(request, Action.WATCH_CHANNEL)
    now = request.app[CLOCK].now()
    looks_back = query(request, CatchupQuery) if "utc" in request.query else None
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
        near = await programmes_between(connection, channel.id, now - _REWOUND, now + _WATCHED)
    captions = ChannelCaptions(request.app[SETTINGS], channel.id)
    planned = {programme.source.key for programme in near} if looks_back is None else set()

    def languages() -> list[str]:
        since, until = looks_back.span if looks_back else (now - _REWOUND, now)
        aired = {one.source for one in captions.aired(since, until)}
        return captions.languages(source for source in planned | aired if source)

    known = await asyncio.to_thread(languages)
    asked = f"?{request.query_string}" if looks_back else ""
    text = multivariant(PROFILES[channel.profile], known, asked)
    return _as_playlist(text, _GUIDE_HEADERS)


async def show_caption_playlist(request: web.Request) -> web.Response:
    """The same segments as of the picture, and the same catch-up."""
    require(request, Action.WATCH_CHANNEL)
    language = caption_shelf.language_of(request.match_info["language"])
    text, headers = await _playlist(request)
    return _as_playlist(playlist(text, language), headers)


async def show_captions(request: web.Request) -> web.Response:
    require(request, Action.WATCH_CHANNEL)
    number, language = request.match_info["number"], request.match_info["language"]
    captions = ChannelCaptions(request.app[SETTINGS], _channel(request))
    if not _NUMBER.fullmatch(number):
        raise NotFound(_NEVER_WAS)
    text = await asyncio.to_thread(
        captions.segment, int(number), caption_shelf.language_of(language)
    )
    if text is None:
        raise NotFound(_NEVER_WAS)
    return web.Response(
        text=text, content_type="text/vtt", charset="utf-8", headers=_CATCHUP_HEADERS
    )


async def _playlist(request: web.Request) -> tuple[str, Mapping[str, str]]:
    """As text, and how long it may be kept."""
    if "utc" in request.query:
        return await _catchup(request)
    path = _folder(request) / "index.m3u8"
    try:
        return await asyncio.to_thread(path.read_text, "utf-8"), _PLAYLIST_HEADERS
    except OSError as error:
        async with request.app[DATABASE].connect() as connection:
            await channel_by_id(connection, request.match_info["channel"])
        raise Unavailable(
            "The channel is about to begin.", retry_after=timedelta(seconds=2)
        ) from error


def _as_playlist(text: str, headers: Mapping[str, str]) -> web.Response:
    return web.Response(text=text, content_type="application/vnd.apple.mpegurl", headers=headers)


async def show_logo(request: web.Request) -> web.Response:
    require(request, Action.WATCH_CHANNEL)
    logo = await logo_of(request)
    return web.Response(body=logo.image, content_type="image/png", headers=_GUIDE_HEADERS)


async def _catchup(request: web.Request) -> tuple[str, Mapping[str, str]]:
    """What was on air, as a recording; what still is, from its beginning."""
    asked, now = query(request, CatchupQuery), request.app[CLOCK].now()
    since, until = asked.span
    oldest = now - timedelta(hours=request.app[SETTINGS].catchup_hours)
    if since > now:
        raise NotFound("This part of the channel is not on air yet.")
    found = await asyncio.to_thread(excerpt, _folder(request), max(since, oldest), until, now)
    if not found.segments and not found.is_over:
        raise Unavailable("This programme is about to begin.", retry_after=timedelta(seconds=2))
    if until <= oldest or found.is_lost:
        raise Gone("This part of the channel is not kept any more.")
    return found.playlist(), _CATCHUP_HEADERS if found.is_over else _PLAYLIST_HEADERS


async def show_media(request: web.Request) -> web.StreamResponse:
    """A segment or its set-up; they never change, so any cache may keep them."""
    require(request, Action.WATCH_CHANNEL)
    name = request.match_info["name"]
    path = _folder(request) / name
    if not _SEGMENT.fullmatch(name) or not await asyncio.to_thread(path.is_file):
        raise NotFound(_NEVER_WAS)
    return web.FileResponse(path, status=HTTPStatus.OK, headers=_MEDIA_HEADERS)


async def show_m3u(request: web.Request) -> web.Response:
    require(request, Action.WATCH_CHANNEL)
    async with request.app[DATABASE].connect() as connection:
        channels = await list_channels(connection)
    settings = request.app[SETTINGS]
    text = m3u(channels, address=settings.address, catchup_hours=settings.catchup_hours)
    return web.Response(
        text=text, content_type="audio/x-mpegurl", charset="utf-8", headers=_GUIDE_HEADERS
    )


async def show_xmltv(request: web.Request) -> web.Response:
    require(request, Action.WATCH_CHANNEL)
    now = request.app[CLOCK].now()
    async with request.app[DATABASE].connect() as connection:
        channels = await list_channels(connection)
        rundowns = {
            channel.id: await shown_between(connection, channel.id, now - _BACK, now + _AHEAD, now)
            for channel in channels
        }
    guide = await asyncio.to_thread(xmltv, channels, rundowns, source=request.app[SETTINGS].address)
    return web.Response(
        body=guide, content_type="application/xml", charset="utf-8", headers=_GUIDE_HEADERS
    )


_CHANNEL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def _folder(request: web.Request) -> Path:
    return channel_folder(request.app[SETTINGS], _channel(request))


def _channel(request: web.Request) -> str:
    channel = request.match_info["channel"]
    if not _CHANNEL.fullmatch(channel):
        raise NotFound("There is no such channel.")
    return channel
