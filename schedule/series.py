"""A weekly series of a lecture: its pattern, and the classes that the pattern makes of a period.

A class begins at the same local time in every week, whatever the zone's clocks do meanwhile. Each
class of a series is a lecture; `series_classes` says which. A class is *touched* when somebody
changed or cancelled it, so that its lecture no longer is at the revision at which the series left
it; a change of the series leaves it alone.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum, auto
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from identity.rights import Subject
from kernel.database import Id, UtcDateTime, metadata
from schedule.academic import Period, first_day, is_odd

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


def expand(pattern: Pattern, period: Period, free: Container[date] = ()) -> Iterator[Slot]:
    """The classes by week: none on a free day, none outside of the period.

    A time that the clocks jump over comes as much later as they jump; of one that they show twice
    it is the first.
    """
    for week in range(pattern.first_week, pattern.last_week + 1):
        day = first_day(period, week) + timedelta(days=pattern.weekday - 1)
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
