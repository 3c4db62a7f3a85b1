"""The list of auditoriums over HTTP, one of them, and all as a sheet.

One auditorium changes by compare-and-set (RFC 9110, section 13.1): its entity tag is the number of its
seats, which is all that there is to it.
"""

import asyncio
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from aiohttp import hdrs, web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import (
    Invalid,
    PreconditionFailed,
    PreconditionRequired,
    Refused,
    Unsupported,
)
from kernel.lines import one_line
from kernel.web import DATABASE, decode, query, reply
from schedule.auditorium_sheet import (
    AuditoriumsTaken,
    compare,
    read_auditoriums,
    write_auditoriums,
)
from schedule.auditoriums import (
    MOST_SEATS,
    add_auditorium,
    change_auditorium,
    list_auditoriums,
    merge_auditoriums,
    remove_auditorium,
    seats_of,
    set_auditoriums,
)
from schedule.imports import RIGHTS, Import
from schedule.sheet import Finding, ImportQuery

_ADDRESS: Final = "/api/v1/auditoriums"
Count = Annotated[int, msgspec.Meta(ge=1, le=MOST_SEATS)]


class Auditorium(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place, and how many people it seats."""

    name: str
    seats: Count


class Seats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a PUT to one auditorium, whose name is in the address."""

    seats: Count


class Auditoriums(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that are listed, by name."""

    auditoriums: Annotated[list[Auditorium], msgspec.Meta(max_length=5000)]


class AuditoriumsImported(msgspec.Struct, frozen=True):
    """What came of a sheet, or would; `findings` are the first ones, `errors` counts all."""

    taken: AuditoriumsTaken
    findings: list[Finding]
    errors: int


def routes() -> list[web.RouteDef]:
    one = f"{_ADDRESS}/{{name}}"
    return [
        web.get(_ADDRESS, show),
        web.put(_ADDRESS, replace),
        web.get(f"{_ADDRESS}.csv", export),
        web.get(one, show_one),
        web.put(one, put_one),
        web.delete(one, remove_one),
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


async def show_one(request: web.Request) -> web.Response:
    require(request, Action.SEE_SCHEDULE)
    name = request.match_info["name"]
    async with request.app[DATABASE].connect() as connection:
        return _answer_one(name, await seats_of(connection, name))


async def put_one(request: web.Request) -> web.Response:
    """Add it (If-None-Match: *) or change its seats (If-Match: the tag that was read)."""
    wanted = await decode(request, Seats)
    require(request, Action.MANAGE_CALENDAR)
    name = one_line(request.match_info["name"], "A name", 100)
    is_new = request.headers.get(hdrs.IF_NONE_MATCH, "").strip() == "*"
    async with request.app[DATABASE].begin() as connection:
        if is_new:
            await add_auditorium(connection, name, wanted.seats)
        else:
            await change_auditorium(connection, name, wanted.seats, was=_seats_read(request))
    return _answer_one(name, wanted.seats, HTTPStatus.CREATED if is_new else HTTPStatus.OK)


async def remove_one(request: web.Request) -> web.Response:
    """Classes that name it stay as they are."""
    require(request, Action.MANAGE_CALENDAR)
    was = _seats_read(request)
    async with request.app[DATABASE].begin() as connection:
        await remove_auditorium(connection, request.match_info["name"], was=was)
    return web.Response(status=HTTPStatus.NO_CONTENT)


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
    require(request, RIGHTS[Import.AUDITORIUMS])
    if request.content_type != "text/csv":
        raise Unsupported("Send the auditoriums as text/csv.")
    wanted, findings = await asyncio.to_thread(read_auditoriums, await request.read())
    is_preview = asked.is_preview
    if findings.count and not is_preview:
        raise Refused("Some rows do not fit; nothing is saved.", findings=findings.found)
    async with request.app[DATABASE].begin() as connection:
        known = await list_auditoriums(connection)
        if not is_preview:
            await merge_auditoriums(connection, wanted)
    return reply(AuditoriumsImported(compare(known, wanted), findings.found, findings.count))


def _answer(seats: dict[str, int]) -> web.Response:
    return reply(Auditoriums([Auditorium(name, count) for name, count in seats.items()]))


def _answer_one(name: str, seats: int, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return reply(Auditorium(name, seats), status=status, headers={hdrs.ETAG: f'"{seats}"'})


def _seats_read(request: web.Request) -> int:
    tag = request.headers.get(hdrs.IF_MATCH)
    if tag is None:
        raise PreconditionRequired("Say in If-Match how many seats you have read.")
    text = tag.strip().strip('"')
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise PreconditionFailed("If-Match does not fit; reload the list.")
    return int(text)
