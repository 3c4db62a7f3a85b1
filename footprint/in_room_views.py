"""The code on the wall, who scanned it, and the lecturer's confirmation, over HTTP."""

from datetime import datetime
from io import BytesIO
from uuid import UUID

import msgspec
import segno
from aiohttp import web

from footprint import in_room
from footprint.events import FootprintRead
from footprint.in_room import Arrival
from footprint.statements import House
from identity.rights import Action, Viewer
from identity.sessions import require, require_person
from kernel.errors import Forbidden
from kernel.ids import new_id
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, decode, query, reply
from schedule.asked import lecture_of
from schedule.lifecycle import Lecture


class Scan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that somebody scanned."""

    code: str = ""


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom the lecturer sees in the auditorium now."""

    people: list[UUID]


class Wall(msgspec.Struct, frozen=True, kw_only=True):
    """What the wall shows: where the code leads, until when, and who has come."""

    url: str
    changes_at: datetime
    arrivals: list[Arrival]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/lectures/{id}/in-room", show_wall),
        web.get("/lectures/{id}/here", show_arrival),
        web.get("/api/v1/lectures/{id}/in-room", read_wall),
        web.get("/api/v1/lectures/{id}/in-room/code.svg", draw_code),
        web.post("/api/v1/lectures/{id}/in-room/arrivals", arrive),
        web.post("/api/v1/lectures/{id}/in-room/confirmations", confirm),
    ]


async def show_wall(request: web.Request) -> web.Response:
    """The page for the projector, or for the lecturer's own screen. That it was opened is a fact; that
    it looks every other second is none."""
    lecture, viewer = await _judged(request)
    at = request.app[CLOCK].now()
    fact = FootprintRead(
        id=new_id(), at=at, lecture=lecture.id, person=viewer.actor, what="attendance"
    )
    await request.app[RECORDER].record(fact)
    return render(request, "in_room.html", lecture=lecture)


async def read_wall(request: web.Request) -> web.Response:
    """The same for the page, and for other screens."""
    lecture, _ = await _judged(request)
    now = request.app[CLOCK].now()
    async with request.app[DATABASE].connect() as connection:
        arrivals = await in_room.arrivals(connection, lecture.id)
    step = in_room.STEP.total_seconds()
    changes_at = datetime.fromtimestamp((now.timestamp() // step + 1) * step, now.tzinfo)
    return reply(Wall(url=_url(request, lecture), changes_at=changes_at, arrivals=arrivals))


async def draw_code(request: web.Request) -> web.Response:
    """The code of now as a picture, with the quiet zone that scanners need (ISO/IEC 18004)."""
    lecture, _ = await _judged(request)
    picture = BytesIO()
    code = segno.make(_url(request, lecture), error="m", micro=False)
    code.save(picture, kind="svg", border=4, light="white", dark="black", omitsize=True)
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=picture.getvalue(), content_type="image/svg+xml", headers=headers)


async def show_arrival(request: web.Request) -> web.Response:
    """Where the code leads: one button."""
    require_person(request)
    lecture = await lecture_of(request)
    require(request, Action.JOIN_LECTURE, lecture.subject)
    return render(request, "here.html", lecture=lecture, code=query(request, Scan).code)


async def arrive(request: web.Request) -> web.Response:
    """The person has scanned the code of now."""
    viewer, lecture = require_person(request), await lecture_of(request)
    require(request, Action.JOIN_LECTURE, lecture.subject)
    scan, now = await decode(request, Scan), request.app[CLOCK].now()
    in_room.check_code(request.app[SETTINGS].signing_secret, lecture.id, scan.code, now)
    async with request.app[DATABASE].begin() as connection:
        is_new = await in_room.arrive(
            connection, lecture, _id(viewer), house=_house(request), now=now
        )
    return reply({"is_new": is_new}, status=201 if is_new else 200)


async def confirm(request: web.Request) -> web.Response:
    """The lecturer sees these people."""
    lecture, viewer = await _judged(request)
    seen = await decode(request, Seen)
    async with request.app[DATABASE].begin() as connection:
        count = await in_room.confirm(
            connection,
            lecture.id,
            seen.people,
            by=_id(viewer),
            house=_house(request),
            now=request.app[CLOCK].now(),
        )
    return reply({"confirmed": count})


async def _judged(request: web.Request) -> tuple[Lecture, Viewer]:
    lecture = await lecture_of(request)
    return lecture, require(request, Action.MARK_ATTENDANCE, lecture.subject)


def _url(request: web.Request, lecture: Lecture) -> str:
    settings, now = request.app[SETTINGS], request.app[CLOCK].now()
    code = in_room.code_at(settings.signing_secret, lecture.id, now)
    return f"{settings.address}/lectures/{lecture.id}/here?code={code}"


def _house(request: web.Request) -> House:
    return House(request.app[SETTINGS].address)


def _id(viewer: Viewer) -> UUID:
    if viewer.person_id is None:
        raise Forbidden("Who is in a room is a person's word: sign in as one.")
    return viewer.person_id
