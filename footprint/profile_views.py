"""The digital profile over HTTP: one's own at once; another's only by right, and that is a fact."""

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
from aiohttp import web

from footprint import charts
from footprint.charts import Column
from footprint.digital_profile import SHOWN, Profile, own_facts, own_statements, profile
from footprint.events import FootprintRead
from footprint.statements import House
from identity.people import Person, person_by_id
from identity.rights import Action, Subject, allows
from identity.sessions import require, viewer_of
from kernel.errors import Unauthenticated
from kernel.ids import new_id
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, path_id, reply

_MINE, _THEIRS = "/me/footprint", "/people/{person}/footprint"


def routes() -> list[web.RouteDef]:
    return [
        route
        for path in (_MINE, _THEIRS)
        for route in (
            web.get(path, show_profile),
            web.get(f"/api/v1{path}", read_profile),
            web.get(f"/api/v1{path}/export", export_profile),
        )
    ]


async def show_profile(request: web.Request) -> web.Response:
    """The profile as a page."""
    person = await person_of(request)
    is_own = person.id == viewer_of(request).person_id
    path = _MINE if is_own else _THEIRS.format(person=person.id)
    found = await _profile(request, person.id)
    weeks = [
        Column(str(one.week), [("came", round(one.minutes)), ("taught", round(one.minutes_taught))])
        for one in found.by_week
        if one.week is not None
    ]
    return render(
        request,
        "footprint.html",
        person=person,
        profile=found,
        weeks=charts.bars(weeks) if weeks else None,
        is_own=is_own,
        may_erase=not is_own and allows(viewer_of(request), Action.MANAGE_PEOPLE),
        shown=SHOWN,
        export_url=f"/api/v1{path}/export",
        sheet_url=path.removesuffix("footprint") + "attendance",
    )


async def read_profile(request: web.Request) -> web.Response:
    """The profile as JSON."""
    person = await person_of(request)
    return reply(await _profile(request, person.id))


async def export_profile(request: web.Request) -> web.StreamResponse:
    """All facts and statements of the person, to take away: one JSON document, sent as it is
    read."""
    person = await person_of(request)
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/json",
            "Content-Disposition": f'attachment; filename="footprint-{person.id}.json"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    database, house = request.app[DATABASE], House(request.app[SETTINGS].address)
    about = msgspec.json.encode(_account(person))
    await response.write(b'{"person":' + about + b',"facts":[')
    await _write(response, own_facts(database, person.id))
    await response.write(b'],"statements":[')
    await _write(response, own_statements(database, person.id, house))
    await response.write(b"]}")
    return response


async def person_of(request: web.Request) -> Person:
    """Whose profile is asked for, if the viewer may see it."""
    viewer = viewer_of(request)
    whose = path_id(request, "person") if "person" in request.match_info else viewer.person_id
    if whose is None:
        raise Unauthenticated("Sign in to see your footprint.")
    require(request, Action.SEE_OWN_FOOTPRINT, Subject(person=whose))
    async with request.app[DATABASE].connect() as connection:
        person = await person_by_id(connection, whose)
    if whose != viewer.person_id:
        at = request.app[CLOCK].now()
        fact = FootprintRead(id=new_id(), at=at, person=viewer.actor, what="profile", of=whose)
        await request.app[RECORDER].record(fact)
    return person


async def _write(response: web.StreamResponse, items: AsyncIterator[bytes]) -> None:
    between = b"\n"
    async for item in items:
        await response.write(between + item)
        between = b",\n"


async def _profile(request: web.Request, person: UUID) -> Profile:
    async with request.app[DATABASE].connect() as connection:
        return await profile(connection, person, now=request.app[CLOCK].now())


def _account(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "login": person.login,
        "name": person.name,
        "roles": sorted(person.roles),
        "home_organisation": person.home_organisation,
        "locale": person.locale,
        "zone": person.zone,
        "created_at": person.created_at,
    }
