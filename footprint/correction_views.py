"""Corrections over HTTP: asked for by whom they concern, answered by who judges attendance."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from footprint import correction_notices, corrections
from footprint.corrections import Correction, NewAnswer, NewRequest, State
from footprint.events import FootprintRead
from footprint.judgement import judge
from identity.rights import Action, Role, Subject, Viewer, allows
from identity.sessions import require, require_person, viewer_of
from kernel.errors import Forbidden, NotFound
from kernel.ids import new_id
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, decode, path_id, reply
from schedule.asked import lecture_of
from schedule.lectures import lecture_by_id
from schedule.lifecycle import Lecture
from schedule.wish_api import ways_of_house

_REACH: Final = timedelta(days=366)  # older lectures are asked for one by one
_JUDGES_MORE: Final = frozenset({Role.COORDINATOR, Role.ADMIN})  # than what they teach


class Corrections(msgspec.Struct, frozen=True):
    """Requests with their answers, oldest first."""

    corrections: list[Correction]


def routes() -> list[web.RouteDef]:
    of_lecture = "/api/v1/lectures/{id}/attendance/corrections"
    return [
        web.get("/attendance/corrections", show_corrections),
        web.get("/api/v1/attendance/corrections", read_corrections),
        web.get(of_lecture, read_of_lecture),
        web.post(of_lecture, ask),
        web.post(f"{of_lecture}/{{request}}/answer", answer),
    ]


async def ask(request: web.Request) -> web.Response:
    """Dispute what is counted of oneself at the lecture."""
    lecture, viewer = await lecture_of(request), viewer_of(request)
    person = viewer.person_id
    if person is None:
        raise Forbidden("Sign in first.")
    require(request, Action.SEE_OWN_FOOTPRINT, Subject(lecture=lecture.id, person=person))
    new, now = await decode(request, NewRequest), request.app[CLOCK].now()
    async with request.app[DATABASE].begin() as connection:
        if not (await judge(connection, lecture, now=now, only=person)).rows:
            raise NotFound("Nothing is known of this person at this lecture.")
        await corrections.ask(connection, lecture, person, new, now=now)
        found = await corrections.corrections(connection, lecture=lecture.id, person=person)
        ways = ways_of_house(request.app[SETTINGS])
        await correction_notices.tell(connection, lecture, found[-1], ways, now=now)
    return reply(found[-1], status=201)


async def answer(request: web.Request) -> web.Response:
    """Grant it with a mark, or decline it with a reason."""
    lecture = await lecture_of(request)
    viewer = require(request, Action.MARK_ATTENDANCE, lecture.subject)
    if viewer.person_id is None:
        raise Forbidden("A mark is a person's word: sign in as one.")
    which, new, now = path_id(request, "request"), await decode(request, NewAnswer), _now(request)
    async with request.app[DATABASE].begin() as connection:
        await corrections.answer(connection, lecture, which, new, by=viewer.person_id, now=now)
        found = await corrections.corrections(connection, lecture=lecture.id)
        answered = next(one for one in found if one.id == which)
        ways = ways_of_house(request.app[SETTINGS])
        await correction_notices.tell(connection, lecture, answered, ways, now=now)
    return reply(answered)


async def read_of_lecture(request: web.Request) -> web.Response:
    """One's own, or everybody's for who judges."""
    return reply(Corrections(await corrections_at(request, await lecture_of(request))))


async def read_corrections(request: web.Request) -> web.Response:
    """What the viewer may answer, and what they asked themselves."""
    theirs, own = await _all(request)
    return reply(Corrections([*theirs, *own]))


async def show_corrections(request: web.Request) -> web.Response:
    """The same as a page: open ones first."""
    theirs, own = await _all(request)
    waiting = [one for one in theirs if one.state is State.OPEN]
    answered = [one for one in reversed(theirs) if one.state is not State.OPEN]
    return render(
        request,
        "corrections.html",
        waiting=waiting,
        answered=answered,
        own=list(reversed(own)),
    )


async def corrections_at(request: web.Request, lecture: Lecture) -> list[Correction]:
    """Those of a lecture that the viewer may see; others' are a read of the footprint."""
    viewer = viewer_of(request)
    judges = allows(viewer, Action.MARK_ATTENDANCE, lecture.subject)
    if not judges:
        own = Subject(lecture=lecture.id, person=viewer.person_id)
        require(request, Action.SEE_OWN_FOOTPRINT, own)
    only = None if judges else viewer.person_id
    async with request.app[DATABASE].connect() as connection:
        found = await corrections.corrections(connection, lecture=lecture.id, person=only)
    if any(one.person != viewer.person_id for one in found):
        await _note(request, lecture.id)
    return found


async def _all(request: web.Request) -> tuple[list[Correction], list[Correction]]:
    """Those that the viewer may answer, and their own."""
    viewer = require_person(request)
    person = viewer.person_id
    assert person is not None
    since = _now(request) - _REACH
    lecturer = None if viewer.roles & _JUDGES_MORE else person
    async with request.app[DATABASE].connect() as connection:
        own = await corrections.corrections(connection, person=person)
        asked = await corrections.corrections_since(connection, since, lecturer=lecturer)
        judged = {
            one: allows(
                viewer, Action.MARK_ATTENDANCE, (await lecture_by_id(connection, one)).subject
            )
            for one in {each.lecture for each in asked}
        }
    theirs = [one for one in asked if judged[one.lecture] and one.person != person]
    if theirs:
        await _note(request, None)
    return theirs, own


async def _note(request: web.Request, lecture: UUID | None) -> None:
    viewer: Viewer = viewer_of(request)
    fact = FootprintRead(
        id=new_id(), at=_now(request), lecture=lecture, person=viewer.actor, what="corrections"
    )
    await request.app[RECORDER].record(fact)


def _now(request: web.Request) -> datetime:
    return request.app[CLOCK].now()
