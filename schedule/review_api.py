"""Obstacles over HTTP: what speaks against a class at a time, before anything is saved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action, Subject
from identity.sessions import require, viewer_of
from kernel.errors import Invalid
from kernel.pages import zone_of
from kernel.web import DATABASE, SETTINGS, decode, reply
from schedule.lectures import lecture_by_id
from schedule.obstacles import Obstacle, obstacles
from schedule.planning import LONGEST_LECTURE, check_course_of, in_utc
from schedule.study_work import PLAIN, StudyWork, check_work
from schedule.work_columns import work_of
from schedule.work_fields import WorkPatch

Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # RFC 3339 with an offset


class Wish(WorkPatch, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A class as it shall be; what is left out is as it is in `lecture`, if that is given."""

    starts_at: Moment
    ends_at: Moment
    lecture: UUID | None = None
    lecturer: UUID | None = None


class Review(msgspec.Struct, frozen=True):
    """The hard obstacles first; with none of these the class can be saved."""

    obstacles: list[Obstacle]


@dataclass(frozen=True, slots=True)
class _Wanted:
    lecturer: UUID
    starts_at: datetime
    ends_at: datetime
    work: StudyWork


def routes() -> list[web.RouteDef]:
    return [web.post("/api/v1/lectures/review", review)]


async def review(request: web.Request) -> web.Response:
    wish = await decode(request, Wish)
    async with request.app[DATABASE].connect() as connection:
        wanted = await _wanted(request, connection, wish)
        found = await obstacles(
            connection,
            wanted,
            zone_of(request),
            apart_from=wish.lecture,
            most_seats=request.app[SETTINGS].most_seats,
        )
    return reply(Review(found))


async def _wanted(request: web.Request, connection: AsyncConnection, wish: Wish) -> _Wanted:
    viewer, before, lecturer = viewer_of(request), PLAIN, wish.lecturer
    if wish.lecture is not None:
        lecture = await lecture_by_id(connection, wish.lecture, viewer=viewer)
        require(request, Action.CHANGE_LECTURE, lecture.subject)
        before, lecturer = lecture.work, lecturer or lecture.lecturer
    lecturer = lecturer or viewer.person_id
    if wish.lecture is None or wish.lecturer is not None:
        require(request, Action.PLAN_LECTURE, Subject(lecturer=lecturer))
    assert lecturer is not None  # nobody without a person may plan
    starts_at, ends_at = in_utc(wish.starts_at), in_utc(wish.ends_at)
    if not starts_at < ends_at <= starts_at + LONGEST_LECTURE:
        raise Invalid("A lecture ends after it starts, and takes 12 hours at most.")
    work = check_work(work_of(wish, before))
    await check_course_of(connection, work)
    return _Wanted(lecturer, starts_at, ends_at, work)
