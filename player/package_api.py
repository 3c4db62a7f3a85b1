"""Offline packages over HTTP: who may edit a lecture takes one away, learners hand in what they watched."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO, Final
from uuid import UUID

import structlog
from aiohttp import hdrs, web

from identity.rights import Action
from identity.sessions import require, viewer_of
from kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, Unavailable
from kernel.ids import new_id
from kernel.languages import Language
from kernel.pages import PAGES, locale_of
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, reply
from player import package, watch_record
from player.delivery import LIBRARY
from player.extras import disposition, making
from player.late_views import take
from player.media_time import MediaTime
from player.package import Line, Package, Polled
from schedule.asked import lecture_of
from schedule.lifecycle import Lecture
from schedule.questions import Question
from transcode import jobs
from transcode.jobs import Job
from transcode.recording import Recording, RecordingState
from transcode.revisions import Revisions

log = structlog.get_logger()

Said = tuple[datetime, str, str]  # when, by whom, what
Chat = Callable[[web.Request, UUID], Awaitable[Sequence[Said]]]


@dataclass(frozen=True, slots=True)
class Result:
    """Of a poll that ended, as everybody was shown it."""

    at: datetime
    question: Question
    answered: int
    counts: tuple[int, ...]


Results = Callable[[web.Request, UUID], Awaitable[Sequence[Result]]]

_MOST_AT_ONCE: Final = 2  # packages that are made
_PIECE: Final = 256 << 10  # bytes


def routes(chat_of: Chat, results_of: Results) -> list[web.RouteDef]:
    """`chat_of` gives a lecture's chat, `results_of` what its polls came to."""
    turn = asyncio.Semaphore(_MOST_AT_ONCE)

    async def download(request: web.Request) -> web.StreamResponse:
        """200 with the zip; 202 while the MP4 for it is being made. `?chat=1` puts the chat in."""
        lecture, found = await _recording(request, Action.CHANGE_LECTURE)
        if waiting := await making(request, found) or await _making_camera(request, found):
            return waiting
        headers = {hdrs.CONTENT_DISPOSITION: disposition(lecture, "zip")}
        response = web.StreamResponse(headers=headers | {hdrs.CONTENT_TYPE: "application/zip"})
        if request.method == hdrs.METH_HEAD:
            return response
        said = await chat_of(request, lecture.id) if request.query.get("chat") == "1" else None
        wanted = packed(
            lecture,
            found,
            said,
            await results_of(request, lecture.id),
            secret=request.app[SETTINGS].signing_secret,
            now=request.app[CLOCK].now(),
            languages=request.app[PAGES].languages,
            locale=locale_of(request),
        )
        async with turn:
            with TemporaryFile(dir=request.app[LIBRARY].folder) as file:
                await _build(file, wanted)
                response.content_length = await asyncio.to_thread(file.seek, 0, 2)
                await response.prepare(request)
                async for piece in _pieces(file):
                    await response.write(piece)
        log.info("package.given", lecture=str(lecture.id), has_chat=said is not None)
        return response

    return [
        web.get("/api/v1/lectures/{id}/package.zip", download),
        web.post("/api/v1/lectures/{id}/watch-records", hand_in),
    ]


async def hand_in(request: web.Request) -> web.Response:
    """A file that a package's page saved, for the person who is signed in."""
    lecture, found = await _recording(request, Action.WATCH_RECORDING)
    person = viewer_of(request).actor
    if person is None:
        raise Forbidden("Your role does not allow this here.")
    record = watch_record.read(await _body(request), request.app[SETTINGS].signing_secret)
    if record.lecture != lecture.id:
        raise Invalid("This watch record is of another lecture.")
    assert found.folder
    revisions = await asyncio.to_thread(Revisions.read, found.folder)
    held = watch_record.packed(record, revisions, found.uncut)
    recorder, now = request.app[RECORDER], request.app[CLOCK].now()
    async with request.app[DATABASE].begin() as connection:
        taken = await take(connection, recorder, record, person, held, now=now)
    log.info("package.watch_record", lecture=str(lecture.id), taken=taken.taken, known=taken.known)
    return reply(taken)


def packed(
    lecture: Lecture,
    found: Recording,
    said: Sequence[Said] | None,
    results: Sequence[Result],
    *,
    secret: bytes,
    now: datetime,
    languages: Mapping[str, Language],
    locale: str,
) -> Package:
    """What goes into a package of this lecture. NotFound when nothing was recorded."""
    starts_at = found.starts_at
    if found.folder is None or starts_at is None:
        raise NotFound("There is no recording of this lecture.")
    identifier, played = new_id(), MediaTime.of(found)
    return Package(
        id=identifier,
        key=watch_record.key_of(secret, identifier, lecture.id),
        made_at=now,
        lecture=lecture.id,
        title=lecture.title,
        lecturer=lecture.lecturer_name,
        started_at=starts_at,
        length_ms=_milliseconds(found.duration),
        folder=found.folder,
        languages=languages,
        locale=locale,
        chat=None if said is None else _chat(said, played),
        polls=[
            Polled(played.position_ms(one.at), one.question, one.answered, one.counts)
            for one in results
        ],
    )


async def _recording(request: web.Request, action: Action) -> tuple[Lecture, Recording]:
    lecture = await lecture_of(request)
    require(request, action, lecture.subject)
    found = await request.app[LIBRARY].fetch(lecture.id)
    if found is None or found.folder is None or not found.programme.segments:
        raise NotFound("There is no recording of this lecture.")
    if found.state is not RecordingState.FINISHED:
        raise Conflict("The recording is not finished yet.")
    return lecture, found


async def _making_camera(request: web.Request, found: Recording) -> web.Response | None:
    """None also where there is none, or none can be made: the lecture goes without it."""
    assert found.folder
    waiting = await asyncio.to_thread(jobs.waiting, found.folder)
    return await making(request, found, Job.CAMERA) if Job.CAMERA in waiting else None


async def _build(file: IO[bytes], wanted: Package) -> None:
    try:
        await asyncio.to_thread(package.build, file, wanted)
    except OSError as error:
        log.error("package.not_made", lecture=str(wanted.lecture), reason=error.strerror)
        raise Unavailable("The package could not be written; the disk may be full.") from error


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    await asyncio.to_thread(file.seek, 0)
    while piece := await asyncio.to_thread(file.read, _PIECE):
        yield piece


def _chat(said: Sequence[Said], played: MediaTime) -> list[Line]:
    return [Line(played.position_ms(at), name, text) for at, name, text in said]


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge("The body is larger than 1 MiB.") from error


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
