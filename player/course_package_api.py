"""Packages of many lectures over HTTP: what would be in one, and the zip, streamed while it is made."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import IO, Final, cast
from uuid import UUID

import msgspec
import structlog
from aiohttp import hdrs, web

from identity.rights import Action, Subject, allows
from identity.sessions import require, require_person, viewer_of
from kernel.errors import Invalid, NotFound, TooMany
from kernel.pages import PAGES, locale_of, render
from kernel.web import CLOCK, DATABASE, SETTINGS, reply
from player import course_package
from player.course_package import MOST_LECTURES, Course
from player.delivery import LIBRARY
from player.extras import disposition, making
from player.package import Package
from player.package_api import Chat, Results, packed
from schedule.lectures import Filter, lecture_by_id, list_lectures
from schedule.lifecycle import Lecture, LectureState
from schedule.series import classes_of, list_series, series_by_id
from transcode import extras
from transcode.recording import Recording

log = structlog.get_logger()

_ADDRESS: Final = "/api/v1/packages/course"
_MOST_AT_ONCE: Final = 4  # zips that are streamed, each by a thread
_PIECE: Final = 256 << 10  # bytes
_PATIENCE: Final = timedelta(seconds=120)  # with whoever takes a piece
_SHOWN_BACK: Final = timedelta(days=365)
_SHOWN: Final = 300  # lectures to choose from


class Part(msgspec.Struct, frozen=True):
    """A lecture that goes in. `is_made`: its MP4 is there; before, the size is a guess."""

    lecture: UUID
    title: str
    size_bytes: int
    is_made: bool


class Contents(msgspec.Struct, frozen=True):
    """What a package would hold."""

    title: str
    size_bytes: int
    lectures: list[Part]


STREAMERS: Final = web.AppKey("package streamers", ThreadPoolExecutor)


async def opened(app: web.Application) -> AsyncIterator[None]:
    app[STREAMERS] = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="package")
    yield
    await asyncio.to_thread(app[STREAMERS].shutdown)  # its threads need the loop to end


def routes(chat_of: Chat, results_of: Results) -> list[web.RouteDef]:
    """`chat_of` gives a lecture's chat, `results_of` what its polls came to."""
    turn = asyncio.Semaphore(_MOST_AT_ONCE)

    async def download(request: web.Request) -> web.StreamResponse:
        """200 with the zip; 202 while MP4s for it are being made. `?chat=1` puts the chats in."""
        wanted = await _wanted(request)
        if waiting := await _making(request, wanted):
            return waiting
        title = await _title(request, wanted)
        headers = {hdrs.CONTENT_DISPOSITION: disposition(replace(wanted[0], title=title), "zip")}
        response = web.StreamResponse(headers=headers | {hdrs.CONTENT_TYPE: "application/zip"})
        if request.method == hdrs.METH_HEAD:
            return response
        if turn.locked():
            raise TooMany("Many packages are being taken away; try again in a moment.")
        async with turn:
            course = await _course(request, title, wanted, chat_of, results_of)
            await _stream(request, response, course)
        return response

    return [
        web.get("/packages", show_page),
        web.get(_ADDRESS, show),
        web.get(f"{_ADDRESS}.zip", download),
    ]


async def show(request: web.Request) -> web.Response:
    """`?series=ID`, or `?lecture=ID` several times."""
    wanted = await _wanted(request)
    parts = await _parts(request, wanted)
    size = sum(part.size_bytes for part in parts)
    return reply(Contents(await _title(request, wanted), size, parts))


async def show_page(request: web.Request) -> web.Response:
    """Where lectures are picked; `?with=ID` begins with the series of that lecture."""
    viewer = require_person(request)
    require(request, Action.PLAN_LECTURE, Subject(lecturer=viewer.person_id))
    async with request.app[DATABASE].connect() as connection:
        since = request.app[CLOCK].now() - _SHOWN_BACK
        which = Filter(since=since, states=(LectureState.PUBLISHED,), has_recording=True)
        found = await list_lectures(connection, which, limit=_SHOWN)
    mine = [each for each in found if allows(viewer, Action.CHANGE_LECTURE, each.subject)]
    return render(
        request,
        "packages.html",
        lectures=mine,
        sizes={part.lecture: part.size_bytes for part in await _parts(request, mine)},
        chosen=await _with(request),
        config={"address": _ADDRESS, "most": MOST_LECTURES},
    )


class _Pipe:
    """A file that is written by a thread and sent by the event loop, piece by piece."""

    def __init__(self, response: web.StreamResponse, loop: asyncio.AbstractEventLoop) -> None:
        self._response = response
        self._loop = loop
        self._waiting = bytearray()
        self._is_over = False

    def write(self, data: bytes) -> int:
        self._waiting += data
        if len(self._waiting) >= _PIECE:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """On return all of it is on its way. ConnectionError or TimeoutError when it can't be."""
        if self._is_over:
            raise ConnectionResetError("Nobody takes the package any more.")
        data, self._waiting = bytes(self._waiting), bytearray()
        sent = asyncio.run_coroutine_threadsafe(self._response.write(data), self._loop)
        try:
            sent.result(_PATIENCE.total_seconds())
        except BaseException:
            sent.cancel()
            self._is_over = True
            raise

    def give_up(self) -> None:
        self._is_over = True


