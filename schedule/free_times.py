"""Free times for a class: when its lecturer, its groups and its auditorium have nothing else.

For make-up classes. Proposed are times on the wall clock of the zone, between `OPENS` and `CLOSES`,
from Monday to Saturday, at most two on a day; never on a holiday.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from schedule.academic import holidays_between
from schedule.conflicts import SEARCHED, busy_beside
from schedule.lifecycle import Lecture
from schedule.rhythm import calendar_of
from schedule.study_work import StudyWork

OPENS, CLOSES = time(8), time(20)
_OF_A_DAY: Final = 2
_STEP: Final = timedelta(minutes=30)
_SUNDAY: Final = 6


@dataclass(frozen=True, slots=True)
class Span:
    """A time in UTC, from its beginning to its end."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class _Search:
    lecturer: UUID
    work: StudyWork
    starts_at: datetime
    ends_at: datetime


async def free_times(
    connection: AsyncConnection, lecture: Lecture, zone: ZoneInfo, now: datetime, *, at_most: int
) -> list[Span]:
    """Those of the lecture's length within two weeks of now, soonest first."""
    search = _Search(lecture.lecturer, lecture.work, now, now)
    first = now.astimezone(zone).date() + timedelta(days=1)
    calendar = await calendar_of(connection, lecture.work.course)
    free = await holidays_between(connection, first, first + SEARCHED, calendar=calendar)
    busy = [
        Span(one.starts_at, one.ends_at)
        for one in await busy_beside(connection, search)
        if one.id != lecture.id
    ]
    days = [first + timedelta(days=n) for n in range(SEARCHED.days - 1)]
    found = find_free(busy, days, lecture.ends_at - lecture.starts_at, zone, free=free)
    return [span for span, _ in zip(found, range(at_most), strict=False)]


def find_free(
    busy: Sequence[Span],
    days: Sequence[date],
    length: timedelta,
    zone: ZoneInfo,
    *,
    free: Container[date] = (),
) -> Iterator[Span]:
    """The free times of the days, in order."""
    for day in days:
        if day in free or day.weekday() == _SUNDAY:
            continue
        left = _OF_A_DAY
        at, closes = (datetime.combine(day, hour, zone).astimezone(UTC) for hour in (OPENS, CLOSES))
        while left and at + length <= closes:
            span = Span(at, at + length)
            if any(one.starts_at < span.ends_at and at < one.ends_at for one in busy):
                at += _STEP
                continue
            yield span
            left -= 1
            at = span.ends_at + _STEP
