"""What is collected and why, who switched it, and what somebody agreed to, over HTTP."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from aiohttp import web

from footprint import purposes
from footprint.consents import Consent, consents_of, receipt
from footprint.events import PurposeSwitched
from footprint.profile_views import person_of
from footprint.purposes import KINDS, NewSwitch, Purpose
from footprint.retention import rules_in
from footprint.statements import House
from identity.people import people_by_ids
from identity.rights import Action, allows
from identity.sessions import require, require_person
from kernel.errors import Forbidden
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, SETTINGS, decode, reply


class Switched(msgspec.Struct, frozen=True, kw_only=True):
    """One switch of a purpose."""

    is_on: bool
    since: datetime
    at: datetime
    by_name: str
    reason: str


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """One purpose as it is now."""

    purpose: Purpose
    is_on: bool
    kinds: tuple[str, ...]  # of facts; those of views come to them
    kept_days: float | None  # None: for ever
    switches: tuple[Switched, ...]  # oldest first


class Purposes(msgspec.Struct, frozen=True):
    """All of them."""

    purposes: list[Collected]


class Receipts(msgspec.Struct, frozen=True):
    """Consent receipts, newest first."""

    receipts: list[dict[str, object]]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/privacy", show_privacy),
        web.get("/api/v1/purposes", read_purposes),
        web.post("/api/v1/purposes", switch_purpose),
        web.get("/api/v1/me/receipts", read_receipts),
        web.get("/api/v1/people/{person}/receipts", read_receipts),
    ]


async def show_privacy(request: web.Request) -> web.Response:
    """What is collected, and one's own consents; switches for administrators."""
    viewer = require_person(request)
    assert viewer.person_id is not None
    async with request.app[DATABASE].connect() as connection:
        consents: list[Consent] = await consents_of(connection, viewer.person_id)
    return render(
        request,
        "privacy.html",
        purposes=await _purposes(request),
        consents=consents,
        may_switch=allows(viewer, Action.MANAGE_PEOPLE),
    )


async def read_purposes(request: web.Request) -> web.Response:
    """Whoever is recorded may know for what."""
    require_person(request)
    return reply(Purposes(await _purposes(request)))


async def switch_purpose(request: web.Request) -> web.Response:
    """Switch one on or off, from now or from a moment to come."""
    viewer = require(request, Action.MANAGE_PEOPLE)
    if viewer.person_id is None:
        raise Forbidden("A rule is a person's word: sign in as one.")
    new, now = await decode(request, NewSwitch), request.app[CLOCK].now()
    async with request.app[DATABASE].begin() as connection:
        await purposes.switch(connection, new, by=viewer.person_id, now=now)
    return reply(Purposes(await _purposes(request)), status=201)


async def read_receipts(request: web.Request) -> web.Response:
    """The person's consents as receipts; those of others by right, and that is a fact."""
    person = await person_of(request)
    house = House(request.app[SETTINGS].address)
    async with request.app[DATABASE].connect() as connection:
        found = await consents_of(connection, person.id)
    return reply(Receipts([receipt(one, house) for one in found]))


async def _purposes(request: web.Request) -> list[Collected]:
    rules, now = rules_in(request.app[SETTINGS].footprint_days), request.app[CLOCK].now()
    async with request.app[DATABASE].connect() as connection:
        known = await purposes.switches(connection)
        people = await people_by_ids(connection, {one.by for one in known})
    names = {key: person.name for key, person in people.items()}
    return [
        Collected(
            purpose=purpose,
            is_on=purposes.is_on(known, purpose, now),
            kinds=tuple(sorted(KINDS[purpose])),
            kept_days=_days(purposes.kept_for(KINDS[purpose], rules)),
            switches=tuple(_switched(one, names) for one in known if one.purpose == purpose),
        )
        for purpose in Purpose
    ]


def _days(time: timedelta | None) -> float | None:
    return None if time is None else time / timedelta(days=1)


def _switched(fact: PurposeSwitched, names: Mapping[UUID, str]) -> Switched:
    return Switched(
        is_on=fact.is_on,
        since=fact.since,
        at=fact.at,
        by_name=names.get(fact.by, ""),
        reason=fact.reason,
    )
