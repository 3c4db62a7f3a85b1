"""Rosters: who belongs to which course, as the student system says it, in one go.

`RosterRow` is the seam to such a system: whatever makes these rows, a sheet or an adapter that asks
the system itself, `take_roster` takes them. A row is known again by course, person, part and first
day, so that the same roster taken twice changes nothing the second time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import login_key, people
from identity.rights import Role
from kernel.errors import DarisError
from kernel.ids import new_id
from kernel.sentence import sentence
from schedule.courses import (
    Course,
    Group,
    check_course,
    coordinators_by_faculty,
    courses,
    key_of,
    list_groups,
    study_groups,
)
from schedule.enrolments import Enrolment, Member, Part, check_enrolment, enrolments
from schedule.progress import Progress, Step, Walk, no_progress
from schedule.sheet import Findings, Row, misfit, read_sheet, write_sheet

COLUMNS: Final = (
    "course", "course_title", "faculty", "login", "name", "part", "group", "category",
    "legal_basis", "organisation", "since", "until",
)  # fmt: skip
_NEEDED: Final = ("course", "login")
_ROLES: Final = {
    Part.LEARNER: Role.STUDENT,
    Part.LECTURER: Role.LECTURER,
    Part.TUTOR: Role.TUTOR,
    Part.VOLUNTEER: Role.VOLUNTEER,
}

MayManage = Callable[[frozenset[UUID]], bool]  # a course of a faculty with these coordinators


class RosterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One person in one course. Texts are as in the sheet; None is left as it is."""

    number: int
    course: str
    login: str
    part: Part = Part.LEARNER
    course_title: str | None = None
    faculty: str | None = None
    name: str | None = None
    group: str | None = None
    category: int | None = None
    legal_basis: str | None = None
    organisation: str | None = None
    since: date | None = None
    until: date | None = None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; nothing of it is saved while there are findings that are no notes."""

    added: int = 0
    changed: int = 0
    same: int = 0
    courses: int = 0  # added
    groups: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """Who imports, when, and what they may."""

    at: datetime
    today: date
    may_add_people: bool
    may_manage: MayManage


def read_roster(data: bytes) -> tuple[list[RosterRow], Findings]:
    """The rows of a sheet that can be understood, and a finding for each that can't."""
    findings = Findings()
    rows: list[RosterRow] = []
    for row in read_sheet(data, columns=COLUMNS, needed=_NEEDED):
        try:
            rows.append(_row(row))
        except msgspec.ValidationError as error:
            findings.add(row.number, misfit(row, error))
        except DarisError as error:
            findings.add(row.number, error)
    return rows, findings


def write_roster(course: Course, members: Iterable[Member]) -> bytes:
    """A sheet that can be read again."""
    return write_sheet(COLUMNS, (_cells(course, member) for member in members))


async def take_roster(
    connection: AsyncConnection,
    rows: Sequence[RosterRow],
    findings: Findings,
    by: Importer,
    progress: Progress = no_progress,
) -> Taken:
    """Save the rows. The caller's transaction must be rolled back when there are findings."""
    register = await _Register.read(connection, by, findings)
    async for some in Walk(progress, Step.CHECKED, len(rows)).over(rows):
        for row in some:
            try:
                register.take(row)
            except DarisError as error:
                findings.add(row.number, error)
    await register.save(connection, progress)
    return register.taken()


