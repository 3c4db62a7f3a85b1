"""Class lists as sheets: rows of a class list are read from one, lectures are written into one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people_by_ids
from kernel.errors import DarisError, Invalid
from kernel.sentence import sentence
from schedule import ical, planning
from schedule.class_list import keys_of_lectures
from schedule.class_row import ClassRow
from schedule.courses import courses_by_ids, list_groups
from schedule.lifecycle import Lecture, LectureState
from schedule.sheet import Findings, Row, misfit, read_sheet, write_sheet
from schedule.study_work import ChatMode, Kind, Mode

COLUMNS: Final = (
    "key", "title", "lecturer", "starts_at", "ends_at", "minutes", "course", "groups", "kind",
    "mode", "auditorium", "channel", "summary", "recorded", "chat_mode", "waiting_room",
    "attendance_policy", "status",
)  # fmt: skip
_NEEDED: Final = ("key", "title", "lecturer", "starts_at")
BY_DAY: Final = "by day"  # no version is called so


def read_classes(data: bytes, zone: tzinfo) -> tuple[list[ClassRow], Findings]:
    """The rows of a sheet; times that tell no offset are those of `zone`."""
    findings = Findings()
    rows: list[ClassRow] = []
    for row in read_sheet(data, columns=COLUMNS, needed=_NEEDED):
        try:
            rows.append(_row(row, zone))
        except msgspec.ValidationError as error:
            findings.add(row.number, misfit(row, error))
        except ValueError as error:
            told = sentence("This row can't be understood: {reason}.", reason=error)
            findings.add(row.number, told)
        except DarisError as error:
            findings.add(row.number, error)
    return rows, findings


@dataclass(frozen=True, slots=True)
class Named:
    """What other systems call the lectures and what belongs to them."""

    keys: Mapping[UUID, str]
    logins: Mapping[UUID, str]
    courses: Mapping[UUID, str]
    groups: Mapping[UUID, str]

    @classmethod
    async def read(cls, connection: AsyncConnection, planned: Sequence[Lecture]) -> Self:
        keys = {lecture: key for key, lecture in (await keys_of_lectures(connection)).items()}
        teachers = await people_by_ids(connection, {one.lecturer for one in planned})
        named = {one.work.course for one in planned if one.work.course is not None}
        courses = await courses_by_ids(connection, named)
        return cls(
            keys,
            {teacher.id: teacher.login for teacher in teachers.values()},
            {course.id: course.key for course in courses.values()},
            {group.id: group.key for group in await list_groups(connection)},
        )

    def key(self, lecture: Lecture) -> str:
        """By which an import knows the lecture again."""
        return self.keys.get(lecture.id, str(lecture.id))

    def course(self, lecture: Lecture) -> str | None:
        return None if lecture.work.course is None else self.courses[lecture.work.course]

    def of_groups(self, lecture: Lecture) -> str:
        return " | ".join(self.groups[group] for group in lecture.work.groups)


async def write_classes(connection: AsyncConnection, planned: Sequence[Lecture]) -> bytes:
    """A sheet that can be read again; times are UTC."""
    named = await Named.read(connection, planned)
    return write_sheet(
        COLUMNS,
        (
            [
                named.key(one), one.title, named.logins[one.lecturer],
                f"{one.starts_at:%Y-%m-%dT%H:%MZ}", f"{one.ends_at:%Y-%m-%dT%H:%MZ}", None,
                named.course(one), named.of_groups(one), one.work.kind,
                one.work.mode, one.work.auditorium, one.work.channel, one.summary,
                _yes(one.is_recorded), one.work.chat_mode, _yes(one.work.waiting_room),
                one.work.attendance_policy or BY_DAY,
                "cancelled" if one.state is LectureState.CANCELLED else None,
            ]
            for one in planned
        ),
    )  # fmt: skip


async def write_calendar(
    connection: AsyncConnection, planned: Sequence[Lecture], pages: ical.Pages
) -> bytes:
    """A calendar that can be read again: UIDs are keys, and what iCalendar lacks stands in X-DARIS-…
    (RFC 5545, 3.8.8.2)."""
    named = await Named.read(connection, planned)
    events = [
        replace(event, uid=named.key(one), more=_extra(one, named))
        for one, event in zip(planned, ical.of_lectures(planned, pages), strict=True)
    ]
    return ical.text(events, name=None, zone=None).encode()


def _extra(lecture: Lecture, named: Named) -> tuple[tuple[str, str], ...]:
    work = lecture.work
    said = {
        "LECTURER": named.logins[lecture.lecturer],
        "COURSE": named.course(lecture),
        "GROUPS": named.of_groups(lecture),
        "KIND": work.kind,
        "MODE": work.mode,
        "CHANNEL": work.channel,
        "RECORDED": _yes(lecture.is_recorded),
        "CHAT-MODE": work.chat_mode,
        "WAITING-ROOM": _yes(work.waiting_room),
        "ATTENDANCE-POLICY": work.attendance_policy or BY_DAY,
    }
    return tuple((f"X-DARIS-{name}", value) for name, value in said.items() if value)


def _row(row: Row, zone: tzinfo) -> ClassRow:
    cells = row.cells
    starts_at = _moment(cells["starts_at"], zone)
    _check_is_known(cells, "kind", Kind)
    _check_is_known(cells, "mode", Mode)
    _check_is_known(cells, "chat_mode", ChatMode)
    given: dict[str, Any] = {
        name: cells[name]
        for name in ("course", "kind", "mode", "chat_mode", "auditorium", "channel", "summary")
        if cells[name]
    }
    if text := cells["waiting_room"]:
        given["waiting_room"] = is_true(text, "waiting_room")
    if version := cells["attendance_policy"]:
        given["attendance_policy"] = pinned(version)
    return msgspec.convert(
        given
        | {
            "number": row.number,
            "key": _key(cells["key"]),
            "title": cells["title"],
            "lecturer": cells["lecturer"],
            "starts_at": starts_at,
            "ends_at": _end(cells, starts_at, zone),
            "groups": tuple(key.strip() for key in cells["groups"].split("|") if key.strip()),
            "is_recorded": is_true(cells["recorded"] or "yes", "recorded"),
            "is_cancelled": cells["status"].casefold() == "cancelled",
        },
        ClassRow,
    )


def _check_is_known(cells: Mapping[str, str], name: str, words: type[StrEnum]) -> None:
    if cells[name] and cells[name] not in set(words):
        raise _none_of(words, name, cells[name])


def _none_of(words: Iterable[str], name: str, text: str) -> Invalid:
    told = sentence(
        "The column {name} holds one of {known}, not “{text}”.",
        name=name,
        known=", ".join(words),
        text=text[:40],
    )
    return Invalid(told)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _key(text: str) -> str:
    if not 0 < len(text) <= 255:
        raise Invalid("A key has 1 to 255 characters.")
    return text


def _end(cells: Mapping[str, str], starts_at: datetime, zone: tzinfo) -> datetime:
    if cells["ends_at"]:
        return _moment(cells["ends_at"], zone)
    if not cells["minutes"].isdecimal():
        raise Invalid("Say when the class ends: by ends_at, or by minutes.")
    return starts_at + timedelta(minutes=int(cells["minutes"][:6]))


def _moment(text: str, zone: tzinfo) -> datetime:
    """ISO 8601, or a day and a time as people of this country write them."""
    for pattern in ("%d.%m.%Y %H:%M", None):
        try:
            found = (
                datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007 - the zone follows
            )
        except ValueError:
            continue
        return planning.in_utc(found if found.tzinfo else found.replace(tzinfo=zone))
    raise Invalid(
        sentence("“{text}” is no time; write 2026-09-08 14:00 or 08.09.2026 14:00.", text=text[:40])
    )


def pinned(text: str) -> str | None:
    """The version that is named; None: that of the day."""
    return None if text.casefold() == BY_DAY else text


def is_true(text: str, name: str) -> bool:
    """What the cell of that column says; Invalid when it is neither yes nor no."""
    word = text.casefold()
    if word not in {"yes", "no", "true", "false", "1", "0", "да", "нет", "иә", "жоқ"}:
        raise _none_of(("yes", "no"), name, text)
    return word in {"yes", "true", "1", "да", "иә"}
