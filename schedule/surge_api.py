"""The surge switch over HTTP: look at it (`dry_run`), do it, take it back."""

from collections import Counter
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action, Subject
from identity.sessions import require, viewer_of
from kernel.ids import new_id
from kernel.pages import zone_of
from kernel.web import CLOCK, DATABASE, decode, path_id, query, reply
from schedule.courses import coordinators_of
from schedule.lifecycle import Lecture
from schedule.planning import Author, in_utc
from schedule.study_work import Mode
from schedule.surges import Surge, begin_surge, end_surge, list_surges, surge_by_id
from schedule.timetable import TIMETABLE

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class NewSurge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall go online, and the order that it rests on; all faculties if none is named."""

    reason: str
    since: Moment
    until: Moment
    faculty: str | None = None
    mode: Mode = Mode.NETWORK


class SurgeBody(msgspec.Struct, frozen=True, kw_only=True):
    """A surge as the API shows it."""

    id: UUID
    reason: str
    faculty: str | None
    mode: Mode
    since: datetime
    until: datetime
    made_by: UUID | None
    made_at: datetime
    ended_at: datetime | None


class SurgeAnswer(msgspec.Struct, frozen=True):
    """A surge and how many classes change: in all, and by the mode that they leave."""

    surge: SurgeBody
    classes: int
    courses: int
    by_mode: dict[str, int]


class SurgeList(msgspec.Struct, frozen=True):
    """The newest 100."""

    surges: list[SurgeBody]


class Trial(msgspec.Struct, frozen=True):
    """The query string of what can be previewed."""

    dry_run: Literal["true", "false"] = "false"


def routes() -> list[web.RouteDef]:
    return [
        web.get("/api/v1/surges", list_all),
        web.post("/api/v1/surges", begin),
        web.delete("/api/v1/surges/{id}", end),
    ]


async def list_all(request: web.Request) -> web.Response:
    require(request, Action.MANAGE_COURSE)
    async with request.app[DATABASE].connect() as connection:
        return reply(SurgeList([_body(surge) for surge in await list_surges(connection)]))


async def begin(request: web.Request) -> web.Response:
    wanted, is_preview = await decode(request, NewSurge), _is_preview(request)
    by = _author(request)
    surge = Surge(
        id=new_id(),
        reason=wanted.reason,
        faculty=wanted.faculty,
        mode=wanted.mode,
        since=in_utc(wanted.since),
        until=in_utc(wanted.until),
        made_by=by.person,
        made_at=by.at,
    )
    async with request.app[TIMETABLE].reviewing(is_preview=is_preview) as connection:
        await _require(request, connection, surge)
        made, chosen = await begin_surge(connection, surge, by, request.app[TIMETABLE].policy)
    return _answer(made, chosen, HTTPStatus.OK if is_preview else HTTPStatus.CREATED)


async def end(request: web.Request) -> web.Response:
    timetable, is_preview = request.app[TIMETABLE], _is_preview(request)
    async with timetable.reviewing(is_preview=is_preview) as connection:
        await _require(request, connection, await surge_by_id(connection, path_id(request)))
        ended, back = await end_surge(
            connection, path_id(request), _author(request), timetable.policy
        )
    return _answer(ended, back, HTTPStatus.OK)


async def _require(request: web.Request, connection: AsyncConnection, surge: Surge) -> None:
    """A faculty's coordinators; for the whole university administrators."""
    if surge.faculty is None:
        require(request, Action.MANAGE_PEOPLE)
        return
    coordinators = await coordinators_of(connection, surge.faculty)
    require(request, Action.MANAGE_COURSE, Subject(coordinators=coordinators))


def _is_preview(request: web.Request) -> bool:
    return query(request, Trial).dry_run == "true"


def _author(request: web.Request) -> Author:
    return Author(viewer_of(request).person_id, request.app[CLOCK].now(), zone_of(request))


def _answer(surge: Surge, chosen: list[Lecture], status: int) -> web.Response:
    modes = Counter(str(one.work.mode) for one in chosen)
    courses = len({one.work.course for one in chosen})
    return reply(SurgeAnswer(_body(surge), len(chosen), courses, dict(modes)), status=status)


def _body(surge: Surge) -> SurgeBody:
    return SurgeBody(**{name: getattr(surge, name) for name in SurgeBody.__struct_fields__})
