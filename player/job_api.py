"""The jobs of a recording over HTTP, for who hosts the lecture: how far they are, what failed and why,
what came of them. They can be followed as they go, and tried again."""

import asyncio
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import hdrs, web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Conflict, NotFound
from kernel.web import reply
from player.delivery import LIBRARY
from player.extras import EXTRAS, Running
from schedule.asked import lecture_of
from transcode import extras, jobs
from transcode.jobs import Job
from transcode.marks import slides_in
from transcode.recording import Recording, RecordingState

_ADDRESS: Final = "/api/v1/lectures/{id:[0-9a-fA-F-]{32,36}}/jobs"
_HEARTBEAT: Final = timedelta(seconds=15)

_SILENT_LUFS: Final = -60.0
_QUIET_LUFS: Final = -30.0  # 7 LU below what television takes, 14 below what the web is used to
_CLIPPED_DBTP: Final = 0.0  # true peak above full scale: the coder was given squared tops


class JobState(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    MADE = "made"
    FAILED = "failed"


class JobBody(msgspec.Struct, frozen=True):
    """`percent` while it runs, `reason` once it failed."""

    job: Job
    state: JobState
    percent: int | None = None
    reason: str | None = None


class Verdict(StrEnum):
    """What a person hears."""

    GOOD = "good"
    QUIET = "quiet"
    CLIPPED = "clipped"
    SILENT = "silent"


class LoudnessBody(msgspec.Struct, frozen=True):
    """By EBU R 128 over the whole recording: LUFS, dBTP, LU."""

    integrated_lufs: float
    peak_db: float
    range_lu: float
    verdict: Verdict


class JobsBody(msgspec.Struct, frozen=True):
    """All that is due. `slides_ms`: when slides began, as an edition counts."""

    jobs: list[JobBody]
    loudness: LoudnessBody | None
    slides_ms: tuple[int, ...]
    has_waveform: bool

    @property
    def is_settled(self) -> bool:
        return all(each.state in {JobState.MADE, JobState.FAILED} for each in self.jobs)


def routes() -> list[web.RouteDef]:
    return [
        web.get(_ADDRESS, show),
        web.get(f"{_ADDRESS}/events", follow),
        web.post(f"{_ADDRESS}/{{job}}/retry", retry),
    ]


async def show(request: web.Request) -> web.Response:
    found, folder = await _hosted(request)
    return reply(await _body(request, found, folder), headers={hdrs.CACHE_CONTROL: "no-cache"})


async def follow(request: web.Request) -> web.StreamResponse:
    """The same as server-sent events, one for each change; ends when nothing is left to do."""
    found, folder = await _hosted(request)
    headers = {hdrs.CONTENT_TYPE: "text/event-stream", hdrs.CACHE_CONTROL: "no-store"}
    response = web.StreamResponse(headers=headers | {"X-Accel-Buffering": "no"})
    await response.prepare(request)
    told: JobsBody | None = None
    while True:
        moved = request.app[EXTRAS].moved
        body = await _body(request, found, folder)
        event = (
            b": nothing new\n\n" if body == told else b"data: %b\n\n" % msgspec.json.encode(body)
        )
        await response.write(event)
        if body.is_settled or request.app[EXTRAS].is_closing:
            return response
        told = body
        try:
            async with asyncio.timeout(_HEARTBEAT.total_seconds()):
                await moved.wait()
        except TimeoutError:
            continue


async def retry(request: web.Request) -> web.Response:
    """202: it is tried again, with whatever else is due. Conflict if it did not fail."""
    found, folder = await _hosted(request)
    name = request.match_info["job"]
    if name not in list(Job):
        raise NotFound("There is no such job.")
    job = Job(name)
    note = (await asyncio.to_thread(jobs.ended, folder)).get(job)
    if note is None or note.reason is None:
        raise Conflict("This job has not failed.")
    await asyncio.to_thread(jobs.forget, folder, job)
    request.app[EXTRAS].want(found.lecture, soon=True)
    return reply(await _body(request, found, folder), status=202)


async def _hosted(request: web.Request) -> tuple[Recording, Path]:
    lecture = await lecture_of(request)
    require(request, Action.HOST_LECTURE, lecture.subject)
    found = await request.app[LIBRARY].fetch(lecture.id)
    if found is None or found.folder is None:
        raise NotFound("There is no recording of this lecture.")
    if found.state is not RecordingState.FINISHED:
        raise Conflict("The recording is not finished yet.")
    if await asyncio.to_thread(jobs.waiting, found.folder):
        request.app[EXTRAS].want(found.lecture)
    return found, found.folder


async def _body(request: web.Request, found: Recording, folder: Path) -> JobsBody:
    running = request.app[EXTRAS].running
    mine = running if running and running.lecture == found.lecture else None
    return await asyncio.to_thread(_read, folder, mine)


def _read(folder: Path, running: Running | None) -> JobsBody:
    ended = jobs.ended(folder)
    return JobsBody(
        [_job(job, ended.get(job), running) for job in jobs.due(folder)],
        _loudness(folder) if Job.LOUDNESS in ended else None,
        slides_in(folder) if Job.SLIDES in ended else (),
        (folder / extras.WAVEFORM).exists(),
    )


def _job(job: Job, note: jobs.Note | None, running: Running | None) -> JobBody:
    if note is not None and note.reason is not None:
        return JobBody(job, JobState.FAILED, reason=note.reason)
    if note is not None:
        return JobBody(job, JobState.MADE)
    if running and running.job is job:
        return JobBody(job, JobState.RUNNING, percent=running.percent)
    return JobBody(job, JobState.WAITING)


class _Measured(msgspec.Struct, frozen=True):
    integrated_lufs: float
    peak_db: float
    range_lu: float


def _loudness(folder: Path) -> LoudnessBody | None:
    """What transcode.loudness measured; it is not imported, since it loads the codecs."""
    try:
        found = msgspec.json.decode((folder / extras.LOUDNESS).read_bytes(), type=_Measured)
    except (OSError, msgspec.MsgspecError):
        return None
    verdict = judged(found.integrated_lufs, found.peak_db)
    return LoudnessBody(found.integrated_lufs, found.peak_db, found.range_lu, verdict)


def judged(integrated_lufs: float, peak_db: float) -> Verdict:
    """The worst that can be said of it."""
    if integrated_lufs <= _SILENT_LUFS:
        return Verdict.SILENT
    if peak_db > _CLIPPED_DBTP:
        return Verdict.CLIPPED
    return Verdict.QUIET if integrated_lufs < _QUIET_LUFS else Verdict.GOOD
