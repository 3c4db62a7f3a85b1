"""Courses, groups and the faculties of coordinators over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import person_by_id
from identity.rights import Action, Role, Subject
from identity.sessions import require
from kernel.errors import Invalid
from kernel.ids import new_id
from kernel.web import CLOCK, DATABASE, decode, path_id, query, reply
from schedule.courses import (
    MOST_CREDITS,
    Course,
    Group,
    add_course,
    add_group,
    change_course,
    coordinators_of,
    course_by_id,
    list_courses,
    list_groups,
    scope_of,
    set_scope,
)

Credits = Annotated[int, msgspec.Meta(ge=0, le=MOST_CREDITS)]


class NewCourse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A course to add; `key` is what other systems call it."""

    key: str
    title: str
    summary: str = ""
    faculty: str | None = None
    credits: Credits | None = None
    calendar: str | None = None


class CoursePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall change. `revision` is the one that was read."""

    revision: int
    key: str | msgspec.UnsetType = msgspec.UNSET
    title: str | msgspec.UnsetType = msgspec.UNSET
    summary: str | msgspec.UnsetType = msgspec.UNSET
    faculty: str | msgspec.UnsetType | None = msgspec.UNSET
    credits: Credits | msgspec.UnsetType | None = msgspec.UNSET
    calendar: str | msgspec.UnsetType | None = msgspec.UNSET


class CourseBody(msgspec.Struct, frozen=True, kw_only=True):
    """A course as the API shows it."""

    id: UUID
    key: str
    title: str
    summary: str
    faculty: str | None
    credits: int | None
    calendar: str | None
    revision: int
    created_at: datetime
    page: str


class CourseList(msgspec.Struct, frozen=True):
    """By key; `after` asks for the next ones, null: these were the last."""

    courses: list[CourseBody]
    after: str | None


class CourseQuery(msgspec.Struct, frozen=True):
    """The query string of the list; `after` is a key."""

    faculty: str | None = None
    after: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class NewGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group to add; its name is its key if none is given."""

    key: str
    name: str | None = None
    faculty: str | None = None


class GroupBody(msgspec.Struct, frozen=True):
    """A group as the API shows it."""

    id: UUID
    key: str
    name: str
    faculty: str | None


class GroupList(msgspec.Struct, frozen=True):
    """All groups, by key."""

    groups: list[GroupBody]


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The faculties of a coordinator."""

    faculties: Annotated[list[str], msgspec.Meta(max_length=100)]


def routes() -> list[web.RouteDef]:
    course, scope = "/api/v1/courses/{id}", "/api/v1/people/{id}/scope"
    return [
        web.get("/api/v1/courses", list_all),
        web.post("/api/v1/courses", add),
        web.get(course, show),
        web.patch(course, change),
        web.get("/api/v1/groups", show_groups),
        web.post("/api/v1/groups", make_group),
        web.get(scope, show_scope),
        web.put(scope, replace_scope),
    ]


async def list_all(request: web.Request) -> web.Response:
    asked = query(request, CourseQuery)
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        found = await list_courses(
            connection, faculty=asked.faculty, limit=asked.limit, after=asked.after
        )
    after = found[-1].key if len(found) == asked.limit else None
    return reply(CourseList([_body(course) for course in found], after))


async def show(request: web.Request) -> web.Response:
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        return reply(_body(await course_by_id(connection, path_id(request))))


async def add(request: web.Request) -> web.Response:
    wanted = await decode(request, NewCourse)
    given = msgspec.structs.asdict(wanted)
    course = Course(id=new_id(), created_at=request.app[CLOCK].now(), **given)
    async with request.app[DATABASE].begin() as connection:
        await _require_faculty(request, connection, course.faculty)
        return reply(_body(await add_course(connection, course)), status=HTTPStatus.CREATED)


async def change(request: web.Request) -> web.Response:
    patch = await decode(request, CoursePatch)
    given = {k: v for k, v in msgspec.structs.asdict(patch).items() if v is not msgspec.UNSET}
    async with request.app[DATABASE].begin() as connection:
        course = await course_by_id(connection, path_id(request))
        changed = msgspec.structs.replace(_body(course), **given)
        for faculty in (course.faculty, changed.faculty):
            await _require_faculty(request, connection, faculty)
        values = {k: v for k, v in msgspec.structs.asdict(changed).items() if k != "page"}
        return reply(_body(await change_course(connection, Course(**values))))


async def show_groups(request: web.Request) -> web.Response:
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        return reply(GroupList([_group(group) for group in await list_groups(connection)]))


async def make_group(request: web.Request) -> web.Response:
    wanted = await decode(request, NewGroup)
    group = Group(
        id=new_id(), key=wanted.key, name=wanted.name or wanted.key, faculty=wanted.faculty
    )
    async with request.app[DATABASE].begin() as connection:
        await _require_faculty(request, connection, group.faculty)
        return reply(_group(await add_group(connection, group)), status=HTTPStatus.CREATED)


async def show_scope(request: web.Request) -> web.Response:
    require(request, Action.MANAGE_PEOPLE)
    async with request.app[DATABASE].connect() as connection:
        return reply(Scope(await scope_of(connection, path_id(request))))


async def replace_scope(request: web.Request) -> web.Response:
    wanted = await decode(request, Scope)
    require(request, Action.MANAGE_PEOPLE)
    async with request.app[DATABASE].begin() as connection:
        person = await person_by_id(connection, path_id(request))
        if Role.COORDINATOR not in person.roles:
            raise Invalid(f"{person.name} is not a coordinator.")
        return reply(Scope(await set_scope(connection, person.id, wanted.faculties)))


async def _require_faculty(
    request: web.Request, connection: AsyncConnection, faculty: str | None
) -> None:
    coordinators = await coordinators_of(connection, faculty)
    require(request, Action.MANAGE_COURSE, Subject(coordinators=coordinators))


def _body(course: Course) -> CourseBody:
    return CourseBody(
        id=course.id,
        key=course.key,
        title=course.title,
        summary=course.summary,
        faculty=course.faculty,
        credits=course.credits,
        calendar=course.calendar,
        revision=course.revision,
        created_at=course.created_at,
        page=f"/courses/{course.id}",
    )


def _group(group: Group) -> GroupBody:
    return GroupBody(group.id, group.key, group.name, group.faculty)
