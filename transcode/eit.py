"""The guide in the transport stream: EIT present/following and schedule (EN 300 468, 5.2.4). Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from transcode.si import (
    ORIGINAL_NETWORK_ID,
    SERVICE_ID,
    TRANSPORT_STREAM_ID,
    Charset,
    bcd,
    counted,
    descriptor,
    mjd_and_bcd,
    numbers,
    section,
    text,
)

DAYS = 8
_DAYS_PER_TABLE = 4
_SEGMENT = timedelta(hours=3)
_SEGMENTS_PER_TABLE, _SECTIONS_PER_SEGMENT = 32, 8
_PRESENT_FOLLOWING, _SCHEDULE = 0x4E, 0x50
_LARGEST_LOOP = 4096 - 18  # bytes for events in a section
_LONGEST_NAME, _LONGEST_TEXT = 120, 250  # bytes; name and text of one language share 250
_RUNNING, _NOT_RUNNING, _UNDEFINED = 4, 1, 0
_LANGUAGES = {"kk": b"kaz", "ru": b"rus", "en": b"eng"}  # ISO 639-1 to 639-2


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the guide; titles and texts by language."""

    id: int  # 16 bits
    starts_at: datetime
    duration: timedelta
    titles: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)


def event_information(
    event: Event | None, *, is_present: bool, version: int, charset: Charset = Charset.UTF_8
) -> bytes:
    """A section of EIT present/following, actual: section 0 is what is on air, 1 what follows."""
    state = _RUNNING if is_present else _NOT_RUNNING
    body = _event(event, state, charset) if event else b""
    number = 0 if is_present else 1
    return _section(_PRESENT_FOLLOWING, version, (number, 1, 1), _PRESENT_FOLLOWING, body)


def schedule(
    events: Iterable[Event], now: datetime, *, version: int, charset: Charset = Charset.UTF_8
) -> list[bytes]:
    """EIT schedule, actual, for eight days from today's midnight in UTC, in order of time.

    Each segment of three hours has at least one section, which is empty when it is over or nothing begins
    in it (TS 101 211, 4.1.4). What does not fit into eight sections loses its descriptions first.
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    by_segment: dict[int, list[Event]] = {}
    for event in sorted(events, key=lambda event: event.starts_at):
        if event.starts_at + event.duration > now:
            by_segment.setdefault((event.starts_at - midnight) // _SEGMENT, []).append(event)
    made: list[bytes] = []
    tables = DAYS // _DAYS_PER_TABLE
    for table in range(tables):
        first = table * _SEGMENTS_PER_TABLE
        segments = [
            _bodies(by_segment.get(first + number, ()), charset)
            for number in range(_SEGMENTS_PER_TABLE)
        ]
        last = (len(segments) - 1) * _SECTIONS_PER_SEGMENT + len(segments[-1]) - 1
        made.extend(_table(_SCHEDULE + table, version, last, _SCHEDULE + tables - 1, segments))
    return made


def _table(
    table: int, version: int, last: int, last_table: int, segments: Sequence[Sequence[bytes]]
) -> Iterator[bytes]:
    for number, bodies in enumerate(segments):
        first = number * _SECTIONS_PER_SEGMENT
        for place, body in enumerate(bodies):
            places = first + place, last, first + len(bodies) - 1
            yield _section(table, version, places, last_table, body)


def _section(
    table: int, version: int, places: tuple[int, int, int], last_table: int, body: bytes
) -> bytes:
    """`places` are this section's number, the table's last and the segment's last."""
    number, last, segment_last = places
    ids = TRANSPORT_STREAM_ID.to_bytes(2) + ORIGINAL_NETWORK_ID.to_bytes(2)
    head = SERVICE_ID.to_bytes(2) + numbers(version, number, last) + ids
    return section(table, head + bytes((segment_last, last_table)) + body)


def _bodies(events: Sequence[Event], charset: Charset) -> list[bytes]:
    """What the sections of a segment hold: one at least, eight at most."""
    for longest in (_LONGEST_TEXT, 0):
        bodies = _packed([_event(event, _UNDEFINED, charset, longest) for event in events])
        if len(bodies) <= _SECTIONS_PER_SEGMENT:
            break
    return bodies[:_SECTIONS_PER_SEGMENT]


def _packed(entries: Sequence[bytes]) -> list[bytes]:
    bodies = [b""]
    for entry in entries:
        if len(bodies[-1]) + len(entry) > _LARGEST_LOOP:
            bodies.append(b"")
        bodies[-1] += entry
    return bodies


def _event(event: Event, running: int, charset: Charset, longest: int = _LONGEST_TEXT) -> bytes:
    languages = list(dict.fromkeys([*event.titles, *event.texts]))[:4]
    descriptors = b"".join(
        _short_event(event, language, charset, longest) for language in languages
    )
    return (
        event.id.to_bytes(2)
        + mjd_and_bcd(event.starts_at)
        + bcd(min(event.duration, timedelta(hours=99)))
        + counted(descriptors, running << 1)
    )


def _short_event(event: Event, language: str, charset: Charset, longest: int) -> bytes:
    name = text(event.titles.get(language, ""), _LONGEST_NAME, charset)
    about = text(event.texts.get(language, ""), max(0, longest - len(name)), charset)
    code = _LANGUAGES.get(language) or (language.encode() if len(language) == 3 else b"und")
    body = code + bytes((len(name),)) + name + bytes((len(about),)) + about
    return descriptor(0x4D, body)
