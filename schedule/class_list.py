"""Class lists: a timetable of single classes, as another system plans it, taken in one go.

`ClassRow` is the seam to such a system, as `RosterRow` is for rosters; `class_sheet` and
`ical_reading` make rows of files. A class is known again by its key, which the other system chose; a key may also
be the id of one of our lectures, as in a list that was exported.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import Person, list_people, login_key
from identity.rights import Role
from kernel.database import Id, metadata
from kernel.errors import DarisError, Invalid
from kernel.sentence import sentence
from schedule import planning
from schedule.channels import list_channels
from schedule.class_row import ClassRow
from schedule.courses import coordinators_by_faculty, key_of, list_courses, list_groups
from schedule.lectures import Filter, add_lectures, lectures, list_lectures
from schedule.lifecycle import Lecture, LectureState, Policy
from schedule.occupancy import Occupancy, Stay
from schedule.planning import Author, Changes, Plan
from schedule.policy_versions import check_is_published
from schedule.progress import Progress, Step, Walk, no_progress
from schedule.roster import MayManage
from schedule.sheet import Findings
from schedule.study_work import PLAIN

_AT_ONCE: Final = 500
_TAKEN: Final = {
    "lecturer": "{name} teaches “{title}” from {begins} to {ends}.",
    "group": "The group {name} has “{title}” from {begins} to {ends}.",
    "auditorium": "The auditorium {name} has “{title}” from {begins} to {ends}.",
    "channel": "The channel {name} has “{title}” from {begins} to {ends}.",
}
_NO_COURSE: Final = "There is no course {key}; import the rosters first."
_NO_GROUP: Final = "There is no group {key}; import the rosters first."
_OCCUPYING = (LectureState.PLANNED, LectureState.OPEN, LectureState.LIVE)

lecture_keys = sa.Table(
    "lecture_keys",
    metadata,
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("lecture", Id, sa.ForeignKey("lectures.id"), nullable=False, unique=True),
)


class ClassesTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a class list; nothing of it is saved while findings stand that are no notes."""

    added: int = 0
    changed: int = 0
    cancelled: int = 0
    same: int = 0


async def take_classes(
    connection: AsyncConnection,
    rows: Sequence[ClassRow],
    findings: Findings,
    by: Author,
    *,
    policy: Policy,
    versions: Collection[str] = (),
    may_manage: MayManage = lambda _coordinators: True,
    progress: Progress = no_progress,
) -> ClassesTaken:
    """Plan, change and cancel; `versions` are the attendance policies that there are. The caller's
    transaction must be rolled back on findings."""
    term = await _Term.read(connection, rows, by, findings, may_manage, versions=versions)
    async for some in Walk(progress, Step.CHECKED, len(rows)).over(rows):
        for row in some:
            try:
                term.take(row)
            except DarisError as error:
                findings.add(row.number, error)
    await term.save(connection, policy, progress)
    return term.taken()


async def keys_of_lectures(connection: AsyncConnection) -> dict[str, UUID]:
    """Which lecture each key names."""
    rows = await connection.execute(sa.select(lecture_keys.c.key, lecture_keys.c.lecture))
    return {row.key: row.lecture for row in rows}


