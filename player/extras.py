"""What is made of a recording after its end: the file to take away, AAC for old players, pictures for
shelf and seek bar, what its editor wants to see.

A child process makes it, one recording at a time: of what the shelf shows and of all that was recorded
since long by themselves, soon if somebody asks. What is made already costs nothing, so all of it can
begin anew at any moment; what failed is noted in the folder, and not tried again by itself.
"""

import asyncio
import sys
from asyncio.subprocess import Process
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec
import structlog
from aiohttp import hdrs, web
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action
from identity.sessions import require
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Conflict, NotFound, Unavailable
from kernel.web import CLOCK, DATABASE, reply
from player.delivery import LECTURE_PATH, LIBRARY, Guard
from schedule.asked import lecture_of
from schedule.lectures import Filter, lectures_for_today, list_lectures
from schedule.lifecycle import Lecture, LectureState
from transcode import extras, jobs, marks
from transcode.jobs import Job
from transcode.library import Library
from transcode.recording import Recording, RecordingState

log = structlog.get_logger()

MADE: Final = Counter("daris_extras_total", "Recordings whose extras were made", ["outcome"])

_LOOK_AGAIN: Final = timedelta(seconds=10)
_ASK_AGAIN: Final = timedelta(seconds=2)
_LONGEST: Final = timedelta(hours=1)
_LONGEST_SILENCE: Final = timedelta(minutes=15)
_MOST_WAITING: Final = 1_000  # who comes later is told to ask again
_LONGEST_ERROR: Final = 500  # characters
_ID: Final = "{id:[0-9a-fA-F-]{32,36}}"
_NAMES: Final = r"aac\.m3u8|aac\.mp4|poster\.jpg|storyboard\.vtt|storyboard\.jpg|waveform\.bin"
_NAME_BYTES: Final = 120

Tell = Callable[[Job, int], None]


@dataclass(frozen=True, slots=True)
class Running:
    """The job that is being done."""

    lecture: UUID
    job: Job
    percent: int


