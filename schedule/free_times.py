"""Free times for a class: when its lecturer, its groups and its auditorium have nothing else.

For make-up classes. Proposed are times in teaching hours, at most two on a day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.pages import HOUSE_ZONE
from schedule.conflicts import SEARCHED, busy_beside
from schedule.hours import Hours, hours_for
from schedule.lifecycle import Lecture
from schedule.study_work import StudyWork

_OF_A_DAY: Final = 2
_STEP: Final = timedelta(minutes=30)
_ZONE: Final = ZoneInfo(HOUSE_ZONE)


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
    connection: AsyncConnection, lecture: Lecture, now: datetime, *, at_most: int
) -> list[Span]:
    """Those of the lecture's length within two weeks of now, soonest first."""
    search = _Search(lecture.lecturer, lecture.work, now, now)
    first = now.astimezone(_ZONE).date() + timedelta(days=1)
    hours = await hours_for(connection, lecture.work.course, first, first + SEARCHED)
    busy = [
        Span(one.starts_at, one.ends_at)
        for one in await busy_beside(connection, search)
        if one.id != lecture.id
    ]
    days = [first + timedelta(days=n) for n in range(SEARCHED.days - 1)]
    found = find_free(busy, days, lecture.ends_at - lecture.starts_at, hours)
    return [span for span, _ in zip(found, range(at_most), strict=False)]


def find_free(
    busy: Sequence[Span], days: Sequence[date], length: timedelta, hours: Hours
) -> Iterator[Span]:
    """The free times of the days, in order."""
    for day in days:
        open_hours = hours.of(day)
        if open_hours is None:
            continue
        left = _OF_A_DAY
        at, closes = open_hours
        while left and at + length <= closes:
            span = Span(at, at + length)
            if any(one.starts_at < span.ends_at and at < one.ends_at for one in busy):
                at += _STEP
                continue
            yield span
            left -= 1
            at = span.ends_at + _STEP
