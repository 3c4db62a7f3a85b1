"""The editor of a recording over HTTP: cuts and chapters, one revision after another.

Who edits sees the recording as it was taken, at addresses of its own; all others see the newest
revision as soon as they load the playlist.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from aiohttp import hdrs, web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Conflict, NotFound, PreconditionFailed, PreconditionRequired
from kernel.facts import Fact
from kernel.ids import new_id
from kernel.web import CLOCK, RECORDER, decode, reply
from player.delivery import LIBRARY
from player.events import RecordingEdited
from player.extras import EXTRAS
from schedule.asked import lecture_of
from transcode.cutting import written
from transcode.edition import MOST_CUTS, Chapter, Cut, Edition, Milliseconds, merged
from transcode.playlist import ByteRanges, multivariant, recorded
from transcode.recording import Recording, RecordingState
from transcode.revisions import Revisions

_ID: Final = "{id:[0-9a-fA-F-]{32,36}}"
_ADDRESS: Final = f"/api/v1/lectures/{_ID}/recording/edition"
_MOST_SLIDES: Final = 5_000
_PLAYLIST_TYPE: Final = "application/vnd.apple.mpegurl"


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of the next revision: what is not listed is not cut, and no chapter."""

    cuts: Annotated[tuple[Cut, ...], msgspec.Meta(max_length=MOST_CUTS)] = ()
    chapters: Annotated[tuple[Chapter, ...], msgspec.Meta(max_length=MOST_CUTS)] = ()
    dismissed_ms: Annotated[tuple[Milliseconds, ...], msgspec.Meta(max_length=_MOST_SLIDES)] = ()


class Pause(msgspec.Struct, frozen=True):
    """A time of which nothing is there; `is_wanted` if somebody paused, else the server failed."""

    starts_ms: int
    ends_ms: int
    is_wanted: bool


class EditionBody(msgspec.Struct, frozen=True, kw_only=True):
    """The newest revision. Times count from the first moment recorded, which was at `starts_at`."""

    revision: int
    changed_at: datetime | None
    cuts: tuple[Cut, ...]
    chapters: tuple[Chapter, ...]
    dismissed_ms: tuple[Milliseconds, ...]  # slides that are no chapters
    pauses: tuple[Pause, ...]
    starts_at: datetime
    taken_ms: int  # with pauses and cuts
    played_ms: int  # without them


def routes() -> list[web.RouteDef]:
    return [
        web.get(_ADDRESS, show),
        web.put(_ADDRESS, change),
        web.post(f"{_ADDRESS}/undo", undo),
        web.get(f"/hls/{_ID}/uncut.m3u8", uncut),
        web.get(f"/hls/{_ID}/uncut-{{name:programme|voice}}.m3u8", uncut_track),
    ]


async def show(request: web.Request) -> web.Response:
    """For everybody who may watch: chapters are theirs, too."""
    found = await _finished(request, Action.WATCH_RECORDING)
    return _reply(found, await _newest(request, found))


async def change(request: web.Request) -> web.Response:
    """The next revision. 412 if somebody else made one since the one named in If-Match."""
    found = await _finished(request, Action.HOST_LECTURE)
    wanted = await decode(request, Wanted)
    chosen = Edition(
        revision=_revision(request),
        at=request.app[CLOCK].now(),
        cuts=merged(wanted.cuts, _ms(found)),
        chapters=tuple(sorted(wanted.chapters)),
        dismissed_ms=tuple(sorted(set(wanted.dismissed_ms))),
    )
    return await _edited(request, found, chosen)


async def undo(request: web.Request) -> web.Response:
    """A next revision that is as the one before the newest was."""
    found = await _finished(request, Action.HOST_LECTURE)
    revision = _revision(request)
    editions = await asyncio.to_thread(request.app[LIBRARY].editions, found.lecture)
    if revision == 0:
        raise Conflict("There is no change to take back.")
    if revision != editions[-1].revision:
        raise PreconditionFailed("The recording was edited by somebody else meanwhile.")
    now = request.app[CLOCK].now()
    chosen = msgspec.structs.replace(editions[-2], revision=revision, at=now)
    return await _edited(request, found, chosen)