class Extras:
    """Works off what is wanted. Event loop only."""

    def __init__(self, library: Library, database: Database, clock: Clock) -> None:
        self._library = library
        self._database = database
        self._clock = clock
        self._wanted: OrderedDict[UUID, None] = OrderedDict()
        self._changed = asyncio.Event()
        self._moved = asyncio.Event()
        self._running: Running | None = None
        self._has_looked = False
        self.is_closing = False

    def want(self, lecture: UUID, *, soon: bool = False) -> None:
        """Make them in the background, `soon` if somebody waits."""
        if lecture not in self._wanted and len(self._wanted) >= _MOST_WAITING:
            return
        self._wanted.setdefault(lecture)
        if soon:
            self._wanted.move_to_end(lecture, last=False)
        self._changed.set()

    def is_wanted(self, lecture: UUID) -> bool:
        return lecture in self._wanted

    @property
    def running(self) -> Running | None:
        return self._running

    @property
    def moved(self) -> asyncio.Event:
        """Is set when something begins, goes on or ends; take it before you look."""
        return self._moved

    def close(self) -> None:
        """Let those go who follow."""
        self.is_closing = True
        self._tell(None)

    def _tell(self, running: Running | None) -> None:
        self._running = running
        self._moved.set()
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; then the child has ended."""
        while True:
            self._changed.clear()
            try:
                await self._look()
                while self._wanted:
                    await self._make(next(iter(self._wanted)))
            except Exception:
                log.exception("extras.step_failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN.total_seconds()):
                    await self._changed.wait()

    async def _look(self) -> None:
        """What the shelf shows shall have its poster; after a start also all else what it lacks."""
        async with self._database.connect() as connection:
            shown = (await lectures_for_today(connection, self._clock.now())).recorded
            older = [] if self._has_looked else await _recorded(connection)
        self._has_looked = True
        wanted = dict.fromkeys(each.id for each in [*shown, *older])
        for lecture in await asyncio.to_thread(self._unmade, wanted):
            self.want(lecture)

    def _unmade(self, lectures: Iterable[UUID]) -> list[UUID]:
        folders = ((lecture, self._library.folder / str(lecture)) for lecture in lectures)
        return [lecture for lecture, folder in folders if folder.exists() and jobs.waiting(folder)]

    async def _make(self, lecture: UUID) -> None:
        try:
            found = await self._library.fetch(lecture)
            if found and found.folder and found.state is RecordingState.FINISHED:
                await self._finish(found, found.folder)
        finally:
            self._wanted.pop(lecture, None)
            self._tell(None)

    async def _finish(self, found: Recording, folder: Path) -> None:
        def tell(job: Job, percent: int) -> None:
            self._tell(Running(found.lecture, job, percent))

        complaint = await run_finisher(folder, tell)
        made = await asyncio.to_thread(extras.read, folder)
        if made:
            found.aac = made.aac
        found.mark(*await asyncio.to_thread(marks.of, folder))
        if complaint:
            log.warning("extras.not_made", lecture=str(found.lecture), reason=complaint)
        else:
            log.info("extras.made", lecture=str(found.lecture))
        MADE.labels("failed" if complaint else "made").inc()


async def _recorded(connection: AsyncConnection) -> list[Lecture]:
    which = Filter(states=(LectureState.PUBLISHED,), has_recording=True)
    return await list_lectures(connection, which, limit=_MOST_WAITING)


EXTRAS: Final = web.AppKey("extras", Extras)


class Making(msgspec.Struct, frozen=True):
    """The answer until the file is there."""

    state: str = "making"


async def opened(app: web.Application) -> AsyncIterator[None]:
    app[EXTRAS] = Extras(app[LIBRARY], app[DATABASE], app[CLOCK])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(app[EXTRAS].run(), name="extras")
        yield
        running.cancel()


async def say_goodbye(app: web.Application) -> None:
    """A signal for `app.on_shutdown`: before the server waits for those who follow."""
    app[EXTRAS].close()


def routes(guard: Guard) -> list[web.RouteDef]:
    """`guard` raises if the viewer may not see the lecture."""

    async def give(request: web.Request) -> web.StreamResponse:
        lecture = UUID(request.match_info["lecture"])
        await guard(request, lecture)
        return await _give(request, lecture)

    return [
        web.get(f"{LECTURE_PATH}/{{name:{_NAMES}}}", give),
        web.get(f"/api/v1/lectures/{_ID}/{{file:recording|camera}}.mp4", download),
    ]


async def download(request: web.Request) -> web.StreamResponse:
    """200 with the file; 202 while it is being made. The camera has one where a screen was shown too."""
    job, file, ending = _FILES[request.match_info["file"]]
    lecture = await lecture_of(request)
    require(request, Action.WATCH_RECORDING, lecture.subject)
    found = await request.app[LIBRARY].fetch(lecture.id)
    if found is not None and found.state is not RecordingState.FINISHED:
        raise Conflict("The recording is not finished yet.")
    if found is None or not (found.folder and found.programme.segments):
        raise NotFound("There is no recording of this lecture.")
    if job not in await asyncio.to_thread(jobs.due, found.folder):
        raise NotFound("There is no camera beside a screen in this recording.")
    if waiting := await making(request, found, job):
        return waiting
    name = disposition(lecture, ending)
    headers = {hdrs.CONTENT_DISPOSITION: name, hdrs.CACHE_CONTROL: "no-cache"}
    return web.FileResponse(found.folder / file, headers=headers)


_FILES: Final = {
    "recording": (Job.FILE, extras.SINGLE_FILE, "mp4"),
    "camera": (Job.CAMERA, extras.CAMERA_FILE, "camera.mp4"),
}


async def making(
    request: web.Request, found: Recording, job: Job = Job.FILE
) -> web.Response | None:
    """None when what the job makes is there; else it will be, and this is the answer. Unavailable
    when it can't be made."""
    assert found.folder
    if made := await asyncio.to_thread(extras.read, found.folder):
        found.aac = made.aac
    done = (await asyncio.to_thread(jobs.ended, found.folder)).get(job)
    if done and done.reason is None:
        return None
    if done:
        raise Unavailable("No file could be made of this recording.", retry_after=_LONGEST)
    request.app[EXTRAS].want(found.lecture, soon=True)
    response = reply(Making(), status=202)
    response.headers[hdrs.RETRY_AFTER] = str(int(_ASK_AGAIN.total_seconds()))
    return response


