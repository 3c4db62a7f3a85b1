"""A weekly series of a lecture: its pattern, and the classes that the pattern makes of a period.

A class begins at the same local time in every week, whatever the zone's clocks do meanwhile. Each
class of a series is a lecture; `series_classes` says which. A class is *touched* when somebody
changed or cancelled it, so that its lecture no longer is at the revision at which the series left
it; a change of the series leaves it alone.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum, auto
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people
from identity.rights import Subject
from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import Invalid, NotFound
from schedule import work_columns
from schedule.academic import Period, first_day, is_odd, week_count
from schedule.study_work import PLAIN, StudyWork

series = sa.Table(
    "series",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("period", Id, sa.ForeignKey("periods.id"), nullable=False, index=True),
    sa.Column("title", sa.String(300), nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("lecturer", Id, sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("is_recorded", sa.Boolean, nullable=False),
    sa.Column("weekday", sa.Integer, nullable=False),  # 1 is Monday
    sa.Column("begins", sa.Time, nullable=False),  # on the wall clock of the zone
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("zone", sa.String(64), nullable=False),
    sa.Column("weeks", sa.String(4), nullable=False),
    sa.Column("first_week", sa.Integer, nullable=False),
    sa.Column("last_week", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),  # it was given up
    *work_columns.columns(),
)

series_classes = sa.Table(
    "series_classes",
    metadata,
    sa.Column("lecture", Id, sa.ForeignKey("lectures.id"), primary_key=True),
    sa.Column("series", Id, sa.ForeignKey("series.id"), nullable=False, index=True),
    sa.Column("week", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),  # of the lecture, as the series left it
    sa.Column("is_dropped", sa.Boolean, nullable=False),  # cancelled by the series itself
)


class Weeks(StrEnum):
    """Which of the teaching weeks."""

    ALL = auto()
    ODD = auto()
    EVEN = auto()

    def has(self, week: int) -> bool:
        return self is Weeks.ALL or is_odd(week) == (self is Weeks.ODD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """When the classes are."""

    weekday: int  # 1 is Monday
    begins: time  # on the wall clock of the zone
    length: timedelta
    zone: ZoneInfo
    weeks: Weeks = Weeks.ALL
    first_week: int
    last_week: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One class that the pattern makes: its teaching week, and when it is, in UTC."""

    week: int
    day: date  # on the wall calendar of the zone
    starts_at: datetime
    ends_at: datetime


def check_pattern(pattern: Pattern, period: Period) -> None:
    """Invalid says what makes no sense."""
    if not 1 <= pattern.weekday <= 7:
        raise Invalid("A weekday is a number from 1, Monday, to 7.")
    if not timedelta(minutes=1) <= pattern.length <= timedelta(hours=12):
        raise Invalid("A lecture takes 12 hours at most.")
    if not 1 <= pattern.first_week <= pattern.last_week <= week_count(period):
        raise Invalid(f"The weeks of this period go from 1 to {week_count(period)}.")


