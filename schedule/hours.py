"""Teaching hours: between which classes are proposed, by the calendar that their course follows.

A class may be planned at any time; but no time at night, on a Sunday or on a free day is proposed.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.pages import HOUSE_ZONE
from schedule.academic import CLOSES, OPENS, Period, holidays_between, list_periods
from schedule.rhythm import calendar_of

_ZONE: Final = ZoneInfo(HOUSE_ZONE)
_DAY: Final = timedelta(days=1)
_DAYS_TRIED: Final = 21
_SUNDAY: Final = 6


@dataclass(frozen=True, slots=True)
class Hours:
    """Those of a calendar, on the university's clocks. A day outside of its periods has the usual ones."""

    periods: Sequence[Period] = ()
    free: Container[date] = frozenset()

    def of(self, day: date) -> tuple[datetime, datetime] | None:
        """From when to when, in UTC; None where nothing is taught."""
        if day in self.free or day.weekday() == _SUNDAY:
            return None
        inside = (one for one in self.periods if one.starts_on <= day <= one.ends_on)
        period = next(inside, None)
        opens, closes = (OPENS, CLOSES) if period is None else (period.opens, period.closes)
        begins, ends = (datetime.combine(day, at, _ZONE).astimezone(UTC) for at in (opens, closes))
        return begins, ends

    def fit(self, at: datetime, length: timedelta) -> datetime:
        """The first moment from `at` on at which the length lies within the hours of a day; `at`
        itself if it is too long for that."""
        day = at.astimezone(_ZONE).date()
        for n in range(_DAYS_TRIED):
            hours = self.of(day + n * _DAY)
            if hours is not None and max(at, hours[0]) + length <= hours[1]:
                return max(at, hours[0])
        return at


async def hours_for(
    connection: AsyncConnection, course: UUID | None, first: date, last: date
) -> Hours:
    """In the days `first` to `last`, for a class of the course."""
    calendar = await calendar_of(connection, course)
    periods = await list_periods(connection, calendar=calendar, since=first)
    free = await holidays_between(connection, first, last, calendar=calendar)
    return Hours(periods, frozenset(free))
