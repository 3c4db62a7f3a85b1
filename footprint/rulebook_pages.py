"""Pages of the rule book: policies of attendance with their versions, and a person's categories."""

from datetime import timedelta
from uuid import UUID

from aiohttp import web

from footprint import rulebook
from footprint.policy import Policy
from footprint.policy_preview import MOST_CLASSES
from footprint.rulebook_views import categories_of_asked, policies
from identity.people import people_by_ids, person_by_id
from identity.rights import Action, allows
from identity.sessions import require_person, viewer_of
from kernel.pages import render
from kernel.web import CLOCK, DATABASE, path_id
from schedule.enrolments import CATEGORIES


def routes() -> list[web.RouteDef]:
    return [
        web.get("/attendance/policies", show_policies),
        web.get("/people/{person}/categories", show_categories),
    ]


async def show_policies(request: web.Request) -> web.Response:
    """All versions, newest first; a form for the next one, for who makes rules."""
    require_person(request)
    now = request.app[CLOCK].now()
    async with request.app[DATABASE].connect() as connection:
        known = await rulebook.adopted(connection)
        names = await people_by_ids(connection, {one.by for one in known})
    found = policies(known, now)
    in_force = rulebook.at(known, now)
    return render(
        request,
        "policies.html",
        adopted=list(reversed(found.policies)),
        in_force=in_force,
        names={key: person.name for key, person in names.items()},
        may_adopt=allows(viewer_of(request), Action.MANAGE_CALENDAR),
        suggestion=_next_version({one.policy.version for one in found.policies}, in_force),
        clauses=[(rulebook.clause(number), number) for number in CATEGORIES],
        numbers={rulebook.clause(number): number for number in CATEGORIES},
        most_classes=MOST_CLASSES,
        minutes=_minutes,
    )


async def show_categories(request: web.Request) -> web.Response:
    """One's own categories; those of others with a form, for who manages people."""
    whose: UUID = path_id(request, "person")
    found = await categories_of_asked(request)
    async with request.app[DATABASE].connect() as connection:
        person = await person_by_id(connection, whose)
    return render(
        request,
        "categories.html",
        person=person,
        categories=sorted(found, key=lambda one: (one.begins_on, one.category)),
        is_own=whose == viewer_of(request).person_id,
        may_assign=allows(viewer_of(request), Action.MANAGE_PEOPLE),
        clauses=[(rulebook.clause(number), number) for number in CATEGORIES],
        numbers={rulebook.clause(number): number for number in CATEGORIES},
    )


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60


def _next_version(taken: set[str], policy: Policy) -> str:
    """The version behind, with its last number counted on."""
    stem, _, last = policy.version.rpartition("-")
    stem, number = (stem, int(last)) if last.isdecimal() else (policy.version, 0)
    while True:
        number += 1
        if f"{stem}-{number}" not in taken:
            return f"{stem}-{number}"[-40:]
