"""Moving a class over HTTP: this one, or this and all that follow in its series."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action
from identity.sessions import require, viewer_of
from kernel.errors import Conflict
from kernel.pages import zone_of
from kernel.web import CLOCK, DATABASE, SETTINGS, decode, query, reply
from schedule import planning
from schedule.asked import lecture_of
from schedule.lifecycle import Lecture
from schedule.moving import in_auditorium, move_following
from schedule.obstacles import Obstacle, obstacles
from schedule.planning import Author, Changes, in_utc
from schedule.repeating import Finding
from schedule.series_api import Trial
from schedule.timetable import TIMETABLE

MOST_FINDINGS: Final = 60


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to, and where to. `revision` is the lecture's as it was read."""

    starts_at: Annotated[datetime, msgspec.Meta(tz=True)]
    revision: int
    reach: Literal["this", "following"] = "this"
    auditorium: str | msgspec.UnsetType | None = msgspec.UNSET  # another one, too


class MoveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many classes moved, or would. `obstacles` are those of the class itself, `findings` those
    of the ones that follow."""

    lectures: list[UUID]
    on_holidays: int
    obstacles: list[Obstacle]
    findings: list[Finding]


def routes() -> list[web.RouteDef]:
    return [web.post("/api/v1/lectures/{id}/move", move)]


async def move(request: web.Request) -> web.Response:
    wanted = await decode(request, Move)
    is_preview = query(request, Trial).dry_run == "true"
    lecture = await lecture_of(request)
    require(request, Action.CHANGE_LECTURE, lecture.subject)
    found = await _obstacles(request, lecture, wanted) if is_preview else []
    act = _follow if wanted.reach == "following" else _one
    if is_preview and act is _one:
        return reply(MoveAnswer(lectures=[lecture.id], on_holidays=0, obstacles=found, findings=[]))
    async with request.app[TIMETABLE].reviewing(is_preview=is_preview) as connection:
        answer = await act(request, connection, lecture, wanted)
        if answer.findings and not is_preview:
            raise Conflict("Some classes do not fit; nothing is saved.", findings=answer.findings)
    return reply(msgspec.structs.replace(answer, obstacles=found))


async def _one(
    request: web.Request, connection: AsyncConnection, lecture: Lecture, wanted: Move
) -> MoveAnswer:
    await planning.change(
        connection,
        lecture.id,
        _changes(lecture, wanted),
        _author(request),
        revision=wanted.revision,
        policy=request.app[TIMETABLE].policy,
    )
    return MoveAnswer(lectures=[lecture.id], on_holidays=0, obstacles=[], findings=[])


async def _follow(
    request: web.Request, connection: AsyncConnection, lecture: Lecture, wanted: Move
) -> MoveAnswer:
    moved = await move_following(
        connection,
        lecture.id,
        wanted.starts_at,
        _author(request),
        auditorium=wanted.auditorium,
        revision=wanted.revision,
        policy=request.app[TIMETABLE].policy,
    )
    return MoveAnswer(
        lectures=[one.lecture.id for one in moved.outcome.classes if not one.is_exception],
        on_holidays=moved.on_holidays,
        obstacles=[],
        findings=moved.outcome.findings[:MOST_FINDINGS],
    )


async def _obstacles(request: web.Request, lecture: Lecture, wanted: Move) -> list[Obstacle]:
    changes = _changes(lecture, wanted)
    async with request.app[DATABASE].connect() as connection:
        return await obstacles(
            connection,
            planning.planned(lecture, changes.given()),
            zone_of(request),
            apart_from=lecture.id,
            most_seats=request.app[SETTINGS].most_seats,
        )


def _changes(lecture: Lecture, wanted: Move) -> Changes:
    starts_at = in_utc(wanted.starts_at)
    return Changes(
        starts_at=starts_at,
        ends_at=starts_at + (lecture.ends_at - lecture.starts_at),
        work=in_auditorium(lecture.work, wanted.auditorium),
    )


def _author(request: web.Request) -> Author:
    return Author(viewer_of(request).person_id, request.app[CLOCK].now(), zone_of(request))