def expand(
    pattern: Pattern,
    period: Period,
    free: Container[date] = (),
    moved: Mapping[date, date] = MappingProxyType({}),
) -> Iterator[Slot]:
    """The classes by week: none on a free day, none outside of the period. `moved` leads from a
    day to the one on which its classes are taught instead.

    A time that the clocks jump over comes as much later as they jump; of one that they show twice
    it is the first.
    """
    for week in range(pattern.first_week, pattern.last_week + 1):
        day = first_day(period, week) + timedelta(days=pattern.weekday - 1)
        day = moved.get(day, day)
        is_taught = period.starts_on <= day <= period.ends_on and day not in free
        if is_taught and pattern.weeks.has(week):
            starts_at = datetime.combine(day, pattern.begins, pattern.zone).astimezone(UTC)
            yield Slot(week, day, starts_at, starts_at + pattern.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series as it is saved."""

    id: UUID
    period: UUID
    title: str
    summary: str
    lecturer: UUID
    lecturer_name: str
    is_recorded: bool
    pattern: Pattern
    revision: int
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None
    work: StudyWork = PLAIN

    @property
    def subject(self) -> Subject:
        """What the table of rights needs to know of it."""
        return Subject(lecturer=self.lecturer)


@dataclass(frozen=True, slots=True)
class Class:
    """Which lecture a week's class of a series is."""

    lecture: UUID
    week: int
    revision: int
    is_dropped: bool


async def series_by_id(
    connection: AsyncConnection, series_id: UUID, *, is_locked: bool = False
) -> Series:
    """NotFound when there is none. `is_locked` keeps other writers out until the commit."""
    query = _select().where(series.c.id == series_id)
    if is_locked:
        query = query.with_for_update(of=series)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such series.")
    return _series(row)


async def list_series(
    connection: AsyncConnection,
    *,
    period: UUID | None = None,
    lecturer: UUID | None = None,
    lecture: UUID | None = None,
    course: UUID | None = None,
) -> list[Series]:
    """By when they were made; 500 at most. With `lecture` the one that it is a class of."""
    query = _select().order_by(series.c.created_at, series.c.id).limit(500)
    if period is not None:
        query = query.where(series.c.period == period)
    if lecturer is not None:
        query = query.where(series.c.lecturer == lecturer)
    if course is not None:
        query = query.where(series.c.course == course)
    if lecture is not None:
        its = sa.select(series_classes.c.series).where(series_classes.c.lecture == lecture)
        query = query.where(series.c.id.in_(its))
    return [_series(row) for row in await connection.execute(query)]


async def save_series(connection: AsyncConnection, saved: Series) -> None:
    """Add it, or put it in the place of the one before."""
    row = _row(saved)
    done = await connection.execute(series.update().where(series.c.id == saved.id).values(row))
    if done.rowcount == 0:
        await connection.execute(series.insert().values(row))


async def classes_of(connection: AsyncConnection, series_id: UUID) -> list[Class]:
    """By week; those that the series dropped itself come too."""
    query = sa.select(
        series_classes.c.lecture,
        series_classes.c.week,
        series_classes.c.revision,
        series_classes.c.is_dropped,
    ).where(series_classes.c.series == series_id)
    rows = await connection.execute(query.order_by(series_classes.c.week))
    return [Class(*row) for row in rows]


async def save_class(connection: AsyncConnection, series_id: UUID, one: Class) -> None:
    """Add it, or put it in the place of the one before."""
    row = {"week": one.week, "revision": one.revision, "is_dropped": one.is_dropped}
    which = series_classes.c.lecture == one.lecture
    done = await connection.execute(series_classes.update().where(which).values(row))
    if done.rowcount == 0:
        added = series_classes.insert().values(lecture=one.lecture, series=series_id, **row)
        await connection.execute(added)


def _select() -> sa.Select[*tuple[Any, ...]]:
    name = people.c.name.label("lecturer_name")
    return sa.select(*series.c, name).join(people, series.c.lecturer == people.c.id)


_OWN = (
    "id", "period", "title", "summary", "lecturer", "is_recorded", "revision", "created_at",
    "changed_at", "ended_at",
)  # fmt: skip
_OF_THE_PATTERN = ("weekday", "begins", "first_week", "last_week")


def _series(row: Any) -> Series:
    pattern = Pattern(
        **{name: getattr(row, name) for name in _OF_THE_PATTERN},
        length=timedelta(minutes=row.minutes),
        zone=ZoneInfo(row.zone),
        weeks=Weeks(row.weeks),
    )
    own = {name: getattr(row, name) for name in (*_OWN, "lecturer_name")}
    return Series(**own, pattern=pattern, work=work_columns.taken_from(dict(row._mapping)))  # noqa: SLF001


def _row(saved: Series) -> dict[str, Any]:
    pattern = saved.pattern
    return {
        **{name: getattr(saved, name) for name in _OWN},
        **{name: getattr(pattern, name) for name in _OF_THE_PATTERN},
        "minutes": pattern.length // timedelta(minutes=1),
        "zone": pattern.zone.key,
        "weeks": pattern.weeks,
        **work_columns.as_row(saved.work),
    }
