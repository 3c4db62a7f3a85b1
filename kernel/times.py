"""Times as people read them: template filters over aware UTC datetimes."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, get_timezone_location
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

# CLDR patterns, day before month in each of our languages
_PATTERNS = {
    "time": "HH:mm",
    "second": "d MMM, HH:mm:ss",
    "date": "d MMMM y",
    "day": "EEEE, d MMMM",
    "weekday": "EEE",
    "daymonth": "d MMM",
    "month": "LLLL y",
    "moment": "d MMM, HH:mm",
    "full": "EEEE, d MMMM y, HH:mm",
}
_KAZAKH_PATTERNS = {
    "date": "y 'ж'. d MMMM",
    "month": "y 'ж'. LLLL",
    "day": "d MMMM, EEEE",
    "full": "y 'ж'. d MMMM, EEEE, HH:mm",
}


@pass_context
def localtime(context: Context, value: datetime, form: str = "moment") -> Markup:
    """A `<time>` in the viewer's zone; `form` is time, second, date, day, moment or full."""
    text = in_words(value, form, zone=context["zone"], locale=context["locale"])
    return Markup(f'<time datetime="{iso(value)}">{escape(text)}</time>')  # noqa: S704  escaped


def in_words(value: datetime, form: str, *, zone: ZoneInfo, locale: str) -> str:
    if form == "time":  # the same in all our languages, and hundreds of times in a busy week
        return f"{value.astimezone(zone):%H:%M}"
    patterns = _PATTERNS | _KAZAKH_PATTERNS if locale == "kk" else _PATTERNS
    return str(format_datetime(value, patterns[form], tzinfo=zone, locale=locale))


def iso(value: datetime) -> str:
    """RFC 3339, UTC."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pass_context
def duration(context: Context, value: timedelta | float) -> Any:
    """A length of time in hours and minutes; seconds below a minute."""
    whole = value.total_seconds() if isinstance(value, timedelta) else value
    translate = partial(context.call, context["gettext"])
    minutes, seconds = divmod(round(whole), 60)
    hours, minutes = divmod(minutes, 60)
    if hours and minutes:
        return translate("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
    if hours:
        return translate("%(hours)s h", hours=hours)
    if minutes:
        return translate("%(minutes)s min", minutes=minutes)
    return translate("%(seconds)s s", seconds=seconds)


@pass_context
def zone_name(context: Context, value: datetime) -> str:
    """The viewer's zone at that moment: the place and the offset, as in Almaty, UTC+5."""
    zone: ZoneInfo = context["zone"]
    place = get_timezone_location(zone, locale=context["locale"], return_city=True)
    ahead = offset(value, zone)
    return ahead if place == ahead else f"{place}, {ahead}"


def offset(value: datetime, zone: ZoneInfo) -> str:
    minutes = int((value.astimezone(zone).utcoffset() or timedelta()).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    if not minutes:
        return "UTC"
    return f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"


@pass_context
def wall(context: Context, value: datetime, part: str) -> str:
    """What the viewer's wall clock shows, for an input of type date or time."""
    local = value.astimezone(context["zone"])
    return local.strftime({"date": "%Y-%m-%d", "time": "%H:%M"}[part])


@pass_context
def clock_in(context: Context, value: datetime, zone: ZoneInfo) -> str:
    """The time on the wall clock of another zone, with its weekday if that is another one there."""
    local = value.astimezone(zone)
    if local.date() == value.astimezone(context["zone"]).date():
        return f"{local:%H:%M}"
    return f"{in_words(value, 'weekday', zone=zone, locale=context['locale'])} {local:%H:%M}"


@pass_context
def zone_city(context: Context, zone: ZoneInfo) -> str:
    """The place after which a zone is named, as in Almaty."""
    return str(get_timezone_location(zone, locale=context["locale"], return_city=True))


@pass_context
def on_the_same_day(context: Context, value: datetime, other: datetime) -> bool:
    zone: ZoneInfo = context["zone"]
    return value.astimezone(zone).date() == other.astimezone(zone).date()


@pass_context
def groupby_day(context: Context, lectures: Iterable[Any]) -> list[tuple[datetime, list[Any]]]:
    """Things with `starts_at`, in order, gathered by the viewer's days."""
    zone: ZoneInfo = context["zone"]
    days = groupby(lectures, key=lambda lecture: lecture.starts_at.astimezone(zone).date())
    gathered = [list(lectures_of_day) for _, lectures_of_day in days]
    return [(day[0].starts_at, day) for day in gathered]


FILTERS: Mapping[str, Callable[..., Any]] = {
    "localtime": localtime,
    "duration": duration,
    "iso": iso,
    "wall": wall,
    "zone_name": zone_name,
    "zone_city": zone_city,
    "clock_in": clock_in,
    "on_the_same_day": on_the_same_day,
    "groupby_day": groupby_day,
}
