"""The classes of one person, over all courses, each judged by its policy."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import rulebook
from footprint.attendance import (
    Attendance,
    Besides,
    Mark,
    Presence,
    Span,
    attendance,
    counted_window,
)
from footprint.events import AttendanceMarked, CategoryAssigned, PolicyAdopted
from footprint.expected import all_enrolments_of, day_of, expected_of
from footprint.kinds import decode
from footprint.log import Kept, event
from footprint.marks import as_mark
from footprint.policy import Policy
from footprint.viewings import covered_in
from schedule.academic import UNIVERSITY, Period, list_periods, week_of
from schedule.courses import courses
from schedule.enrolments import Enrolment
from schedule.lectures import lectures
from schedule.rhythm import calendars_of
from schedule.series import series, series_classes

_MARKED: Final = str(AttendanceMarked.__struct_config__.tag)
_PLAYED: Final = ("view-paused", "view-ended", "statement-received")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonClass:
    """One class as it is for one person. `attendance` is None where nothing is known of them and
    they were not expected."""

    lecture: UUID
    title: str
    course: UUID | None
    course_title: str  # the series' where it is of no course; may be empty
    period: str  # its name; empty outside of any
    week: int | None  # of teaching
    starts_at: datetime
    window: Span
    is_teacher: bool
    was_taught: bool
    attendance: Attendance | None


@dataclass(frozen=True, slots=True)
class _Planned:
    """What counting needs of a lecture."""

    row: sa.Row[Any]
    window: Span
    policy: Policy


@dataclass(frozen=True, slots=True)
class _Rules:
    """What judges one person."""

    policies: list[PolicyAdopted]
    categories: list[CategoryAssigned]
    enrolments: list[Enrolment]

    def categories_on(self, day: date, course: UUID | None) -> list[str]:
        enrolled = (
            rulebook.clause(one.category)
            for one in self.enrolments
            if one.category is not None and one.course == course and one.is_in_force(day)
        )
        return [*(one.category for one in self.categories if one.is_on(day)), *enrolled]


async def person_classes(
    connection: AsyncConnection,
    person: UUID,
    stays: Mapping[UUID, Sequence[Presence]],
    *,
    now: datetime,
) -> list[PersonClass]:
    """Every class in which the person was, taught, was expected or is marked, oldest first. `stays`
    are theirs, by lecture."""
    rules = _Rules(
        await rulebook.adopted(connection),
        await rulebook.assigned(connection, person),
        await all_enrolments_of(connection, person),
    )
    marks = await _marks(connection, person)
    watched = await _watched(connection, person, rules)
    expected = await expected_of(connection, person)
    known = {*stays, *marks, *watched, *expected} - {None}
    periods = await list_periods(connection)
    found = []
    every = await _lectures(connection, known, person, now, rules)
    calendars = await calendars_of(
        connection, {one.row.course for one in every if one.row.course is not None}
    )
    for planned in every:
        lecture = planned.row.id
        rows = attendance(
            stays.get(lecture, ()),
            planned.window,
            planned.policy,
            marks.get(lecture, ()),
            _besides(person, rules, planned, watched.get(lecture, ()), lecture in expected),
        )
        calendar = calendars.get(planned.row.course, UNIVERSITY)
        followed = [one for one in periods if one.calendar == calendar]
        found.append(_class(planned.row, planned.window, person, followed, rows))
    return found


async def _marks(connection: AsyncConnection, person: UUID) -> Mapping[UUID, list[Mark]]:
    query = (
        sa.select(event.c.lecture, event.c.payload)
        .where(event.c.person == person, event.c.kind == _MARKED, event.c.payload.is_not(None))
        .order_by(event.c.occurred_at, event.c.seq)
    )
    found: defaultdict[UUID, list[Mark]] = defaultdict(list)
    for row in await connection.execute(query):
        found[row.lecture].append(as_mark(decode(row.payload)))
    return found


async def _watched(
    connection: AsyncConnection, person: UUID, rules: _Rules
) -> Mapping[UUID, list[Kept]]:
    """What the person played of recordings, and how these were edited, by lecture; not asked for when
    no rule does."""
    found: defaultdict[UUID, list[Kept]] = defaultdict(list)
    if not any(one.policy.looks_at_recordings for one in rules.policies):
        return found
    query = sa.select(event.c.seq, event.c.lecture, event.c.payload, event.c.received_at).where(
        event.c.lecture.is_not(None), event.c.payload.is_not(None)
    )
    views = query.where(event.c.person == person, event.c.kind.in_(_PLAYED))
    for row in await connection.execute(views):
        found[row.lecture].append(Kept(row.seq, decode(row.payload), row.received_at))
    edits = query.where(event.c.kind == "recording-edited", event.c.lecture.in_(tuple(found)))
    for row in await connection.execute(edits):
        found[row.lecture].append(Kept(row.seq, decode(row.payload), row.received_at))
    return found


def _besides(
    person: UUID, rules: _Rules, planned: _Planned, played: Iterable[Kept], is_expected: bool
) -> Besides:
    categories = rules.categories_on(day_of(planned.row.starts_at), planned.row.course)
    replay = planned.policy.of(categories).asynchronous
    covered = {}
    if replay is not None:
        covered = covered_in(played, planned.window.ended_at + timedelta(days=replay.days))
    expected = [person] if is_expected else []
    return Besides(covered=covered, categories={person: categories}, expected=expected)


async def _lectures(
    connection: AsyncConnection,
    known: Collection[UUID],
    person: UUID,
    now: datetime,
    rules: _Rules,
) -> list[_Planned]:
    """Those, and what the person taught."""
    taught = (lectures.c.lecturer == person) & lectures.c.started_at.is_not(None)
    query = (
        sa.select(
            lectures,
            courses.c.title.label("course_title"),
            series.c.title.label("series_title"),
            series_classes.c.week,
        )
        .outerjoin(courses, lectures.c.course == courses.c.id)
        .outerjoin(series_classes, series_classes.c.lecture == lectures.c.id)
        .outerjoin(series, series_classes.c.series == series.c.id)
        .where(lectures.c.id.in_(known) | taught)
        .order_by(lectures.c.starts_at, lectures.c.id)
    )
    found = []
    for row in await connection.execute(query):
        policy = rulebook.judging(rules.policies, row.attendance_policy, row.starts_at)
        window = counted_window(
            Span(row.starts_at, row.ends_at),
            started_at=row.started_at,
            ended_at=row.ended_at,
            now=now,
            policy=policy,
        )
        found.append(_Planned(row, window, policy))
    return found


def _class(
    row: sa.Row[Any],
    window: Span,
    person: UUID,
    periods: Iterable[Period],
    judged: Sequence[Attendance],
) -> PersonClass:
    weeks = ((one, week_of(one, day_of(row.starts_at))) for one in periods)
    period, week = next((each for each in weeks if each[1] is not None), (None, None))
    return PersonClass(
        lecture=row.id,
        title=row.title,
        course=row.course,
        course_title=row.course_title or row.series_title or "",
        period="" if period is None else period.name,
        week=row.week or week,
        starts_at=row.started_at or row.starts_at,
        window=window,
        is_teacher=row.lecturer == person,
        was_taught=row.started_at is not None,
        attendance=judged[0] if judged else None,
    )
