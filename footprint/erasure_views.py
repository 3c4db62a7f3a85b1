"""Erasing a person over HTTP: a dry run that tells what there is, and the deed."""

from uuid import UUID

import msgspec
from aiohttp import web

from footprint.eraser import Eraser
from footprint.erasure import Erased, Ground, Traces
from footprint.events import FootprintRead
from identity.people import people_by_ids
from identity.rights import Action
from identity.sessions import SESSIONS, require
from kernel.errors import Conflict
from kernel.ids import new_id
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, RECORDER, decode, path_id, reply

ERASER: web.AppKey[Eraser] = web.AppKey("eraser", Eraser)


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Erase; `person` once more, so that no mistyped address erases anybody."""

    person: UUID
    ground: Ground


def routes() -> list[web.RouteDef]:
    return [
        web.get("/people/{person}/erasure", show_traces),
        web.get("/api/v1/people/{person}/erasure", read_traces),
        web.post("/api/v1/people/{person}/erasure", erase),
    ]


async def read_traces(request: web.Request) -> web.Response:
    """The dry run: what an erasure would take away."""
    return reply(await _traces(request))


async def show_traces(request: web.Request) -> web.Response:
    """The same as a page, with the button."""
    found = await _traces(request)
    async with request.app[DATABASE].connect() as connection:
        known = await people_by_ids(connection, [found.person])
    person = known.get(found.person)
    return render(request, "erasure.html", traces=found, person=person, grounds=list(Ground))


async def erase(request: web.Request) -> web.Response:
    """Take everything of the person away; what was done."""
    person, viewer = path_id(request, "person"), require(request, Action.MANAGE_PEOPLE)
    order = await decode(request, Order)
    if order.person != person:
        raise Conflict("The body names another person than the address.")
    if person == viewer.person_id:
        raise Conflict("You can't erase yourself; another administrator can.")
    done = await request.app[ERASER].erase(person, by=viewer.person_id, ground=order.ground)
    request.app[SESSIONS].forget_everyone()
    return reply(_told(done))


async def _traces(request: web.Request) -> Traces:
    """Whoever looks at somebody's traces leaves one."""
    person, viewer = path_id(request, "person"), require(request, Action.MANAGE_PEOPLE)
    found = await request.app[ERASER].look(person)
    at = request.app[CLOCK].now()
    fact = FootprintRead(id=new_id(), at=at, person=viewer.actor, what="traces", of=person)
    await request.app[RECORDER].record(fact)
    return found


def _told(done: Erased) -> dict[str, object]:
    return {"id": done.id, "facts": done.facts, "mentions": done.mentions}
