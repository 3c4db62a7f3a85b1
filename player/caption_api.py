"""Captions over HTTP: who may edit a lecture puts them there, who may watch it reads them."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import structlog
from aiohttp import hdrs, web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Conflict, NotFound, TooLarge
from kernel.web import reply
from player import caption_rendition, caption_shelf, live_caption_api
from player.caption_shelf import Captions, language_of
from player.captions import Cue, parse, webvtt
from player.delivery import LECTURE_PATH, LIBRARY, Guard, playlist_answer
from schedule.asked import lecture_of
from transcode.recording import Recording, RecordingState
from transcode.window import Rendered

log = structlog.get_logger()

_CAPTIONS: Final = "/api/v1/lectures/{id}/captions"
_ONE: Final = f"{_CAPTIONS}/{{language}}"


class Listed(msgspec.Struct, frozen=True):
    """What there is."""

    captions: list[Captions]


class Read(msgspec.Struct, frozen=True):
    """The captions in one language, for players and transcripts."""

    language: str
    cues: list[Cue]


def routes(guard: Guard) -> list[web.RouteDef]:
    """`guard` raises if the viewer may not see the lecture."""

    async def give(request: web.Request) -> web.StreamResponse:
        """The file: for other players, and to take away."""
        lecture = UUID(request.match_info["lecture"])
        await guard(request, lecture)
        folder = _folder(await request.app[LIBRARY].fetch(lecture))
        cues = await asyncio.to_thread(caption_shelf.read, folder, request.match_info["language"])
        return _text_track(webvtt(cues))

    async def rendition(request: web.Request) -> tuple[Recording, Path]:
        lecture = UUID(request.match_info["lecture"])
        await guard(request, lecture)
        found = await request.app[LIBRARY].fetch(lecture)
        if found is None or found.state is not RecordingState.FINISHED:
            raise NotFound("There is no finished recording of this lecture.")
        return found, _folder(found)

    async def give_playlist(request: web.Request) -> web.Response:
        language = language_of(request.match_info["language"])
        live = await live_caption_api.live_playlist(request, guard, language)
        if live:
            return playlist_answer(request, live)
        found, folder = await rendition(request)
        await asyncio.to_thread(caption_shelf.read, folder, language)  # or say that there are none
        stretches = caption_rendition.stretches(found.played)
        timeline = found.programme.timeline
        text = caption_rendition.media_playlist(language, stretches, timeline)
        return playlist_answer(request, Rendered(text))

    async def give_segment(request: web.Request) -> web.Response:
        found, folder = await rendition(request)
        stretches = caption_rendition.stretches(found.played)
        number = int(request.match_info["number"])
        if number >= len(stretches):
            raise NotFound("There is no such segment.")
        language = request.match_info["language"]
        cues = await asyncio.to_thread(caption_shelf.read, folder, language)
        text = caption_rendition.segment(stretches[number], cues)
        return _text_track(text)

    return [
        *live_caption_api.routes(guard),
        web.get(_CAPTIONS, list_captions),
        web.get(_ONE, read_captions),
        web.put(_ONE, put_captions),
        web.delete(_ONE, delete_captions),
        web.get(f"{LECTURE_PATH}/captions/{{language}}.vtt", give),
        web.get(f"{LECTURE_PATH}/captions/{{language}}.m3u8", give_playlist),
        web.get(rf"{LECTURE_PATH}/captions/{{language}}/{{number:\d{{1,6}}}}.vtt", give_segment),
    ]


async def list_captions(request: web.Request) -> web.Response:
    found = await _recording(request, Action.WATCH_RECORDING)
    listed = await asyncio.to_thread(caption_shelf.listed, found.folder) if found.folder else []
    return reply(Listed(listed))


async def read_captions(request: web.Request) -> web.Response:
    found = await _recording(request, Action.WATCH_RECORDING)
    language = language_of(request.match_info["language"])
    cues = await asyncio.to_thread(caption_shelf.read, _folder(found), language)
    return reply(Read(language, cues))


async def put_captions(request: web.Request) -> web.Response:
    """The body is the file, WebVTT or SubRip, whatever it is called."""
    found = await _recording(request, Action.CHANGE_LECTURE)
    language = language_of(request.match_info["language"])
    if found.state is not RecordingState.FINISHED:
        raise Conflict("The recording is not finished yet.")
    length_ms = found.duration // timedelta(milliseconds=1)
    data = await _body(request)
    cues = await asyncio.to_thread(parse, data, length_ms=length_ms)
    await asyncio.to_thread(caption_shelf.keep, _folder(found), language, cues)
    log.info("captions.kept", lecture=str(found.lecture), language=language, cues=len(cues))
    return reply(Read(language, cues))


async def delete_captions(request: web.Request) -> web.Response:
    found = await _recording(request, Action.CHANGE_LECTURE)
    language = language_of(request.match_info["language"])
    await asyncio.to_thread(caption_shelf.delete, _folder(found), language)
    log.info("captions.deleted", lecture=str(found.lecture), language=language)
    return web.Response(status=204)


async def _recording(request: web.Request, action: Action) -> Recording:
    lecture = await lecture_of(request)
    require(request, action, lecture.subject)
    found = await request.app[LIBRARY].fetch(lecture.id)
    if found is None:
        raise NotFound("There is no recording of this lecture.")
    return found


def _text_track(text: str) -> web.Response:
    """It changes with the next edit."""
    headers = {hdrs.CACHE_CONTROL: "private, no-cache"}
    return web.Response(text=text, content_type="text/vtt", headers=headers)


def _folder(found: Recording | None) -> Path:
    if found is None or found.folder is None:
        raise NotFound("There is no recording of this lecture.")
    return found.folder


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge("The body is larger than 1 MiB.") from error