async def posters(app: web.Application, lectures: Iterable[Lecture]) -> frozenset[UUID]:
    """Those of the lectures that have one."""
    folder = app[LIBRARY].folder if LIBRARY in app else None
    wanted = [lecture.id for lecture in lectures] if folder else []

    def existing() -> frozenset[UUID]:
        assert folder
        return frozenset(each for each in wanted if (folder / str(each) / extras.POSTER).exists())

    return await asyncio.to_thread(existing) if wanted else frozenset()


async def _give(request: web.Request, lecture: UUID) -> web.StreamResponse:
    found = await request.app[LIBRARY].fetch(lecture)
    name = request.match_info["name"]
    path = found.folder / name if found and found.folder else None
    if path is None or not await asyncio.to_thread(path.exists):
        raise NotFound("This is not made of the recording yet.")
    kind = _TYPES[path.suffix]
    headers = {hdrs.CACHE_CONTROL: "private, no-cache", hdrs.CONTENT_TYPE: kind}
    return web.FileResponse(path, headers=headers)


_TYPES: Final = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "audio/mp4",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
    ".bin": "application/octet-stream",
}


def disposition(lecture: Lecture, ending: str = "mp4") -> str:
    """A name for people, in their alphabet (RFC 6266), without what file systems refuse."""
    title = "".join(c if c.isprintable() and c not in '\\/:*?"<>|' else " " for c in lecture.title)
    day = (lecture.started_at or lecture.starts_at).date().isoformat()
    short = " ".join(title.split()).encode()[:_NAME_BYTES].decode(errors="ignore").strip(". ")
    name = quote(f"{short or 'lecture'} {day}.{ending}", safe="")
    return f"attachment; filename=\"lecture-{day}.{ending}\"; filename*=UTF-8''{name}"


async def run_finisher(folder: Path, tell: Tell = lambda _job, _percent: None) -> str:
    """Let a child do the jobs; what it complained about, nothing if all is well."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "transcode.finisher", str(folder)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        return await _followed(process, folder, tell)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _followed(process: Process, folder: Path, tell: Tell) -> str:
    """Until it ends, or says nothing for too long. Whoever dies on a job is not given it again."""
    assert process.stdout
    assert process.stderr
    doing: tuple[Job, str] | None = None
    try:
        async with asyncio.timeout(_LONGEST_SILENCE.total_seconds()) as limit:
            async for line in process.stdout:
                limit.reschedule(asyncio.get_running_loop().time() + _LONGEST_SILENCE.seconds)
                name, percent = line.decode().split()
                job = Job(name)
                if doing is None or doing[0] is not job:
                    doing = job, await asyncio.to_thread(jobs.version, folder, job)
                tell(job, int(percent))
            complaint = (await process.stderr.read()).decode(errors="replace").strip()
            died = await process.wait() not in {0, 1}
    except TimeoutError:
        complaint, died = "It took too long.", True
        process.kill()
        await process.wait()
    if died and doing:
        complaint = complaint or "It died of what it read."
        await asyncio.to_thread(jobs.note, folder, *doing, complaint[-_LONGEST_ERROR:])
    return complaint[-_LONGEST_ERROR:]
