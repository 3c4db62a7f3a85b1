"""A course, or one series of it: the attendance of all its classes on one sheet, and how they went week by
week."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.expected import day_of
from footprint.judgement import Judged, judge
from footprint.kinds import decode
from footprint.log import event
from footprint.policy import ATTENDED, Status
from footprint.polls import closed_in
from identity.people import people_by_ids
from live.events import ConnectionsMeasured, PollClosed
from schedule.academic import Period, list_periods, week_of
from schedule.lectures import lecture_by_id, lectures
from schedule.lifecycle import Lecture, LectureState
from schedule.rhythm import calendar_of
from schedule.series import Series, classes_of, series_classes

_TAUGHT = frozenset({LectureState.LIVE, LectureState.ENDED, LectureState.PUBLISHED})


class CourseClass(msgspec.Struct, frozen=True, kw_only=True):
    """One class of the course."""

    lecture: UUID
    week: int
    starts_at: datetime
    policy: str
    statuses: dict[Status, int]
    average_percent: float  # of those who came at all
    stayed_percent: float  # of those who came, who were there in the last tenth
    good_percent: float | None  # of the connections; None: not measured
    questions: int  # raised hands
    lines: int  # of chat
    polls: int
    answered_percent: float | None  # of the polls, by those who came; None: none were asked

    @property
    def attended(self) -> int:
        return sum(count for status, count in self.statuses.items() if status in ATTENDED)


class Learner(msgspec.Struct, frozen=True, kw_only=True):
    """One person over all classes; `statuses` are in the order of the classes, None where nothing is
    known of them."""

    person: UUID
    name: str
    statuses: tuple[Status | None, ...]
    minutes: float

    @property
    def attended(self) -> int:
        return sum(status in ATTENDED for status in self.statuses)


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A course or a series with those of its classes that were taught."""

    title: str
    course: UUID | None
    series: UUID | None = None  # None: all of the course
    classes: tuple[CourseClass, ...]
    learners: tuple[Learner, ...]


async def series_sheet(connection: AsyncConnection, series: Series, *, now: datetime) -> Course:
    """Every class is judged by its own policy. Who teaches is not a learner of it."""
    classes = [(one.week, one.lecture) for one in await classes_of(connection, series.id)]
    found = await _sheet(connection, series.title, classes, now)
    return msgspec.structs.replace(found, course=series.work.course, series=series.id)


async def course_sheet(
    connection: AsyncConnection, course: UUID, title: str, *, now: datetime
) -> Course:
    """The same of all lectures of the course, whether of a series or not."""
    query = (
        sa.select(lectures.c.id, lectures.c.starts_at, series_classes.c.week)
        .outerjoin(series_classes, series_classes.c.lecture == lectures.c.id)
        .where(lectures.c.course == course)
        .order_by(lectures.c.starts_at, lectures.c.id)
    )
    periods = await list_periods(connection, calendar=await calendar_of(connection, course))
    classes = [
        (row.week or _week(periods, row.starts_at), row.id)
        for row in await connection.execute(query)
    ]
    found = await _sheet(connection, title, classes, now)
    return msgspec.structs.replace(found, course=course)


async def _sheet(
    connection: AsyncConnection,
    title: str,
    classes: Iterable[tuple[int, UUID]],
    now: datetime,
) -> Course:
    taught: list[tuple[int, Lecture, Judged]] = []
    for week, identifier in classes:
        lecture = await lecture_by_id(connection, identifier)
        if lecture.state in _TAUGHT:
            taught.append((week, lecture, await judge(connection, lecture, now=now)))
    ids = [lecture.id for _, lecture, _ in taught]
    counts, good = await _counts(connection, ids), await _good(connection, ids)
    polls = await closed_in(connection, ids)
    return Course(
        title=title,
        course=None,
        classes=tuple(
            _class(
                *each,
                counts[each[1].id],
                good=good.get(each[1].id),
                polls=polls.get(each[1].id, ()),
            )
            for each in taught
        ),
        learners=await _learners(connection, [judged for _, _, judged in taught]),
    )


def _week(periods: Iterable[Period], moment: datetime) -> int:
    """Of teaching; 0 outside of the periods."""
    weeks = (week_of(one, day_of(moment)) for one in periods)
    return next((week for week in weeks if week is not None), 0)


async def _good(connection: AsyncConnection, ids: Collection[UUID]) -> Mapping[UUID, float]:
    """The percentage of good connections, by lecture, where they were measured."""
    query = sa.select(event.c.lecture, event.c.payload).where(
        event.c.lecture.in_(ids),
        event.c.kind == "connections-measured",
        event.c.payload.is_not(None),
    )
    counts: defaultdict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    for row in await connection.execute(query):
        fact = decode(row.payload)
        if isinstance(fact, ConnectionsMeasured):
            counts[row.lecture][0] += fact.good
            counts[row.lecture][1] += fact.good + fact.fair + fact.poor
    return {key: round(100 * good / max(every, 1), 1) for key, (good, every) in counts.items()}


async def _counts(
    connection: AsyncConnection, ids: Collection[UUID]
) -> Mapping[UUID, Counter[str]]:
    """Hands and lines by lecture."""
    query = (
        sa.select(event.c.lecture, event.c.kind, sa.func.count())
        .where(event.c.lecture.in_(ids), event.c.kind.in_(("hand-raised", "chat-said")))
        .group_by(event.c.lecture, event.c.kind)
    )
    found: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    for row in await connection.execute(query):
        found[row.lecture][row.kind] = row[2]
    return found


def _class(
    week: int,
    lecture: Lecture,
    judged: Judged,
    counts: Counter[str],
    *,
    good: float | None,
    polls: Sequence[PollClosed],
) -> CourseClass:
    rows = judged.learners
    came = [row for row in rows if row.counted]
    late = judged.window.ended_at - judged.window.length / 10
    stayed = sum(row.last_out is not None and row.last_out > late for row in came)
    return CourseClass(
        lecture=lecture.id,
        week=week,
        starts_at=lecture.started_at or lecture.starts_at,
        policy=judged.policy.version,
        statuses=dict(Counter(row.status for row in rows)),
        average_percent=_mean([row.percent for row in came]),
        stayed_percent=round(100 * stayed / max(len(came), 1), 1),
        good_percent=good,
        questions=counts["hand-raised"],
        lines=counts["chat-said"],
        polls=len(polls),
        answered_percent=_answered(polls, len(came)),
    )


def _answered(polls: Sequence[PollClosed], came: int) -> float | None:
    """How much of what they could have answered was answered: at most all, since guests answer, too."""
    asked = len(polls) * came
    return round(min(100.0, 100 * sum(one.answered for one in polls) / asked), 1) if asked else None


async def _learners(connection: AsyncConnection, classes: Sequence[Judged]) -> tuple[Learner, ...]:
    """Accounts only, by name: a guest of one class is on that class's sheet."""
    by_class = [{row.person: row for row in judged.learners} for judged in classes]
    ids = {person for rows in by_class for person in rows}
    people = await people_by_ids(connection, ids)
    learners = (
        Learner(
            person=person.id,
            name=person.name,
            statuses=tuple(r[person.id].status if person.id in r else None for r in by_class),
            minutes=_minutes(r[person.id].minutes for r in by_class if person.id in r),
        )
        for person in people.values()
    )
    return tuple(sorted(learners, key=lambda one: (one.name, one.person)))


def _mean(percents: Sequence[float]) -> float:
    return round(sum(percents) / len(percents), 1) if percents else 0.0


def _minutes(each: Iterable[float]) -> float:
    return round(sum(each), 1)