@dataclass(slots=True)
class _Term:
    """Everything a row may name, in memory, and what shall become of it."""

    by: Author
    findings: Findings
    teachers: Mapping[str, Person]
    courses: Mapping[str, UUID]
    closed: Collection[UUID]  # courses that are for others to plan
    groups: Mapping[str, UUID]
    known: Mapping[str, Lecture]
    occupancy: Occupancy
    channels: Collection[str]
    versions: Collection[str]  # of attendance policies
    names: Mapping[Hashable, tuple[str, str]]  # which sentence a claim has, and its name
    seen: dict[str, int] = field(default_factory=dict)
    added: list[tuple[str, Plan, str]] = field(default_factory=list)
    changed: list[tuple[int, Lecture, Plan]] = field(default_factory=list)
    cancelled: list[Lecture] = field(default_factory=list)
    same: int = 0

    @classmethod
    async def read(
        cls,
        connection: AsyncConnection,
        rows: Sequence[ClassRow],
        by: Author,
        findings: Findings,
        may_manage: MayManage,
        *,
        versions: Collection[str],
    ) -> "_Term":
        courses = await list_courses(connection, limit=100_000)
        coordinators = await coordinators_by_faculty(connection)
        known = await _known(connection, {row.key for row in rows})
        everybody = await list_people(connection, limit=1_000_000)
        groups = await list_groups(connection)
        names: dict[Hashable, tuple[str, str]] = {
            person.id: ("lecturer", person.name) for person in everybody
        }
        names |= {group.id: ("group", group.name) for group in groups}
        channels = {one.id for one in await list_channels(connection)}
        names |= {_on_air(one): ("channel", one) for one in channels}
        return cls(
            by=by,
            findings=findings,
            teachers={login_key(one.login): one for one in everybody if _may_teach(one)},
            courses={one.key: one.id for one in courses},
            closed={
                one.id
                for one in courses
                if not may_manage(coordinators.get(one.faculty or "", frozenset()))
            },
            groups={group.key: group.id for group in groups},
            known=known,
            occupancy=await _occupied(connection, rows, {one.id for one in known.values()}),
            channels=channels,
            versions=versions,
            names=names,
        )

    def take(self, row: ClassRow) -> None:
        if row.key in self.seen:
            raise Invalid(
                sentence(
                    "The key {key} is in row {row} already.", key=row.key, row=self.seen[row.key]
                )
            )
        self.seen[row.key] = row.number
        before = self.known.get(row.key)
        self._check_is_open(before.work.course if before else None)
        if row.is_cancelled:
            self._cancel(before)
            return
        teacher = self._teacher(row)
        plan = planning.check_plan(self._plan(row, teacher, before), now=self.by.at)
        self._check_is_open(plan.work.course)
        if before is None and plan.ends_at <= self.by.at:
            self.findings.add(row.number, "This class is past; it is left out.", is_note=True)
        elif before is not None and _is_like(before, plan):
            self.same += 1
            self._occupy(plan)
        elif before is not None and before.state is not LectureState.PLANNED:
            told = sentence(
                "“{title}” has begun or is over and stays as it is.", title=before.title
            )
            self.findings.add(row.number, told, is_note=True)
        else:
            self._check_is_free(plan)
            self._occupy(plan)
            self._put(row, before, plan, teacher)

    def _put(self, row: ClassRow, before: Lecture | None, plan: Plan, teacher: Person) -> None:
        if before is None:
            self.added.append((row.key, plan, teacher.name))
        else:
            self.changed.append((row.number, before, plan))

    def _cancel(self, before: Lecture | None) -> None:
        if before is not None and before.state in {LectureState.PLANNED, LectureState.OPEN}:
            self.cancelled.append(before)
        else:
            self.same += 1

    def _teacher(self, row: ClassRow) -> Person:
        teacher = self.teachers.get(login_key(row.lecturer))
        if teacher is None:
            raise Invalid(sentence("No lecturer signs in as {login}.", login=row.lecturer))
        return teacher

    def _plan(self, row: ClassRow, teacher: Person, before: Lecture | None) -> Plan:
        if row.attendance_policy:
            check_is_published(row.attendance_policy, self.versions)
        work = replace(  # what a list does not tell stays as it is
            PLAIN if before is None else before.work,
            course=None if row.course is None else _found(self.courses, row.course, _NO_COURSE),
            groups=tuple(_found(self.groups, key, _NO_GROUP) for key in row.groups),
            kind=row.kind,
            mode=row.mode,
            auditorium=row.auditorium,
            channel=self._channel(row),
            **row.rules,
        )
        return Plan(
            title=row.title,
            lecturer=teacher.id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            summary=row.summary,
            is_recorded=row.is_recorded,
            work=work,
        )

    def _channel(self, row: ClassRow) -> str | None:
        if row.channel is not None and row.channel not in self.channels:
            raise Invalid(sentence("There is no channel {key}.", key=row.channel))
        return row.channel

    def _check_is_open(self, course: UUID | None) -> None:
        if course in self.closed:
            raise Invalid("This course is of a faculty that others coordinate.")

    def _check_is_free(self, plan: Plan) -> None:
        clash = self.occupancy.clash(_claims(plan), plan.starts_at, plan.ends_at)
        if clash is None:
            return
        claim, stay = clash
        zone = self.by.zone
        code, name = self.names.get(claim, ("auditorium", claim))
        told = sentence(
            _TAKEN[code],
            name=name,
            title=stay.title,
            begins=f"{stay.starts_at.astimezone(zone):%Y-%m-%d %H:%M}",
            ends=f"{stay.ends_at.astimezone(zone):%H:%M}",
        )
        raise Invalid(told)

    def _occupy(self, plan: Plan) -> None:
        self.occupancy.add(_claims(plan), Stay(plan.starts_at, plan.ends_at, plan.title))

    async def save(self, connection: AsyncConnection, policy: Policy, progress: Progress) -> None:
        of = len(self.added) + len(self.cancelled) + len(self.changed)
        walk = Walk(progress, Step.SAVED, of)
        async for some in walk.over(self.added):
            await self._add(connection, some)
        async for gone in walk.over(self.cancelled):
            for before in gone:
                await planning.cancel(connection, before.id, self.by)
        async for others in walk.over(self.changed):
            for number, before, plan in others:
                try:
                    await self._change(connection, before, plan, policy)
                except DarisError as error:
                    self.findings.add(number, error)

    async def _add(
        self, connection: AsyncConnection, some: Sequence[tuple[str, Plan, str]]
    ) -> None:
        planned = [(key, planning.drawn_up(plan, name, self.by)) for key, plan, name in some]
        await add_lectures(connection, [made for _, made in planned])
        rows = [{"key": key, "lecture": lecture.id} for key, (lecture, _) in planned]
        await connection.execute(lecture_keys.insert(), rows)

    async def _change(
        self, connection: AsyncConnection, before: Lecture, plan: Plan, policy: Policy
    ) -> None:
        changes = Changes(**{name: getattr(plan, name) for name in _OF_A_PLAN})
        await planning.change(
            connection,
            before.id,
            changes,
            self.by,
            revision=before.revision,
            policy=policy,
            is_free=True,
        )

    def taken(self) -> ClassesTaken:
        return ClassesTaken(
            added=len(self.added),
            changed=len(self.changed),
            cancelled=len(self.cancelled),
            same=self.same,
        )


