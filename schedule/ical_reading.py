"""Calendars of other systems (RFC 5545) as rows of a class list.

Read are single events and those that repeat daily or weekly; what repeats by another rule is a
finding. An event's key is its UID, that of a repetition the UID and its first time.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from kernel.errors import DarisError, Invalid
from kernel.sentence import sentence
from schedule.class_row import ClassRow
from schedule.class_sheet import is_true, pinned
from schedule.planning import in_utc
from schedule.sheet import MOST_ROWS, Findings, decoded
from schedule.study_work import ChatMode, Kind, Mode

T = TypeVar("T")

_MOST_REPETITIONS: Final = 400  # of one event
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DURATION: Final = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_ESCAPED: Final = re.compile(r"\\([\\;,nN])")
_LINE: Final = re.compile(
    r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^;:"])*)*):(.*)', re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Property:
    """A content line: its parameters and its value."""

    parameters: Mapping[str, str]
    value: str


@dataclass(slots=True)
class Event:
    """A VEVENT; `line` is where it begins."""

    line: int
    properties: dict[str, list[Property]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        found = self.properties.get(name)
        if not found:
            return ""
        return _ESCAPED.sub(lambda m: "\n" if m[1] in "nN" else m[1], found[0].value).strip()

    def times(self, name: str, zone: tzinfo) -> list[datetime]:
        return [
            _moment(one, part, zone)
            for one in self.properties.get(name, [])
            for part in one.value.split(",")
        ]


def read_calendar(
    data: bytes, zone: tzinfo, *, lecturer: str | None
) -> tuple[list[ClassRow], Findings]:
    """The classes in it. `lecturer` teaches those that do not say by X-DARIS-LECTURER who does;
    `zone` is that of times which tell none. Invalid when it is no calendar."""
    text = decoded(data)
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise Invalid("This is no calendar; it begins with BEGIN:VCALENDAR.")
    findings = Findings()
    rows: list[ClassRow] = []
    events = list(_events(text))
    moved = {
        (one.text("UID"), _of(one, zone)) for one in events if "RECURRENCE-ID" in one.properties
    }
    for event in events:
        try:
            rows += _rows(event, zone, lecturer, moved)
        except DarisError as error:
            findings.add(event.line, error)
        except (ValueError, OverflowError) as error:
            told = sentence("This event can't be understood: {reason}.", reason=error)
            findings.add(event.line, told)
        if len(rows) > MOST_ROWS:
            raise Invalid(sentence("A calendar has at most {most} classes.", most=MOST_ROWS))
    return rows, findings


def _events(text: str) -> Iterator[Event]:
    """Lines that begin with a space continue the one before (section 3.1)."""
    event, inner = None, 0
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in {" ", "\t"} and lines:
            lines[-1] = lines[-1][0], lines[-1][1] + line[1:]
        else:
            lines.append((number, line))
    for number, line in lines:
        word = line.strip().upper()
        if word == "BEGIN:VEVENT":
            event, inner = Event(number), 0
        elif event is not None and word == "END:VEVENT":
            yield event
            event = None
        elif event is not None:
            inner += word.startswith("BEGIN:") - word.startswith("END:")  # alarms have lines too
            if not inner and (match := _LINE.fullmatch(line)):
                _keep(event, match)


def _keep(event: Event, match: re.Match[str]) -> None:
    pairs = (part.partition("=") for part in match[2].split(";")[1:])
    parameters = {name.upper(): value.strip('"') for name, _, value in pairs}
    event.properties.setdefault(match[1].upper(), []).append(Property(parameters, match[3]))


def _rows(
    event: Event, zone: tzinfo, lecturer: str | None, moved: set[tuple[str, datetime | None]]
) -> Iterator[ClassRow]:
    uid = event.text("UID")
    if not uid:
        raise Invalid("An event has a UID.")
    starts = event.times("DTSTART", zone)
    if not starts:
        raise Invalid("An event has a DTSTART with a time.")
    length = _length(event, starts[0], zone)
    first = _of(event, zone)
    if first is not None or "RRULE" not in event.properties:
        key = uid if first is None else _key(uid, first)
        yield _row(event, key, starts[0], length, lecturer)
        return
    left_out = set(event.times("EXDATE", zone))
    for at in _repetitions(event, starts[0], zone):
        if at not in left_out and (uid, in_utc(at)) not in moved:
            yield _row(event, _key(uid, in_utc(at)), at, length, lecturer)


def _row(
    event: Event, key: str, starts_at: datetime, length: timedelta, lecturer: str | None
) -> ClassRow:
    teacher = event.text("X-DARIS-LECTURER") or lecturer
    if not teacher:
        raise Invalid("Say who teaches the events that name no lecturer.")
    starts_at = in_utc(starts_at)
    return ClassRow(
        number=event.line,
        key=key[:255],
        title=event.text("SUMMARY"),
        lecturer=teacher,
        starts_at=starts_at,
        ends_at=starts_at + length,
        course=event.text("X-DARIS-COURSE") or None,
        groups=tuple(k.strip() for k in event.text("X-DARIS-GROUPS").split("|") if k.strip()),
        kind=Kind(event.text("X-DARIS-KIND") or Kind.LECTURE),
        mode=Mode(event.text("X-DARIS-MODE") or Mode.NETWORK),
        chat_mode=_said(event.text("X-DARIS-CHAT-MODE"), ChatMode),
        waiting_room=_said(event.text("X-DARIS-WAITING-ROOM"), _has_waiting_room),
        attendance_policy=_said(event.text("X-DARIS-ATTENDANCE-POLICY"), pinned),
        channel=event.text("X-DARIS-CHANNEL") or None,
        is_recorded=is_true(event.text("X-DARIS-RECORDED") or "yes", "recorded"),
        auditorium=event.text("LOCATION")[:100] or None,
        summary=event.text("DESCRIPTION"),
        is_cancelled=event.text("STATUS").upper() == "CANCELLED",
    )


def _has_waiting_room(text: str) -> bool:
    return is_true(text, "waiting_room")


def _said(text: str, read: Callable[[str], T]) -> T | msgspec.UnsetType:
    return read(text) if text else msgspec.UNSET


def _length(event: Event, starts_at: datetime, zone: tzinfo) -> timedelta:
    ends = event.times("DTEND", zone)
    if ends:
        return in_utc(ends[0]) - in_utc(starts_at)
    match = _DURATION.fullmatch(event.text("DURATION"))
    if match is None:
        raise Invalid("An event has a DTEND or a DURATION.")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _repetitions(event: Event, starts_at: datetime, zone: tzinfo) -> Iterator[datetime]:
    """On the wall clock of the event's zone (section 3.3.10); 400 at most."""
    parts = (part.partition("=") for part in event.text("RRULE").upper().split(";") if part)
    rule = {name: value for name, _, value in parts}
    known = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"}
    by_day = [day for day in rule.get("BYDAY", "").split(",") if day]
    if (
        rule.get("FREQ") not in {"DAILY", "WEEKLY"}
        or rule.keys() - known
        or set(by_day) - set(_DAYS)
    ):
        raise Invalid(
            "An event repeats by a rule that is not read here; weekly and daily ones are."
        )
    until = _moment(Property({}, rule["UNTIL"]), rule["UNTIL"], zone) if "UNTIL" in rule else None
    count = min(int(rule.get("COUNT", _MOST_REPETITIONS)), _MOST_REPETITIONS)
    for at in _steps(rule, by_day, starts_at):
        if count == 0 or (until is not None and at > until):
            return
        count -= 1
        yield at


