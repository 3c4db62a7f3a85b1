"""Pages: today, a lecture in its three lives, the form that plans one, the self-test, one's own."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from identity.rights import Action, Subject, Viewer, allows
from identity.sessions import require, require_person, viewer_of
from kernel.ids import new_id
from kernel.pages import locale_of, render
from kernel.times import iso
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS
from player.delivery import LIBRARY
from player.entrance import signed_in, to_login
from player.events import RecordingOpened
from player.extras import posters
from player.places import Place, place_of
from schedule.asked import lecture_of
from schedule.channel_views import channels_on_air
from schedule.channels import list_channels
from schedule.courses import list_courses, list_groups
from schedule.lectures import Today, lectures_for_today
from schedule.lifecycle import AHEAD, Lecture, LectureState, RecordingState
from schedule.policy_versions import POLICY_VERSIONS
from schedule.rhythm import calendars_of
from schedule.study_work import PLAIN, Kind, Mode
from transcode.revisions import UNCUT, Revisions

_ID: Final = "{id:[0-9a-fA-F-]{32,36}}"
_LIVES: Final = {
    LectureState.PLANNED: "planned",
    LectureState.CANCELLED: "planned",
    LectureState.OPEN: "live",
    LectureState.LIVE: "live",
    LectureState.ENDED: "recorded",
    LectureState.PUBLISHED: "recorded",
}
_USUAL_LENGTH: Final = timedelta(minutes=50)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/", show_today),
        web.get("/check", show_check),
        web.get("/me", show_me),
        web.get("/lectures/new", show_new),
        web.get(f"/lectures/{_ID}", show_lecture),
        web.get(f"/lectures/{_ID}/edit", show_edit),
    ]


async def show_today(request: web.Request) -> web.Response:
    viewer = viewer_of(request)
    now, today = request.app[CLOCK].now(), Today()
    async with request.app[DATABASE].connect() as connection:
        channels = await channels_on_air(connection, now, locale_of(request))
        if allows(viewer, Action.SEE_SCHEDULE):
            today = await lectures_for_today(connection, now)
    return render(
        request,
        "today.html",
        live=today.live,
        coming=today.coming,
        recorded=today.recorded,
        posters=await posters(request.app, today.recorded),
        channels=channels,
        can_create=_may_plan(viewer),
    )


async def show_check(request: web.Request) -> web.Response:
    """The self-test, for everybody: the evening before, one may not be signed in yet."""
    return render(request, "check.html")


async def show_lecture(request: web.Request) -> web.Response:
    """The one address of a lecture. Who is not signed in goes by way of the log-in."""
    lecture = await lecture_of(request)
    viewer = _admitted(request, lecture)
    life = _LIVES[lecture.state]
    resume, revision = None, 0
    if life == "recorded" and lecture.is_watchable:
        await _note_opening(request, lecture.id, viewer)
        revisions = await _revisions(request, lecture.id)
        resume = await _stopped_at(request, lecture.id, viewer, revisions)
        revision = revisions.newest
    has_poster = bool(await posters(request.app, [lecture] if life == "recorded" else []))
    context = _context(request, lecture)
    return render(
        request,
        "lecture.html",
        lecture=lecture,
        life=life,
        has_poster=has_poster,
        resume=resume,
        revision=revision,
        **context,
    )


async def show_new(request: web.Request) -> web.Response:
    viewer = signed_in(request)
    require(request, Action.PLAN_LECTURE, Subject(lecturer=viewer.person_id))
    starts_at = _next_hour(request.app[CLOCK].now())
    return await _form(request, None, starts_at, starts_at + _USUAL_LENGTH)


async def show_edit(request: web.Request) -> web.Response:
    lecture = await lecture_of(request)
    signed_in(request)
    require(request, Action.CHANGE_LECTURE, lecture.subject)
    return await _form(request, lecture, lecture.starts_at, lecture.ends_at)


async def _form(
    request: web.Request, lecture: Lecture | None, starts_at: datetime, ends_at: datetime
) -> web.Response:
    async with request.app[DATABASE].connect() as connection:
        courses, groups = await list_courses(connection), await list_groups(connection)
        channels = await list_channels(connection)
        calendars = await calendars_of(connection)
        versions = await request.app[POLICY_VERSIONS](connection)
    has_begun = lecture is not None and lecture.state not in AHEAD
    return render(
        request,
        "lecture_form.html",
        lecture=lecture,
        starts_at=starts_at,
        ends_at=ends_at,
        work=PLAIN if lecture is None else lecture.work,
        kinds=list(Kind),
        modes=list(Mode),
        courses=courses,
        calendars=calendars,
        groups=groups,
        channels=channels,
        versions=versions,
        may_pin=not has_begun or allows(viewer_of(request), Action.MANAGE_CALENDAR),
    )


async def show_me(request: web.Request) -> web.Response:
    signed_in(request)
    viewer = require_person(request)
    return render(request, "me.html", roles=sorted(viewer.roles))


def _admitted(request: web.Request, lecture: Lecture) -> Viewer:
    is_over = _LIVES[lecture.state] == "recorded"
    action = Action.WATCH_RECORDING if is_over else Action.JOIN_LECTURE
    viewer = viewer_of(request)
    is_stranger = not viewer.is_known or viewer.link is not None
    if is_stranger and not allows(viewer, action, lecture.subject):
        raise to_login(request)
    return require(request, action, lecture.subject)


def _may_plan(viewer: Viewer) -> bool:
    return allows(viewer, Action.PLAN_LECTURE, Subject(lecturer=viewer.person_id))


def _context(request: web.Request, lecture: Lecture) -> Mapping[str, Any]:
    viewer, subject = viewer_of(request), lecture.subject
    can_host = allows(viewer, Action.HOST_LECTURE, subject)
    patience = timedelta(minutes=request.app[SETTINGS].room_opens_minutes)
    return {
        "can_host": can_host,
        "can_manage": lecture.state in AHEAD and allows(viewer, Action.CHANGE_LECTURE, subject),
        "can_edit": allows(viewer, Action.CHANGE_LECTURE, subject),
        "can_chat": allows(viewer, Action.JOIN_LECTURE, subject),
        "can_see_attendance": allows(viewer, Action.SEE_ATTENDANCE, subject),
        "has_recording": lecture.is_watchable,
        "is_finishing": lecture.state is LectureState.ENDED
        and lecture.recording is RecordingState.RUNNING,
        "opens_at": lecture.starts_at - patience,
        "room": room_config(request, lecture, can_host=can_host),
    }


def room_config(request: web.Request, lecture: Lecture, *, can_host: bool) -> Mapping[str, Any]:
    """What the scripts of the lecture's page need to know."""
    address, viewer = f"/api/v1/lectures/{lecture.id}", viewer_of(request)
    can_chat = allows(viewer, Action.JOIN_LECTURE, lecture.subject)
    return {
        "lecture": str(lecture.id),
        "title": lecture.title,
        "state": lecture.state,
        "is_recorded": lecture.is_recorded,
        "recording": lecture.recording,
        "started_at": iso(lecture.started_at) if lecture.started_at else None,
        "now": iso(request.app[CLOCK].now()),
        "name": viewer.name,
        "locale": locale_of(request),
        "can_host": can_host,
        "watch_only": request.query.get("watch") == "1",
        "api": address,
        "socket": f"/lectures/{lecture.id}/socket",
        "hls": f"/hls/{lecture.id}/index.m3u8",
        "camera": f"/hls/{lecture.id}/camera.m3u8",
        "voice": f"/hls/{lecture.id}/voice.m3u8",
        "download": f"{address}/recording.mp4",
        "download_camera": f"{address}/camera.mp4",
        "jobs": f"{address}/jobs",
        "beacon": f"{address}/beacon" if viewer.actor else None,
        "chat": f"{address}/chat" if can_chat else None,
        "captions": f"{address}/captions",
        "heatmap": f"{address}/heatmap",
        "edition": f"{address}/recording/edition",
        "storyboard": f"/hls/{lecture.id}/storyboard.vtt",
        "missed": f"{address}/missed" if viewer.actor else None,
        "access": f"{address}/recording/access",
        "recording_address": f"{address}/recording",
        "package": f"{address}/package.zip",
        "watch_records": f"{address}/watch-records",
    }


async def _note_opening(request: web.Request, lecture: UUID, viewer: Viewer) -> None:
    if viewer.actor is None:  # visitors leave no trace
        return
    now = request.app[CLOCK].now()
    fact = RecordingOpened(id=new_id(), at=now, lecture=lecture, person=viewer.actor)
    await request.app[RECORDER].record(fact)


async def _revisions(request: web.Request, lecture: UUID) -> Revisions:
    if LIBRARY not in request.app:
        return UNCUT
    return await asyncio.to_thread(Revisions.read, request.app[LIBRARY].folder / str(lecture))


async def _stopped_at(
    request: web.Request, lecture: UUID, viewer: Viewer, revisions: Revisions
) -> Place | None:
    if viewer.actor is None:
        return None
    async with request.app[DATABASE].connect() as connection:
        place = await place_of(connection, lecture, viewer.actor)
    return place and place.now(revisions)


def _next_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
