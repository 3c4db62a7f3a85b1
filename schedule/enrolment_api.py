"""Enrolments over HTTP. A learner's category and its basis are shown to who manages the course only."""

from dataclasses import replace
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import person_by_login
from identity.rights import Action, Subject, allows
from identity.sessions import require, viewer_of
from kernel.errors import Invalid, NotFound
from kernel.ids import new_id
from kernel.web import CLOCK, DATABASE, decode, path_id, reply
from schedule.courses import course_by_id
from schedule.enrolments import (
    Enrolment,
    Member,
    Part,
    change_enrolment,
    circle_of,
    enrol,
    enrolment_by_id,
    members_of,
)

Category = Annotated[int, msgspec.Meta(ge=1, le=13)]  # clause 1.9


class NewEnrolment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to enrol, by `person` or by `login`; from today on if `since` is left out."""

    person: UUID | None = None
    login: str | None = None
    part: Part = Part.LEARNER
    study_group: UUID | None = None
    category: Category | None = None
    legal_basis: str | None = None
    organisation: str | None = None
    since: date | None = None
    until: date | None = None


class EnrolmentPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall change."""

    study_group: UUID | msgspec.UnsetType | None = msgspec.UNSET
    category: Category | msgspec.UnsetType | None = msgspec.UNSET
    legal_basis: str | msgspec.UnsetType | None = msgspec.UNSET
    organisation: str | msgspec.UnsetType | None = msgspec.UNSET
    since: date | msgspec.UnsetType = msgspec.UNSET
    until: date | msgspec.UnsetType | None = msgspec.UNSET


class MemberBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody of a course. Category and basis are left out for who may not know them."""

    id: UUID
    person: UUID
    login: str
    name: str
    part: Part
    group: str | None
    organisation: str | None
    since: date
    until: date | None
    category: int | msgspec.UnsetType | None = msgspec.UNSET
    legal_basis: str | msgspec.UnsetType | None = msgspec.UNSET


class MemberList(msgspec.Struct, frozen=True):
    """Everybody who is or was enrolled; those who teach come first."""

    enrolments: list[MemberBody]


class Enrolled(msgspec.Struct, frozen=True):
    """The enrolment that was made or changed."""

    id: UUID
    changed_at: datetime


def routes() -> list[web.RouteDef]:
    of_course = "/api/v1/courses/{id}/enrolments"
    return [
        web.get(of_course, show),
        web.post(of_course, add),
        web.patch("/api/v1/enrolments/{id}", change),
    ]


async def show(request: web.Request) -> web.Response:
    async with request.app[DATABASE].connect() as connection:
        subject = await course_subject(request, connection, path_id(request))
        viewer = require(request, Action.SEE_ROLL, subject)
        members = await members_of(connection, path_id(request))
    knows = allows(viewer, Action.MANAGE_COURSE, subject)
    return reply(MemberList([_body(member, knows=knows) for member in members]))


async def add(request: web.Request) -> web.Response:
    wanted, now = await decode(request, NewEnrolment), request.app[CLOCK].now()
    async with request.app[DATABASE].begin() as connection:
        course = path_id(request)
        require(request, Action.MANAGE_COURSE, await course_subject(request, connection, course))
        given = {k: v for k, v in msgspec.structs.asdict(wanted).items() if k != "login"}
        given["person"] = wanted.person or await _by_login(connection, wanted.login)
        given["since"] = wanted.since or now.date()
        made = await enrol(
            connection, Enrolment(id=new_id(), course=course, changed_at=now, **given)
        )
    return reply(Enrolled(made.id, now), status=HTTPStatus.CREATED)


async def change(request: web.Request) -> web.Response:
    patch, now = await decode(request, EnrolmentPatch), request.app[CLOCK].now()
    given: dict[str, Any] = msgspec.structs.asdict(patch)
    given = {name: value for name, value in given.items() if value is not msgspec.UNSET}
    async with request.app[DATABASE].begin() as connection:
        before = await enrolment_by_id(connection, path_id(request))
        subject = await course_subject(request, connection, before.course)
        require(request, Action.MANAGE_COURSE, subject)
        changed = await change_enrolment(connection, replace(before, changed_at=now, **given))
    return reply(Enrolled(changed.id, now))


async def course_subject(
    request: web.Request, connection: AsyncConnection, course: UUID
) -> Subject:
    """The course as it is today, for rights; NotFound when there is none."""
    await course_by_id(connection, course)
    circle = await circle_of(connection, course, request.app[CLOCK].now().date())
    return circle.subject(person=viewer_of(request).person_id)


async def _by_login(connection: AsyncConnection, login: str | None) -> UUID:
    if login is None:
        raise Invalid("Say who: by `person`, or by `login`.")
    try:
        return (await person_by_login(connection, login)).id
    except NotFound as error:
        raise Invalid(f"Nobody signs in as {login[:100]}.") from error


def _body(member: Member, *, knows: bool) -> MemberBody:
    one = member.enrolment
    shown = MemberBody(
        id=one.id,
        person=one.person,
        login=member.login,
        name=member.name,
        part=one.part,
        group=member.group,
        organisation=one.organisation,
        since=one.since,
        until=one.until,
    )
    if not knows:
        return shown
    return msgspec.structs.replace(shown, category=one.category, legal_basis=one.legal_basis)
