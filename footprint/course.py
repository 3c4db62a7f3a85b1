"""A course: the attendance of all its classes on one sheet, and how they went week by week."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.judgement import Judged, judge
from footprint.log import event
from footprint.policy import ATTENDED, Status
from identity.people import people_by_ids
from schedule.lectures import lecture_by_id
from schedule.lifecycle import Lecture, LectureState
from schedule.series import Series, classes_of

_TAUGHT = frozenset({LectureState.LIVE, LectureState.ENDED, LectureState.PUBLISHED})


class CourseClass(msgspec.Struct, frozen=True, kw_only=True):
    """One class of the course."""

    lecture: UUID
    week: int
    starts_at: datetime
    policy: str
    statuses: dict[Status, int]
    average_percent: float  # of those who came at all
    questions: int  # raised hands
    lines: int  # of chat

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
    """A series with those of its classes that were taught."""

    series: UUID
    title: str
    classes: tuple[CourseClass, ...]
    learners: tuple[Learner, ...]


async def course(connection: AsyncConnection, series: Series, *, now: datetime) -> Course:
    """Every class is judged by the policy of its day. Who teaches is not a learner of it."""
    taught: list[tuple[int, Lecture, Judged]] = []
    for one in await classes_of(connection, series.id):
        lecture = await lecture_by_id(connection, one.lecture)
        if lecture.state in _TAUGHT:
            taught.append((one.week, lecture, await judge(connection, lecture, now=now)))
    counts = await _counts(connection, [lecture.id for _, lecture, _ in taught])
    return Course(
        series=series.id,
        title=series.title,
        classes=tuple(_class(*each, counts[each[1].id]) for each in taught),
        learners=await _learners(connection, [judged for _, _, judged in taught], series.lecturer),
    )


async def _counts(
    connection: AsyncConnection, lectures: Collection[UUID]
) -> Mapping[UUID, Counter[str]]:
    """Hands and lines by lecture."""
    query = (
        sa.select(event.c.lecture, event.c.kind, sa.func.count())
        .where(event.c.lecture.in_(lectures), event.c.kind.in_(("hand-raised", "chat-said")))
        .group_by(event.c.lecture, event.c.kind)
    )
    found: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    for row in await connection.execute(query):
        found[row.lecture][row.kind] = row[2]
    return found


def _class(week: int, lecture: Lecture, judged: Judged, counts: Counter[str]) -> CourseClass:
    rows = [row for row in judged.rows if row.person != lecture.lecturer]
    came = [row.percent for row in rows if row.counted]
    return CourseClass(
        lecture=lecture.id,
        week=week,
        starts_at=lecture.started_at or lecture.starts_at,
        policy=judged.policy.version,
        statuses=dict(Counter(row.status for row in rows)),
        average_percent=round(sum(came) / len(came), 1) if came else 0.0,
        questions=counts["hand-raised"],
        lines=counts["chat-said"],
    )


async def _learners(
    connection: AsyncConnection, classes: Sequence[Judged], lecturer: UUID
) -> tuple[Learner, ...]:
    """Accounts only, by name: a guest of one class is on that class's sheet."""
    by_class = [{row.person: row for row in judged.rows} for judged in classes]
    ids = {person for rows in by_class for person in rows} - {lecturer}
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


def _minutes(each: Iterable[float]) -> float:
    return round(sum(each), 1)