_OF_A_PLAN: Final = (
    "title", "summary", "lecturer", "starts_at", "ends_at", "is_recorded", "work",
)  # fmt: skip


def _is_like(lecture: Lecture, plan: Plan) -> bool:
    is_off = lecture.state is LectureState.CANCELLED
    return not is_off and all(getattr(lecture, n) == getattr(plan, n) for n in _OF_A_PLAN)


def _claims(plan: Plan) -> Iterable[Hashable]:
    yield plan.lecturer
    yield from plan.work.groups
    if plan.work.auditorium is not None:
        yield plan.work.auditorium
    if plan.work.channel is not None:
        yield _on_air(plan.work.channel)


def _on_air(channel: str) -> Hashable:
    """A claim of its own kind: an auditorium may bear the same name."""
    return "channel", channel


def _may_teach(person: Person) -> bool:
    return person.disabled_at is None and bool(person.roles & {Role.LECTURER, Role.ADMIN})


def _found(known: Mapping[str, UUID], key: str, missing: str) -> UUID:
    if (found := known.get(key_of(key))) is None:
        raise Invalid(sentence(missing, key=key))
    return found


async def _known(connection: AsyncConnection, asked: set[str]) -> dict[str, Lecture]:
    """The lectures that the keys name, by key."""
    ids = {
        key: lecture
        for key, lecture in (await keys_of_lectures(connection)).items()
        if key in asked
    }
    ids |= {key: one for key in asked - ids.keys() if (one := _as_id(key))}
    wanted = list(ids.values())
    found: dict[UUID, Lecture] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        some = wanted[first : first + _AT_ONCE]
        found |= {
            one.id: one for one in await list_lectures(connection, Filter(ids=some), limit=_AT_ONCE)
        }
    return {key: found[lecture] for key, lecture in ids.items() if lecture in found}


def _as_id(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None


async def _occupied(
    connection: AsyncConnection, rows: Sequence[ClassRow], apart_from: set[UUID]
) -> Occupancy:
    """What else is planned in the time of the rows."""
    occupancy = Occupancy()
    if not rows:
        return occupancy
    own = ("id", "title", "lecturer", "starts_at", "ends_at", "groups", "auditorium", "channel")
    query = sa.select(*(lectures.c[name] for name in own)).where(
        lectures.c.starts_at < max(row.ends_at for row in rows).astimezone(UTC),
        lectures.c.ends_at > min(row.starts_at for row in rows).astimezone(UTC),
        lectures.c.state.in_(_OCCUPYING),
    )
    for one in await connection.execute(query):
        if one.id not in apart_from:
            claims: list[Any] = [one.lecturer, *one.groups]
            claims += [] if one.auditorium is None else [one.auditorium]
            claims += [] if one.channel is None else [_on_air(one.channel)]
            occupancy.add(claims, Stay(one.starts_at, one.ends_at, one.title))
    return occupancy
