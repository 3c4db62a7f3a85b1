"""A day of a zone, as addresses name it. Pure."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_asked(asked: str, now: datetime, zone: ZoneInfo) -> date:
    """The day asked for, if it can be one; today."""
    today = now.astimezone(zone).date()
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        return today
    return day if abs(day - today) <= timedelta(days=3660) else today


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Midnight to midnight, which is 23 or 25 hours on two days of a year."""
    begins, ends = (
        datetime.combine(one, time(), tzinfo=zone) for one in (day, day + timedelta(days=1))
    )
    return begins, ends
