"""Local times of a schedule, and the days that are not 24 hours long. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schedule.rundown import Finding, Severity, Window

_EARLIEST, _LATEST = (datetime(year, 1, 1, tzinfo=UTC) for year in (1000, 9000))


class NoSuchTime(ValueError):
    """On the day that clocks change, this local time does not exist."""


class TwoSuchTimes(ValueError):
    """On the day that clocks change, this local time comes twice."""


def moment_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment that a local time without an offset means. NoSuchTime, TwoSuchTimes."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first.astimezone(zone).replace(tzinfo=None) != local:
        raise NoSuchTime
    raise TwoSuchTimes


def unusual_days(window: Window, zone: ZoneInfo) -> Iterator[Finding]:
    """A finding for each day in the window, or in its first year, that is shorter or longer than 24 hours."""
    since = min(max(window.since, _EARLIEST), _LATEST).astimezone(zone).date()
    for day in (since + timedelta(days=number) for number in range(366)):
        begins, ends = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        if begins >= window.until:
            return
        if ends - begins != timedelta(days=1):
            hours = (ends - begins).total_seconds() / 3600
            text = f"{day} has {hours:g} hours in {zone.key}."
            yield Finding(Severity.INFO, "unusual_day", text)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
