"""Prepared polls over HTTP: who moderates the lecture reads and writes them."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action
from identity.sessions import require
from kernel.web import CLOCK, DATABASE, decode, path_id, reply
from schedule.asked import lecture_of
from schedule.lectures import lecture_by_id
from schedule.prepared_polls import (
    Prepared,
    discard,
    prepare,
    prepared_by_id,
    prepared_of,
    rewrite,
)
from schedule.questions import Question


class Shown(msgspec.Struct, frozen=True):
    """A prepared poll."""

    id: UUID
    question: Question


class Listed(msgspec.Struct, frozen=True):
    """Those of a lecture."""

    polls: list[Shown]


def routes() -> list[web.RouteDef]:
    of_lecture, one = "/api/v1/lectures/{id}/prepared-polls", "/api/v1/prepared-polls/{id}"
    return [
        web.get(of_lecture, show),
        web.post(of_lecture, add),
        web.put(one, change),
        web.delete(one, remove),
    ]


async def show(request: web.Request) -> web.Response:
    lecture = await lecture_of(request)
    require(request, Action.MODERATE_ROOM, lecture.subject)
    async with request.app[DATABASE].connect() as connection:
        found = await prepared_of(connection, lecture.id)
    return reply(Listed([_shown(one) for one in found]))


async def add(request: web.Request) -> web.Response:
    question, lecture = await decode(request, Question), await lecture_of(request)
    viewer = require(request, Action.MODERATE_ROOM, lecture.subject)
    async with request.app[DATABASE].begin() as connection:
        made = await prepare(
            connection,
            lecture.id,
            question,
            by=viewer.person_id,
            at=request.app[CLOCK].now(),
        )
    return reply(_shown(made), status=HTTPStatus.CREATED)


async def change(request: web.Request) -> web.Response:
    question = await decode(request, Question)
    async with request.app[DATABASE].begin() as connection:
        found = await _allowed(request, connection)
        return reply(_shown(await rewrite(connection, found.id, question)))


async def remove(request: web.Request) -> web.Response:
    async with request.app[DATABASE].begin() as connection:
        found = await _allowed(request, connection)
        await discard(connection, found.id)
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def _allowed(request: web.Request, connection: AsyncConnection) -> Prepared:
    found = await prepared_by_id(connection, path_id(request))
    lecture = await lecture_by_id(connection, found.lecture)
    require(request, Action.MODERATE_ROOM, lecture.subject)
    return found


def _shown(prepared: Prepared) -> Shown:
    return Shown(prepared.id, prepared.question)
