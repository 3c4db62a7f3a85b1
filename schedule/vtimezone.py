"""A zone's clocks as VTIMEZONE (RFC 5545, 3.6.5), for as long as a calendar needs them.

Each change of the clocks is written as itself, with no rule: what rules a government keeps, nobody
knows for sure.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_STEP = timedelta(days=7)  # no zone changes its clocks twice within one
_MARGIN = timedelta(days=1)


def vtimezone(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[str]:
    """The component's lines: what holds at `first`, and the changes until `last`."""
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{zone.key}"
    since = first - _MARGIN
    yield from _observance(zone, since, since)
    for moment in changes(zone, since, last + _MARGIN):
        yield from _observance(zone, moment, moment - timedelta(seconds=1))
    yield "END:VTIMEZONE"


def changes(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """The first moments of other clocks behind `first`, up to `last`, in UTC."""
    at = first.astimezone(UTC).replace(microsecond=0)
    while at < last:
        after = min(at + _STEP, last.astimezone(UTC))
        if _clocks(zone, at) != _clocks(zone, after):
            yield _searched(zone, at, after)
        at = after


def _searched(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the clocks of `before` end."""
    old = _clocks(zone, before)
    while after - before > timedelta(seconds=1):
        middle = before + ((after - before) / 2)
        middle = middle.replace(microsecond=0)
        if middle == before:
            break
        before, after = (middle, after) if _clocks(zone, middle) == old else (before, middle)
    return after


def _observance(zone: ZoneInfo, moment: datetime, before: datetime) -> Iterator[str]:
    """From `moment` on. Its own onset is told on the clocks that held `before` it."""
    old, new = before.astimezone(zone), moment.astimezone(zone)
    onset = moment.astimezone(UTC).replace(tzinfo=None) + (old.utcoffset() or timedelta())
    kind = "DAYLIGHT" if new.dst() else "STANDARD"
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{onset:%Y%m%dT%H%M%S}"
    yield f"TZOFFSETFROM:{_offset(old)}"
    yield f"TZOFFSETTO:{_offset(new)}"
    yield f"TZNAME:{new.tzname()}"
    yield f"END:{kind}"


def _clocks(zone: ZoneInfo, moment: datetime) -> tuple[timedelta | None, bool]:
    local = moment.astimezone(zone)
    return local.utcoffset(), bool(local.dst())


def _offset(local: datetime) -> str:
    """As in +0530; seconds only where there are some (RFC 5545, 3.3.14)."""
    seconds = int((local.utcoffset() or timedelta()).total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    minutes, seconds_left = divmod(rest, 60)
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{hours:02}{minutes:02}" + (f"{seconds_left:02}" if seconds_left else "")