async def uncut(request: web.Request) -> web.Response:
    """The recording as it was taken, for its editor."""
    found = await _finished(request, Action.HOST_LECTURE)
    video, voice = found.programme.variant(), found.window("voice").variant()
    assert video
    text = multivariant(video, voice)
    for name in ("programme", "voice"):
        text = text.replace(f"{name}.m3u8", f"uncut-{name}.m3u8")
    return _playlist(text)


async def uncut_track(request: web.Request) -> web.Response:
    found = await _finished(request, Action.HOST_LECTURE)
    window = found.window(request.match_info["name"])
    text = recorded(written(window.segments), window.inits, window.timeline, ByteRanges())
    return _playlist(text)


async def _edited(request: web.Request, found: Recording, chosen: Edition) -> web.Response:
    library = request.app[LIBRARY]
    made = await asyncio.to_thread(library.edit, found.lecture, chosen)
    assert found.folder
    revisions = await asyncio.to_thread(Revisions.read, found.folder)
    played = revisions.played(made.revision)
    fact: Fact = RecordingEdited(
        id=new_id(),
        at=request.app[CLOCK].now(),
        lecture=found.lecture,
        person=require(request, Action.WATCH_RECORDING).actor,
        revision=made.revision,
        cuts=tuple((cut.starts_ms, cut.ends_ms) for cut in made.cuts),
        chapters=len(made.chapters),
        played=tuple(played.spans) if played else (),
        uncut_ms=found.uncut // timedelta(milliseconds=1),
    )
    await request.app[RECORDER].record(fact)
    request.app[EXTRAS].want(found.lecture)
    fresh = await library.fetch(found.lecture)
    assert fresh
    return _reply(fresh, made)


async def _finished(request: web.Request, action: Action) -> Recording:
    """The recording, for those who may do that."""
    lecture = await lecture_of(request)
    require(request, action, lecture.subject)
    found = await request.app[LIBRARY].fetch(lecture.id)
    if found is None or found.starts_at is None:
        raise NotFound("There is no recording of this lecture.")
    if found.state is not RecordingState.FINISHED:
        raise Conflict("The recording is not finished yet.")
    return found


async def _newest(request: web.Request, found: Recording) -> Edition:
    return (await asyncio.to_thread(request.app[LIBRARY].editions, found.lecture))[-1]


def _revision(request: web.Request) -> int:
    tag = request.headers.get(hdrs.IF_MATCH)
    if tag is None:
        raise PreconditionRequired("Say in If-Match which revision you have read.")
    try:
        return int(tag.strip().removeprefix("W/").strip('"'))
    except ValueError as error:
        raise PreconditionFailed("If-Match does not fit; reload the page.") from error


def _reply(found: Recording, newest: Edition) -> web.Response:
    begins = found.starts_at
    assert begins
    body = EditionBody(
        revision=newest.revision,
        changed_at=newest.at,
        cuts=newest.cuts,
        chapters=newest.chapters,
        dismissed_ms=newest.dismissed_ms,
        pauses=tuple(
            Pause(_since(begins, gap.starts_at), _since(begins, gap.ends_at), gap.is_wanted)
            for gap in found.gaps
            if gap.ends_at > begins
        ),
        starts_at=begins,
        taken_ms=_ms(found),
        played_ms=round(found.duration.total_seconds() * 1000),
    )
    headers: dict[str, str] = {hdrs.ETAG: f'"{newest.revision}"', hdrs.CACHE_CONTROL: "no-cache"}
    return reply(body, headers=headers)


def _ms(found: Recording) -> int:
    return round(found.taken.total_seconds() * 1000)


def _since(begins: datetime, at: datetime) -> int:
    return max(0, round((at - begins).total_seconds() * 1000))


def _playlist(text: str) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "private, no-cache", hdrs.CONTENT_TYPE: _PLAYLIST_TYPE}
    return web.Response(body=text.encode(), headers=headers)
