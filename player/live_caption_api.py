"""Captions of a lecture that runs: who moderates it writes them, who watches it reads them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec
import structlog
from aiohttp import hdrs, web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Conflict, Invalid, NotFound
from kernel.ids import new_id
from kernel.web import CLOCK, RECORDER, decode, reply
from player.caption_shelf import language_of
from player.captions import spoken
from player.delivery import LECTURE_PATH, LIBRARY, PATIENCE, Guard, Reload, wait_for
from player.events import CaptionWritten
from player.live_captions import LiveRendition, edge_ms, segment_text
from schedule.asked import lecture_of
from transcode import caption_lines
from transcode.caption_lines import CaptionLine
from transcode.manifest import Keeping
from transcode.recording import Recording, RecordingState
from transcode.window import Rendered, Window

log = structlog.get_logger()

_ADDRESS: Final = "/api/v1/lectures/{id:[0-9a-fA-F-]{32,36}}/captions/live"
_SEGMENT: Final = rf"{LECTURE_PATH}/captions/{{language}}/live-{{msn:\d{{1,12}}}}.vtt"
_UUID_7: Final = 7

_renditions: WeakKeyDictionary[Window, dict[str, LiveRendition]] = WeakKeyDictionary()


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A caption. `ago_ms`: how long ago its words began; `id` is of version 7, and sending it again
    is harmless."""

    language: str
    text: str
    ago_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    id: UUID | None = None


class Shown(msgspec.Struct, frozen=True):
    """The line as it was taken; `said_ms` since the beginning of the recording's timeline."""

    id: UUID
    language: str
    text: str
    said_ms: int


def routes(guard: Guard) -> list[web.RouteDef]:
    """`guard` raises if the viewer may not see the lecture."""

    async def give_segment(request: web.Request) -> web.Response:
        lecture, msn = UUID(request.match_info["lecture"]), int(request.match_info["msn"])
        await guard(request, lecture)
        found = await request.app[LIBRARY].fetch(lecture)
        if found is None:
            raise NotFound("There is no recording of this lecture.")
        lines = _lines(found, language_of(request.match_info["language"]))
        window = found.programme
        if msn == window.next_msn:
            await window.reach(msn, None, PATIENCE)
        segment = window.segment(msn)
        if segment is None:
            raise NotFound("There is no such segment.")
        headers = {hdrs.CACHE_CONTROL: "private, max-age=31536000, immutable"}
        text = segment_text(segment, lines)
        return web.Response(text=text, content_type="text/vtt", headers=headers)

    return [web.post(_ADDRESS, write), web.get(_SEGMENT, give_segment)]


async def write(request: web.Request) -> web.Response:
    """Take a line and show it. 409 while the lecture is not live in this process."""
    lecture = await lecture_of(request)
    viewer = require(request, Action.MODERATE_ROOM, lecture.subject)
    written = await decode(request, Written)
    language, text = language_of(written.language), spoken(written.text)
    number = written.id or new_id()
    if number.version != _UUID_7:
        raise Invalid("The id of a caption is a UUID of version 7.")
    found = request.app[LIBRARY].remembered(lecture.id)
    if found is None or found.state is not RecordingState.LIVE:
        raise Conflict("The lecture is not live; captions of a recording have an editor.")
    found.captions.check(language)
    now = request.app[CLOCK].now()
    fact = CaptionWritten(
        id=number, at=now, lecture=lecture.id, person=viewer.actor, language=language
    )
    await request.app[RECORDER].record(fact)
    said_ms = (now - found.epoch) // timedelta(milliseconds=1) - written.ago_ms
    line = found.captions.find(number) or await _taken(found, number, language, text, said_ms)
    return reply(Shown(line.id, line.language, line.text, line.said_ms), status=201)


async def live_playlist(request: web.Request, guard: Guard, language: str) -> Rendered | None:
    """The rendition of a lecture that runs, or for who watched it live; else None. NotFound."""
    lecture = UUID(request.match_info["lecture"])
    await guard(request, lecture)
    reload = Reload.of(request)
    found = await request.app[LIBRARY].fetch(lecture)
    if found is None or (found.state is not RecordingState.LIVE and reload.msn is None):
        return None
    _lines(found, language)
    window = found.programme
    await wait_for(window, replace(reload, part=None))
    known = _renditions.setdefault(window, {})
    rendition = known.setdefault(language, LiveRendition(window, language))
    return rendition.playlist(can_skip=reload.can_skip)


async def _taken(
    found: Recording, number: UUID, language: str, text: str, said_ms: int
) -> CaptionLine:
    """Kept where the lecture is recorded, then shown to the room."""
    edge = edge_ms(found.programme)
    line = found.captions.place(number, language, text, said_ms=max(said_ms, 0), edge_ms=edge)
    if found.folder and found.keeping is Keeping.ON:
        try:
            await asyncio.to_thread(caption_lines.append, found.folder, line)
        except OSError as error:
            log.error("captions.not_kept", lecture=str(found.lecture), reason=str(error))
    found.captions.tell(line)
    return line


def _lines(found: Recording, language: str) -> Sequence[CaptionLine]:
    if language not in found.captions.languages:
        raise NotFound("There are no captions in this language.")
    return found.captions.of(language)
