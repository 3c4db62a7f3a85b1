"""Lectures and programmes as iCalendar text (RFC 5545): in UTC, or on the wall clock of a zone."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from schedule.channels import Channel
from schedule.lifecycle import Lecture, LectureState
from schedule.rundown import Programme
from schedule.vtimezone import vtimezone
from schedule.withdrawals import Withdrawal

CONTENT_TYPE = "text/calendar"
_OCTETS = 75  # of one line, RFC 5545 section 3.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A VEVENT. `sequence` grows with every change; `uid` stays."""

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    url: str
    description: str = ""
    contact: str = ""
    location: str = ""
    is_cancelled: bool = False
    more: tuple[tuple[str, str], ...] = ()  # properties of our own


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the events lead: `address` to our pages; `host` makes the UIDs ours."""

    address: str
    host: str

    @classmethod
    def at(cls, address: str) -> Self:
        return cls(address, urlsplit(address).hostname or "daris")


def calendar(lecture: Lecture, pages: Pages) -> str:
    """One lecture, to be put into a calendar once."""
    return text(of_lectures([lecture], pages), name=None, zone=None)


def of_lectures(lectures: Iterable[Lecture], pages: Pages) -> list[Event]:
    return [_of_lecture(one, pages) for one in lectures]


def of_programmes(
    channel: Channel,
    programmes: Iterable[Programme],
    withdrawn: Iterable[Withdrawal],
    pages: Pages,
    language: str,
) -> list[Event]:
    """What a channel shows, and what it would have shown."""
    shown = [_of_programme(one, channel, pages, language) for one in programmes]
    gone = [
        replace(
            _of_programme(one.programme, channel, pages, language),
            changed_at=one.at,
            is_cancelled=True,
        )
        for one in withdrawn
    ]
    return shown + gone


def text(events: Collection[Event], *, name: str | None, zone: ZoneInfo | None) -> str:
    """The VCALENDAR. One that has a `name` is subscribed to, and read again every hour; with a
    `zone` the times are of its clocks, and it comes along."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Daris//Timetable//EN"]
    if name is not None:
        lines += ["METHOD:PUBLISH", f"X-WR-CALNAME:{_escaped(name)}"]
        lines += ["REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"]
    if zone is not None and events:
        earliest = min(event.starts_at for event in events)
        lines += [f"X-WR-TIMEZONE:{zone.key}"]
        lines += vtimezone(zone, earliest, max(event.ends_at for event in events))
    for event in events:
        lines += _lines(event, zone)
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _of_lecture(lecture: Lecture, pages: Pages) -> Event:
    return Event(
        uid=f"{lecture.id}@{pages.host}",
        sequence=lecture.revision - 1,
        changed_at=lecture.changed_at,
        starts_at=lecture.starts_at,
        ends_at=lecture.ends_at,
        summary=lecture.title,
        url=f"{pages.address}/lectures/{lecture.id}",
        description=lecture.summary,
        contact=lecture.lecturer_name,
        location=lecture.work.auditorium or "",
        is_cancelled=lecture.state is LectureState.CANCELLED,
    )


def _of_programme(programme: Programme, channel: Channel, pages: Pages, language: str) -> Event:
    return Event(
        uid=f"{channel.id}.{programme.key.encode().hex()}@{pages.host}",
        sequence=programme.revision,
        changed_at=programme.starts_at,  # a rundown does not say when it was changed
        starts_at=programme.starts_at,
        ends_at=programme.ends_at,
        summary=programme.title(language) or channel.name,
        url=f"{pages.address}/channels/{channel.id}",
        description=programme.description(language),
    )


def _lines(event: Event, zone: ZoneInfo | None) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{event.uid}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"DTSTAMP:{_moment(event.changed_at)}"
    yield f"DTSTART{_when(event.starts_at, zone)}"
    yield f"DTEND{_when(event.ends_at, zone)}"
    yield f"SUMMARY:{_escaped(event.summary)}"
    if event.description:
        yield f"DESCRIPTION:{_escaped(event.description)}"
    if event.location:
        yield f"LOCATION:{_escaped(event.location)}"
    if event.contact:
        yield f"CONTACT:{_escaped(event.contact)}"
    yield f"URL:{event.url}"
    yield f"STATUS:{'CANCELLED' if event.is_cancelled else 'CONFIRMED'}"
    for name, value in event.more:
        yield f"{name}:{_escaped(value)}"
    yield "END:VEVENT"


def _when(moment: datetime, zone: ZoneInfo | None) -> str:
    """On the zone's clocks, unless they show that time twice (`fold`): UTC tells which it is."""
    local = moment.astimezone(zone or UTC)
    if zone is None or local.fold:
        return f":{_moment(moment)}"
    return f";TZID={zone.key}:{local:%Y%m%dT%H%M%S}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """TEXT of RFC 5545 section 3.3.11."""
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n")):
        text = text.replace(plain, escaped)
    text = text.replace("\n", "\\n")
    return "".join(letter for letter in text if letter.isprintable())


def _folded(line: str) -> str:
    """Lines of 75 octets at most, cut between letters."""
    if len(line.encode()) <= _OCTETS:
        return line
    folded, room = [""], _OCTETS
    for letter in line:
        size = len(letter.encode())
        if size > room:
            folded.append("")
            room = _OCTETS - 1  # the space that continues a line counts
        folded[-1] += letter
        room -= size
    return "\r\n ".join(folded)
