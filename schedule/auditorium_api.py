"""The list of auditoriums over HTTP."""

from typing import Annotated

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Invalid
from kernel.web import DATABASE, decode, reply
from schedule.auditoriums import MOST_SEATS, list_auditoriums, set_auditoriums


class Auditorium(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place, and how many people it seats."""

    name: str
    seats: Annotated[int, msgspec.Meta(ge=1, le=MOST_SEATS)]


class Auditoriums(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that are listed, by name."""

    auditoriums: Annotated[list[Auditorium], msgspec.Meta(max_length=5000)]


def routes() -> list[web.RouteDef]:
    address = "/api/v1/auditoriums"
    return [web.get(address, show), web.put(address, replace)]


async def show(request: web.Request) -> web.Response:
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        return _answer(await list_auditoriums(connection))


async def replace(request: web.Request) -> web.Response:
    wanted = await decode(request, Auditoriums)
    require(request, Action.MANAGE_CALENDAR)
    seats = {one.name: one.seats for one in wanted.auditoriums}
    if len(seats) < len(wanted.auditoriums):
        raise Invalid("An auditorium is named twice.")
    async with request.app[DATABASE].begin() as connection:
        return _answer(await set_auditoriums(connection, seats))


def _answer(seats: dict[str, int]) -> web.Response:
    return reply(Auditoriums([Auditorium(name, count) for name, count in seats.items()]))
