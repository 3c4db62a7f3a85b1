"""The list of auditoriums over HTTP, and as a sheet."""

import asyncio
from typing import Annotated

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Invalid, Refused, Unsupported
from kernel.web import DATABASE, decode, query, reply
from schedule.auditorium_sheet import (
    AuditoriumsTaken,
    compare,
    read_auditoriums,
    write_auditoriums,
)
from schedule.auditoriums import MOST_SEATS, list_auditoriums, set_auditoriums
from schedule.sheet import Finding, ImportQuery


class Auditorium(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place, and how many people it seats."""

    name: str
    seats: Annotated[int, msgspec.Meta(ge=1, le=MOST_SEATS)]


class Auditoriums(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that are listed, by name."""

    auditoriums: Annotated[list[Auditorium], msgspec.Meta(max_length=5000)]


class AuditoriumsImported(msgspec.Struct, frozen=True):
    """What came of a sheet, or would; `findings` are the first ones, `errors` counts all."""

    taken: AuditoriumsTaken
    findings: list[Finding]
    errors: int


def routes() -> list[web.RouteDef]:
    address = "/api/v1/auditoriums"
    return [
        web.get(address, show),
        web.put(address, replace),
        web.get(f"{address}.csv", export),
        web.post("/api/v1/import/auditoriums", take),
    ]


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


async def export(request: web.Request) -> web.Response:
    """A sheet that can be read again."""
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        content = write_auditoriums(await list_auditoriums(connection))
    headers = {"Content-Disposition": 'attachment; filename="auditoriums.csv"'}
    return web.Response(body=content, content_type="text/csv", charset="utf-8", headers=headers)


async def take(request: web.Request) -> web.Response:
    """Add and change what the sheet names, all rows or none; with `dry_run` nothing."""
    asked = query(request, ImportQuery)
    require(request, Action.MANAGE_CALENDAR)
    if request.content_type != "text/csv":
        raise Unsupported("Send the auditoriums as text/csv.")
    wanted, findings = await asyncio.to_thread(read_auditoriums, await request.read())
    is_preview = asked.is_preview
    if findings.count and not is_preview:
        raise Refused("Some rows do not fit; nothing is saved.", findings=findings.found)
    async with request.app[DATABASE].begin() as connection:
        known = await list_auditoriums(connection)
        if not is_preview:
            await set_auditoriums(connection, known | wanted)
    return reply(AuditoriumsImported(compare(known, wanted), findings.found, findings.count))


def _answer(seats: dict[str, int]) -> web.Response:
    return reply(Auditoriums([Auditorium(name, count) for name, count in seats.items()]))