def _steps(rule: Mapping[str, str], by_day: list[str], starts_at: datetime) -> Iterator[datetime]:
    every = max(1, int(rule.get("INTERVAL", "1")))
    week = rule["FREQ"] == "WEEKLY"
    days = {_DAYS.index(day) for day in by_day} or (
        {starts_at.weekday()} if week else set(range(7))
    )
    monday = starts_at.date() - timedelta(days=starts_at.weekday())
    for offset in range(20 * 366):
        day = starts_at.date() + timedelta(days=offset)
        turn = (day - monday).days // 7 if week else offset
        if turn % every == 0 and day.weekday() in days:
            yield starts_at.replace(year=day.year, month=day.month, day=day.day)


def _of(event: Event, zone: tzinfo) -> datetime | None:
    """Which repetition the event stands for, in UTC."""
    try:
        return next((in_utc(at) for at in event.times("RECURRENCE-ID", zone)), None)
    except (DarisError, ValueError):
        return None


def _key(uid: str, at: datetime) -> str:
    return f"{uid}/{at.astimezone(UTC):%Y%m%dT%H%MZ}"


def _moment(of: Property, text: str, zone: tzinfo) -> datetime:
    """DATE-TIME of section 3.3.5: in UTC, in the zone that TZID names, or floating."""
    text = text.strip()
    if re.fullmatch(r"\d{8}", text):
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=zone)
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    name = of.parameters.get("TZID", "")
    try:
        own = ZoneInfo(name) if name else zone
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid(sentence("{name} is not a time zone.", name=name[:80])) from error
    return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=own)
