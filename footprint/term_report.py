"""The report of a term: hours of teachers, hours of volunteers, coverage of the calendar."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.volunteering import Volunteering, volunteering
from footprint.workbook import Cell, Table
from identity.rights import Action, Subject, Viewer, allows
from schedule.academic import Period
from schedule.courses import coordinators_by_faculty, list_courses
from schedule.coverage import Coverage, coverage
from schedule.norms import NormTable, list_norms
from schedule.rhythm import calendars_of
from schedule.stretches import teaching_days
from schedule.workload import Taught, Workload, taught_between, workload

_MOST_COURSES = 20_000

HOURS = (
    "teacher", "kind", "planned_classes", "planned_hours", "held_classes", "held_hours",
    "counted_hours", "missed_classes", "cancelled_classes",
)  # fmt: skip
VOLUNTEERS = ("name", "part", "course", "title", "faculty", "lectures", "hours")
COVERAGE = (
    "course", "title", "faculty", "teaching_weeks", "covered_weeks", "bare_weeks",
    "planned_classes", "held_classes", "cancelled_classes", "held_percent",
)  # fmt: skip


class TermReport(msgspec.Struct, frozen=True, kw_only=True):
    """From the day `since` to the day `until`; coverage only of a whole period."""

    since: date
    until: date
    hours: list[Workload]
    volunteers: list[Volunteering]
    coverage: list[Coverage]

    @property
    def is_empty(self) -> bool:
        return not (self.hours or self.volunteers or self.coverage)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and whose each faculty is: teachers see their own hours, helpers theirs, coordinators
    those of their faculties."""

    viewer: Viewer
    coordinators: dict[str, frozenset[UUID]]

    def sees(self, faculty: str | None, lecturer: UUID | None = None) -> bool:
        of = self.coordinators.get(faculty or "", frozenset())
        subject = Subject(lecturer=lecturer, coordinators=of)
        return allows(self.viewer, Action.SEE_ATTENDANCE, subject)

    def sees_helper(self, one: Volunteering) -> bool:
        own = Subject(person=one.person)
        is_own = allows(self.viewer, Action.SEE_OWN_FOOTPRINT, own)
        return is_own or self.sees(one.faculty)


async def term_report(
    connection: AsyncConnection, since: date, until: date, viewer: Viewer, period: Period | None
) -> TermReport:
    """What the viewer may see of it."""
    reader = Reader(viewer, await coordinators_by_faculty(connection))
    taught = await taught_between(connection, since, until)
    norms = NormTable(await list_norms(connection))
    helped = await volunteering(connection, since, until)
    return TermReport(
        since=since,
        until=until,
        hours=workload((one for one in taught if reader.sees(one.faculty, one.lecturer)), norms),
        volunteers=[one for one in helped if reader.sees_helper(one)],
        coverage=await _coverage(connection, period, taught, reader) if period else [],
    )


def tables(report: TermReport) -> dict[str, Table]:
    """By what they tell; columns are named in English, as those of every sheet."""
    return {
        "hours": Table("hours", HOURS, _hours(report.hours)),
        "volunteers": Table("volunteers", VOLUNTEERS, _volunteers(report.volunteers)),
        "coverage": Table("coverage", COVERAGE, _coverages(report.coverage)),
    }


async def _coverage(
    connection: AsyncConnection, period: Period, taught: Iterable[Taught], reader: Reader
) -> list[Coverage]:
    found = await list_courses(connection, limit=_MOST_COURSES)
    calendars = await calendars_of(connection)
    seen = {
        course.id: course
        for course in found
        if calendars.get(course.id) == period.calendar and reader.sees(course.faculty)
    }
    return coverage(period, await teaching_days(connection, period), seen, taught)


def _hours(rows: Iterable[Workload]) -> list[Sequence[Cell]]:
    return [[row.name, *(getattr(row, name) for name in HOURS[1:])] for row in rows]


def _volunteers(rows: Iterable[Volunteering]) -> list[Sequence[Cell]]:
    return [
        [
            one.name,
            one.part,
            one.course_key,
            one.course_title,
            one.faculty,
            one.lectures,
            one.hours,
        ]
        for one in rows
    ]


def _coverages(rows: Iterable[Coverage]) -> list[Sequence[Cell]]:
    return [
        [
            one.key,
            one.title,
            one.faculty,
            one.teaching_weeks,
            one.covered_weeks,
            " ".join(map(str, one.bare_weeks)),
            one.planned_classes,
            one.held_classes,
            one.cancelled_classes,
            one.held_percent,
        ]
        for one in rows
    ]