async def _stream(request: web.Request, response: web.StreamResponse, course: Course) -> None:
    """What fails now can only be told by breaking off: the browser then says that it failed."""
    loop = asyncio.get_running_loop()
    pipe = _Pipe(response, loop)

    def write() -> None:
        course_package.build(cast(IO[bytes], pipe), course)
        pipe.flush()

    await response.prepare(request)
    count = len(course.lectures)
    try:
        await loop.run_in_executor(request.app[STREAMERS], write)
        await response.write_eof()
        log.info("package.course_given", lectures=count)
    except (OSError, TimeoutError) as error:
        log.warning("package.course_broken_off", lectures=count, reason=str(error))
        if request.transport:
            request.transport.abort()
    finally:
        pipe.give_up()


async def _wanted(request: web.Request) -> list[Lecture]:
    """In order of time; each may be edited by who asks, and has a recording."""
    asked = [_id(text) for text in request.query.getall("lecture", [])]
    async with request.app[DATABASE].connect() as connection:
        if series := request.query.get("series"):
            found = await series_by_id(connection, _id(series))
            asked += [each.lecture for each in await classes_of(connection, found.id)]
        if len(asked) > MOST_LECTURES:
            raise Invalid(f"A package holds {MOST_LECTURES} lectures at most.")
        viewer = viewer_of(request)
        lectures = [
            await lecture_by_id(connection, each, viewer=viewer) for each in dict.fromkeys(asked)
        ]
    for lecture in lectures:
        require(request, Action.CHANGE_LECTURE, lecture.subject)
    there = [lecture for lecture in lectures if lecture.is_watchable]
    if not there:
        raise NotFound("None of these lectures has a recording.")
    return sorted(there, key=lambda lecture: lecture.starts_at)


async def _parts(request: web.Request, lectures: Sequence[Lecture]) -> list[Part]:
    folder = request.app[LIBRARY].folder

    def looked() -> list[Part]:
        return [_part(lecture, folder / str(lecture.id)) for lecture in lectures]

    return await asyncio.to_thread(looked)


def _part(lecture: Lecture, folder: Path) -> Part:
    is_made = extras.read(folder) is not None
    return Part(lecture.id, lecture.title, course_package.size_of(folder), is_made)


async def _making(request: web.Request, lectures: Sequence[Lecture]) -> web.Response | None:
    """None when all MP4s are there; else they will be. Unavailable when one can't be made."""
    answers = [await making(request, await _recording(request, each)) for each in lectures]
    return next((answer for answer in answers if answer), None)


async def _title(request: web.Request, lectures: Sequence[Lecture]) -> str:
    series = request.query.get("series")
    if not series:
        return request.query.get("title", "").strip()[:200] or lectures[0].title
    async with request.app[DATABASE].connect() as connection:
        return (await series_by_id(connection, _id(series))).title


async def _course(
    request: web.Request,
    title: str,
    lectures: Sequence[Lecture],
    chat_of: Chat,
    results_of: Results,
) -> Course:
    has_chat = request.query.get("chat") == "1"
    languages, locale = request.app[PAGES].languages, locale_of(request)
    return Course(
        title=title,
        made_at=request.app[CLOCK].now(),
        lectures=[
            await _package(request, each, chat_of if has_chat else None, results_of)
            for each in lectures
        ],
        languages=languages,
        locale=locale,
    )


async def _package(
    request: web.Request, lecture: Lecture, chat_of: Chat | None, results_of: Results
) -> Package:
    return packed(
        lecture,
        await _recording(request, lecture),
        await chat_of(request, lecture.id) if chat_of else None,
        await results_of(request, lecture.id),
        secret=request.app[SETTINGS].signing_secret,
        now=request.app[CLOCK].now(),
        languages=request.app[PAGES].languages,
        locale=locale_of(request),
    )


async def _recording(request: web.Request, lecture: Lecture) -> Recording:
    found = await request.app[LIBRARY].fetch(lecture.id)
    if found is None or found.folder is None:
        raise NotFound("There is no recording of this lecture.")
    return found


async def _with(request: web.Request) -> frozenset[UUID]:
    """The lecture that is named, and those of its series."""
    if not (named := request.query.get("with")):
        return frozenset()
    lecture = _id(named)
    async with request.app[DATABASE].connect() as connection:
        its = await list_series(connection, lecture=lecture)
        classes = [each.lecture for one in its for each in await classes_of(connection, one.id)]
    return frozenset([lecture, *classes])


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid("Lectures and series are named by their ids.") from error
