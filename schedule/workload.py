"""Workload: academic hours that were planned and that were delivered, by teacher and kind of study work.

We report facts; what they are worth in pay others calculate (seed 1.7).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people
from kernel.pages import HOUSE_ZONE
from schedule.courses import courses
from schedule.lectures import lectures
from schedule.lifecycle import LectureState
from schedule.norms import NormTable
from schedule.study_work import Kind

_ZONE = ZoneInfo(HOUSE_ZONE)
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A class, as far as its hours go."""

    lecture: UUID
    lecturer: UUID
    lecturer_name: str
    kind: Kind
    course: UUID | None
    faculty: str | None
    starts_at: datetime
    ends_at: datetime
    state: LectureState
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def planned(self) -> timedelta:
        return self.ends_at - self.starts_at

    @property
    def held(self) -> timedelta | None:
        """From the first word to the last; None while that is not known, or when nobody taught it."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(self.ended_at - self.started_at, _NOTHING)

    @property
    def is_over(self) -> bool:
        return self.state in {LectureState.ENDED, LectureState.PUBLISHED}


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """A teacher's classes of one kind. Hours are academic ones.

    `counted_hours` are those that were held, up to the planned ones, times the norm's factor.
    """

    lecturer: UUID
    name: str
    kind: Kind
    planned_classes: int  # cancelled ones are not among them
    planned_hours: float
    held_classes: int
    held_hours: float
    counted_hours: float
    missed_classes: int  # planned, and never begun
    cancelled_classes: int


@dataclass(slots=True)
class _Sum:
    name: str = ""
    counts: dict[str, float] = field(default_factory=dict)

    def add(self, **more: float) -> None:
        for name, number in more.items():
            self.counts[name] = self.counts.get(name, 0) + number

    def count(self, name: str) -> int:
        return round(self.counts.get(name, 0))

    def hours(self, name: str) -> float:
        return round(self.counts.get(name, 0), 2)


async def taught_between(connection: AsyncConnection, first: date, last: date) -> list[Taught]:
    """The classes that begin on the university's days from `first` to `last`, by start."""
    since, until = (datetime.combine(day, time(0), _ZONE) for day in (first, _after(last)))
    own = ("lecturer", "kind", "course", "starts_at", "ends_at", "state", "started_at", "ended_at")
    query = (
        sa.select(
            lectures.c.id.label("lecture"),
            *(lectures.c[name] for name in own),
            people.c.name.label("lecturer_name"),
            courses.c.faculty,
        )
        .join(people, lectures.c.lecturer == people.c.id)
        .join(courses, lectures.c.course == courses.c.id, isouter=True)
        .where(lectures.c.starts_at >= since, lectures.c.starts_at < until)
        .order_by(lectures.c.starts_at, lectures.c.id)
    )
    return [_taught(row) for row in await connection.execute(query)]


def workload(taught: Iterable[Taught], norms: NormTable) -> list[Workload]:
    """By name, then by kind."""
    sums: dict[tuple[UUID, Kind], _Sum] = {}
    for one in taught:
        _add(sums.setdefault((one.lecturer, one.kind), _Sum(one.lecturer_name)), one, norms)
    rows = [_row(lecturer, kind, found) for (lecturer, kind), found in sums.items()]
    return sorted(rows, key=lambda row: (row.name.casefold(), row.lecturer, row.kind))


def _add(into: _Sum, one: Taught, norms: NormTable) -> None:
    if one.state is LectureState.CANCELLED:
        into.add(cancelled=1)
        return
    norm = norms.on(one.kind, one.starts_at.astimezone(_ZONE).date())
    into.add(planned=1, planned_hours=norm.hours(one.planned))
    if one.held is not None:
        counted = norm.hours(min(one.held, one.planned)) * norm.factor
        into.add(held=1, held_hours=norm.hours(one.held), counted_hours=counted)
    elif one.is_over:
        into.add(missed=1)


def _row(lecturer: UUID, kind: Kind, found: _Sum) -> Workload:
    return Workload(
        lecturer=lecturer,
        name=found.name,
        kind=kind,
        planned_classes=found.count("planned"),
        planned_hours=found.hours("planned_hours"),
        held_classes=found.count("held"),
        held_hours=found.hours("held_hours"),
        counted_hours=found.hours("counted_hours"),
        missed_classes=found.count("missed"),
        cancelled_classes=found.count("cancelled"),
    )


def _taught(row: Any) -> Taught:
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row's mapping
    return Taught(
        **{**values, "kind": Kind(values["kind"]), "state": LectureState(values["state"])}
    )


def _after(day: date) -> date:
    return day + timedelta(days=1)