@dataclass(slots=True)
class _Register:
    """Everything a row may name, in memory, and what is new of it."""

    by: Importer
    findings: Findings
    courses: dict[str, Course]
    groups: dict[str, Group]
    people: dict[str, UUID]
    enrolled: dict[tuple[UUID, UUID, Part], list[Enrolment]]
    coordinators: dict[str, frozenset[UUID]]
    new_courses: list[dict[str, Any]] = field(default_factory=list)
    new_groups: list[dict[str, Any]] = field(default_factory=list)
    new_people: list[dict[str, Any]] = field(default_factory=list)
    added: dict[UUID, Enrolment] = field(default_factory=dict)
    changed: dict[UUID, Enrolment] = field(default_factory=dict)
    seen: dict[UUID, int] = field(default_factory=dict)  # enrolment → row
    same: int = 0

    @classmethod
    async def read(
        cls, connection: AsyncConnection, by: Importer, findings: Findings
    ) -> "_Register":
        everybody = await connection.execute(sa.select(people.c.login_key, people.c.id))
        enrolled = defaultdict(list)
        for row in await connection.execute(sa.select(enrolments)):
            one = Enrolment(**{**row._mapping, "part": Part(row.part)})  # noqa: SLF001
            enrolled[one.course, one.person, one.part].append(one)
        all_courses = await connection.execute(sa.select(courses))
        return cls(
            by=by,
            findings=findings,
            courses={row.key: Course(**row._mapping) for row in all_courses},  # noqa: SLF001
            groups={group.key: group for group in await list_groups(connection)},
            people={row.login_key: row.id for row in everybody},
            enrolled=enrolled,
            coordinators=await coordinators_by_faculty(connection),
        )

    def take(self, row: RosterRow) -> None:
        course = self._course(row)
        person = self._person(row)
        group = self._group(row)
        if course is None or person is None:
            return
        of = self.enrolled[course.id, person, row.part]
        before = _match(of, row.since)
        wanted = check_enrolment(self._wanted(row, course, person, group, before))
        clash = next((one for one in of if one is not before and _overlap(one, wanted)), None)
        if clash is not None:
            told = sentence(
                "{login} is enrolled from {since} already.", login=row.login, since=clash.since
            )
            self.findings.add(row.number, told)
        elif wanted.id in self.seen:
            first = self.seen[wanted.id]
            self.findings.add(row.number, sentence("This is in row {row} already.", row=first))
        else:
            self.seen[wanted.id] = row.number
            self._put(of, before, wanted)

    def _wanted(
        self,
        row: RosterRow,
        course: Course,
        person: UUID,
        group: UUID | None,
        before: Enrolment | None,
    ) -> Enrolment:
        wanted = before or Enrolment(
            id=new_id(),
            course=course.id,
            person=person,
            part=row.part,
            since=row.since or self.by.today,
            changed_at=self.by.at,
        )
        said: dict[str, Any] = {
            "study_group": group,
            "category": row.category,
            "legal_basis": row.legal_basis,
            "organisation": row.organisation,
            "until": row.until,
        }
        return replace(wanted, **{k: v for k, v in said.items() if v is not None})

    def _put(self, of: list[Enrolment], before: Enrolment | None, wanted: Enrolment) -> None:
        if before is None:
            of.append(wanted)
            self.added[wanted.id] = wanted
        elif wanted == before:
            self.same += 1
        else:
            of[of.index(before)] = wanted
            self.changed[wanted.id] = replace(wanted, changed_at=self.by.at)

    def _course(self, row: RosterRow) -> Course | None:
        key = key_of(row.course)
        known = self.courses.get(key)
        if known is None:
            if row.course_title is None:
                told = sentence("There is no course {key}; course_title makes it.", key=key)
                self.findings.add(row.number, told)
                return None
            known = check_course(
                Course(
                    id=new_id(),
                    key=key,
                    title=row.course_title,
                    faculty=row.faculty,
                    created_at=self.by.at,
                )
            )
        if not self.by.may_manage(self.coordinators.get(known.faculty or "", frozenset())):
            told = sentence("{key} is of a faculty that others coordinate.", key=key)
            self.findings.add(row.number, told)
            return None
        if key not in self.courses:
            self.courses[key] = known
            self.new_courses.append({c.name: getattr(known, c.name) for c in courses.c})
        return known

    def _group(self, row: RosterRow) -> UUID | None:
        if row.group is None:
            return None
        key = key_of(row.group)
        if key not in self.groups:
            group = Group(id=new_id(), key=key, name=row.group, faculty=row.faculty)
            self.groups[key] = group
            self.new_groups.append({c.name: getattr(group, c.name) for c in study_groups.c})
        return self.groups[key].id

    def _person(self, row: RosterRow) -> UUID | None:
        key = login_key(row.login)
        if key in self.people:
            return self.people[key]
        if row.name is None or not self.by.may_add_people:
            told = sentence(
                "Nobody signs in as {login}; an administrator imports new people, with their name.",
                login=row.login,
            )
            self.findings.add(row.number, told)
            return None
        person = new_id()
        values = {
            "id": person,
            "login": row.login,
            "login_key": key,
            "name": row.name,
            "roles": [_ROLES[row.part]],
            "home_organisation": row.organisation,
            "created_at": self.by.at,
        }
        self.people[key] = person
        self.new_people.append(values)
        return person

    async def save(self, connection: AsyncConnection, progress: Progress) -> None:
        new = (
            (courses, self.new_courses),
            (study_groups, self.new_groups),
            (people, self.new_people),
            (enrolments, [_values(one) for one in self.added.values()]),
        )
        changed = list(self.changed.values())
        walk = Walk(progress, Step.SAVED, sum(len(rows) for _, rows in new) + len(changed))
        for table, rows in new:
            async for some in walk.over(rows):
                await connection.execute(table.insert(), list(some))
        async for these in walk.over(changed):
            for one in these:
                which = enrolments.c.id == one.id
                await connection.execute(enrolments.update().where(which).values(_values(one)))

    def taken(self) -> Taken:
        return Taken(
            added=len(self.added),
            changed=len(self.changed),
            same=self.same,
            courses=len(self.new_courses),
            groups=len(self.new_groups),
            people=len(self.new_people),
        )


def _match(of: Sequence[Enrolment], since: date | None) -> Enrolment | None:
    """The one that begins then; the latest when no day is said."""
    if since is None:
        return max(of, key=lambda one: one.since, default=None)
    return next((one for one in of if one.since == since), None)


def _overlap(one: Enrolment, other: Enrolment) -> bool:
    is_before = one.until is not None and one.until < other.since
    is_behind = other.until is not None and other.until < one.since
    return not is_before and not is_behind


def _values(enrolment: Enrolment) -> dict[str, Any]:
    return {column.name: getattr(enrolment, column.name) for column in enrolments.c}


def _row(row: Row) -> RosterRow:
    given = {name: cell for name, cell in row.cells.items() if cell}
    if "part" in given:
        given["part"] = given["part"].casefold()
    return msgspec.convert({"number": row.number, **_within(given)}, RosterRow, strict=False)


def _within(given: dict[str, str]) -> dict[str, str]:
    """Clause numbers may be written whole: 1.9.5."""
    if given.get("category", "").startswith("1.9."):
        given["category"] = given["category"].removeprefix("1.9.")
    return given


def _cells(course: Course, member: Member) -> list[object]:
    one = member.enrolment
    return [
        course.key, course.title, course.faculty, member.login, member.name, one.part,
        member.group, one.category, one.legal_basis, one.organisation, one.since, one.until,
    ]  # fmt: skip
