"""The rule book over HTTP: policies of attendance, and the categories of a person."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
from aiohttp import web

from footprint import rulebook
from footprint.events import CategoryAssigned, FootprintRead, PolicyAdopted
from footprint.policy import DEFAULT_POLICY, Policy
from footprint.policy_preview import preview
from footprint.rulebook import NewCategory, NewPolicy
from identity.rights import Action, Subject, Viewer
from identity.sessions import require, require_person, viewer_of
from kernel.errors import Forbidden
from kernel.ids import new_id
from kernel.web import CLOCK, DATABASE, RECORDER, decode, path_id, query, reply

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


class Asked(msgspec.Struct, frozen=True):
    """Whether it is only asked what would be."""

    dry_run: bool = False


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """A policy with the time from which it counts."""

    begins_at: datetime
    adopted_at: datetime | None = None  # the first one is in the program
    adopted_by: UUID | None = None
    policy: Policy


class Policies(msgspec.Struct, frozen=True):
    """All of them, in the order of adoption, and which counts for a lecture that begins now."""

    policies: list[Adopted]
    in_force: str


class Assigned(msgspec.Struct, frozen=True, kw_only=True):
    """A category of a person with its days."""

    category: str
    begins_on: date
    ends_on: date | None


class Categories(msgspec.Struct, frozen=True):
    """What a person is."""

    categories: list[Assigned]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/api/v1/attendance/policies", read_policies),
        web.post("/api/v1/attendance/policies", add_policy),
        web.get("/api/v1/people/{person}/categories", read_categories),
        web.post("/api/v1/people/{person}/categories", add_category),
    ]


async def read_policies(request: web.Request) -> web.Response:
    """The rules are nobody's secret: whoever is judged by them may read them."""
    require_person(request)
    async with request.app[DATABASE].connect() as connection:
        known = await rulebook.adopted(connection)
    return reply(policies(known, request.app[CLOCK].now()))


def policies(known: Sequence[PolicyAdopted], now: datetime) -> Policies:
    """The program's own and the adopted ones."""
    every = [Adopted(begins_at=_ALWAYS, policy=DEFAULT_POLICY), *map(_adopted, known)]
    return Policies(every, rulebook.at(known, now).version)


async def add_policy(request: web.Request) -> web.Response:
    """Adopt a policy under a new version; with `dry_run` tell what would change, and keep nothing."""
    person = _person(require(request, Action.MANAGE_CALENDAR))
    new = await decode(request, NewPolicy)
    now = request.app[CLOCK].now()
    if query(request, Asked).dry_run:
        read = FootprintRead(id=new_id(), at=now, person=person, what="attendance")
        await request.app[RECORDER].record(read)
        async with request.app[DATABASE].connect() as connection:
            return reply(await preview(connection, new, now=now))
    async with request.app[DATABASE].begin() as connection:
        fact = await rulebook.adopt(connection, new, by=person, now=now)
    return reply(_adopted(fact), status=201)


async def read_categories(request: web.Request) -> web.Response:
    """One's own; those of others are MANAGE_PEOPLE, and reading them is a fact."""
    found = await categories_of_asked(request)
    return reply(Categories([_assigned(one) for one in found]))


async def categories_of_asked(request: web.Request) -> list[CategoryAssigned]:
    """Those of the person in the address, if the viewer may see them; leaves the fact."""
    whose, viewer = path_id(request, "person"), viewer_of(request)
    if whose == viewer.person_id:
        require(request, Action.SEE_OWN_FOOTPRINT, Subject(person=whose))
    else:
        require(request, Action.MANAGE_PEOPLE)
        at = request.app[CLOCK].now()
        fact = FootprintRead(id=new_id(), at=at, person=viewer.actor, what="categories", of=whose)
        await request.app[RECORDER].record(fact)
    async with request.app[DATABASE].connect() as connection:
        return await rulebook.assigned(connection, whose)


async def add_category(request: web.Request) -> web.Response:
    """Say that the person is of a category, or until when."""
    by = _person(require(request, Action.MANAGE_PEOPLE))
    new = await decode(request, NewCategory)
    now = request.app[CLOCK].now()
    async with request.app[DATABASE].begin() as connection:
        fact = await rulebook.assign(connection, path_id(request, "person"), new, by=by, now=now)
    return reply(_assigned(fact), status=201)


def _person(viewer: Viewer) -> UUID:
    if viewer.person_id is None:
        raise Forbidden("A rule is a person's word: sign in as one.")
    return viewer.person_id


def _adopted(fact: PolicyAdopted) -> Adopted:
    return Adopted(
        begins_at=fact.begins_at, adopted_at=fact.at, adopted_by=fact.by, policy=fact.policy
    )


def _assigned(fact: CategoryAssigned) -> Assigned:
    return Assigned(category=fact.category, begins_on=fact.begins_on, ends_on=fact.ends_on)
