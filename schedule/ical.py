"""Lectures as iCalendar text (RFC 5545), in UTC."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from schedule.lifecycle import Lecture, LectureState

CONTENT_TYPE = "text/calendar"
_OCTETS = 75  # of one line, RFC 5545 section 3.1


def calendar(
    lectures: Iterable[Lecture], *, address: str, host: str, name: str | None = None
) -> str:
    """A calendar of the lectures; `address` leads to their pages, `host` makes the UIDs ours.

    One that has a `name` is subscribed to, and read again every hour.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Daris//Timetable//EN"]
    if name is not None:
        lines += ["METHOD:PUBLISH", f"X-WR-CALNAME:{_escaped(name)}"]
        lines += ["REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"]
    for lecture in lectures:
        lines += _event(lecture, address, host)
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(lecture: Lecture, address: str, host: str) -> Iterator[str]:
    is_off = lecture.state is LectureState.CANCELLED
    yield "BEGIN:VEVENT"
    yield f"UID:{lecture.id}@{host}"
    yield f"SEQUENCE:{lecture.revision - 1}"
    yield f"DTSTAMP:{_moment(lecture.changed_at)}"
    yield f"DTSTART:{_moment(lecture.starts_at)}"
    yield f"DTEND:{_moment(lecture.ends_at)}"
    yield f"SUMMARY:{_escaped(lecture.title)}"
    if lecture.summary:
        yield f"DESCRIPTION:{_escaped(lecture.summary)}"
    yield f"CONTACT:{_escaped(lecture.lecturer_name)}"
    yield f"URL:{address}/lectures/{lecture.id}"
    yield f"STATUS:{'CANCELLED' if is_off else 'CONFIRMED'}"
    yield "END:VEVENT"


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
