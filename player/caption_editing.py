"""The editor of captions: its page, and the cues of one language, saved as a whole."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Annotated, Final

import msgspec
from aiohttp import hdrs, web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Conflict, NotFound, PreconditionFailed, PreconditionRequired
from kernel.pages import render
from kernel.web import decode, reply
from player import caption_shelf, captions
from player.caption_shelf import language_of
from player.captions import MOST_CUES, Cue
from player.delivery import LIBRARY
from player.entrance import signed_in
from schedule.asked import lecture_of
from schedule.lifecycle import Lecture
from transcode.recording import Recording, RecordingState

_ID: Final = "{id:[0-9a-fA-F-]{32,36}}"
_CUES: Final = f"/api/v1/lectures/{_ID}/captions/{{language}}/cues"


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All cues of the language, as they shall be."""

    cues: Annotated[tuple[Cue, ...], msgspec.Meta(max_length=MOST_CUES)]


class Shown(msgspec.Struct, frozen=True):
    """All cues as they are; none where there are no captions yet."""

    language: str
    cues: list[Cue]
    length_ms: int  # of the recording
    can_take_back: bool


def routes() -> list[web.RouteDef]:
    return [
        web.get(f"/lectures/{_ID}/captions/{{language}}/edit", show_editor),
        web.get(_CUES, show),
        web.put(_CUES, change),
        web.post(f"{_CUES}/undo", undo),
    ]


async def show_editor(request: web.Request) -> web.Response:
    signed_in(request)
    language = language_of(request.match_info["language"])
    lecture = await _lecture(request)
    if not lecture.is_watchable:
        raise Conflict("There is no finished recording to edit.")
    config = {
        "language": language,
        "hls": f"/hls/{lecture.id}/index.m3u8",
        "cues": f"/api/v1/lectures/{lecture.id}/captions/{language}/cues",
        "file": f"/hls/{lecture.id}/captions/{language}.vtt",
    }
    return render(request, "caption_editor.html", lecture=lecture, config=config)


async def show(request: web.Request) -> web.Response:
    return await _answer(*await _recording(request))


async def change(request: web.Request) -> web.Response:
    """The next version. 412 if there is another one than that whose tag stands in If-Match."""
    found, language = await _recording(request)
    written = await decode(request, Written)
    await _check_tag(request, found, language)
    cues = await asyncio.to_thread(captions.check, written.cues, length_ms=_length_ms(found))
    assert found.folder
    await asyncio.to_thread(caption_shelf.keep, found.folder, language, cues)
    return await _answer(found, language)


async def undo(request: web.Request) -> web.Response:
    """Back to the version before; 409 when there is none."""
    found, language = await _recording(request)
    await _check_tag(request, found, language)
    assert found.folder
    await asyncio.to_thread(caption_shelf.take_back, found.folder, language)
    return await _answer(found, language)


async def _lecture(request: web.Request) -> Lecture:
    lecture = await lecture_of(request)
    require(request, Action.CHANGE_LECTURE, lecture.subject)
    return lecture


async def _recording(request: web.Request) -> tuple[Recording, str]:
    """Finished, for who may edit it; and the language."""
    lecture = await _lecture(request)
    language = language_of(request.match_info["language"])
    found = await request.app[LIBRARY].fetch(lecture.id)
    if found is None or found.folder is None:
        raise NotFound("There is no recording of this lecture.")
    if found.state is not RecordingState.FINISHED:
        raise Conflict("The recording is not finished yet.")
    return found, language


async def _check_tag(request: web.Request, found: Recording, language: str) -> None:
    tag = request.headers.get(hdrs.IF_MATCH)
    if tag is None:
        raise PreconditionRequired("Say in If-Match which version you have read.")
    if tag.strip() != _tag(await _cues(found, language)):
        raise PreconditionFailed("Somebody else changed these captions meanwhile; reload the page.")


async def _cues(found: Recording, language: str) -> list[Cue]:
    assert found.folder
    try:
        return await asyncio.to_thread(caption_shelf.read, found.folder, language)
    except NotFound:
        return []


async def _answer(found: Recording, language: str) -> web.Response:
    assert found.folder
    cues = await _cues(found, language)
    can_take_back = await asyncio.to_thread(caption_shelf.has_earlier, found.folder, language)
    body = Shown(language, cues, _length_ms(found), can_take_back)
    return reply(body, headers={hdrs.ETAG: _tag(cues), hdrs.CACHE_CONTROL: "no-cache"})


def _tag(cues: list[Cue]) -> str:
    """Of what is read: a cut of the recording changes it, too."""
    return f'"{hashlib.sha256(msgspec.json.encode(cues)).hexdigest()[:24]}"'


def _length_ms(found: Recording) -> int:
    return found.duration // timedelta(milliseconds=1)
