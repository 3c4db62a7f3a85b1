"""Class lists as sheets: rows of a class list are read from one, lectures are written into one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people_by_ids
from kernel.errors import DarisError, Invalid
from kernel.sentence import sentence
from schedule import planning
from schedule.class_list import ClassRow, keys_of_lectures
from schedule.courses import courses_by_ids, list_groups
from schedule.lifecycle import Lecture, LectureState
from schedule.sheet import Findings, Row, read_sheet, write_sheet
from schedule.study_work import Kind, Mode

COLUMNS: Final = (
    "key", "title", "lecturer", "starts_at", "ends_at", "minutes", "course", "groups", "kind",
    "mode", "auditorium", "channel", "summary", "recorded", "status",
)  # fmt: skip
_NEEDED: Final = ("key", "title", "lecturer", "starts_at")


def read_classes(data: bytes, zone: tzinfo) -> tuple[list[ClassRow], Findings]:
    """The rows of a sheet; times that tell no offset are those of `zone`."""
    findings = Findings()
    rows: list[ClassRow] = []
    for row in read_sheet(data, columns=COLUMNS, needed=_NEEDED):
        try:
            rows.append(_row(row, zone))
        except (msgspec.ValidationError, ValueError, DarisError) as error:
            findings.add(row.number, error)
    return rows, findings


async def write_classes(connection: AsyncConnection, planned: Sequence[Lecture]) -> bytes:
    """A sheet that can be read again; times are UTC."""
    keys = {lecture: key for key, lecture in (await keys_of_lectures(connection)).items()}
    teachers = await people_by_ids(connection, {one.lecturer for one in planned})
    named = {one.work.course for one in planned if one.work.course is not None}
    courses = await courses_by_ids(connection, named)
    groups = {group.id: group.key for group in await list_groups(connection)}
    return write_sheet(
        COLUMNS,
        (
            [
                keys.get(one.id, one.id), one.title, teachers[one.lecturer].login,
                f"{one.starts_at:%Y-%m-%dT%H:%MZ}", f"{one.ends_at:%Y-%m-%dT%H:%MZ}", None,
                courses[one.work.course].key if one.work.course else None,
                " | ".join(groups[group] for group in one.work.groups), one.work.kind,
                one.work.mode, one.work.auditorium, one.work.channel, one.summary,
                "yes" if one.is_recorded else "no",
                "cancelled" if one.state is LectureState.CANCELLED else None,
            ]
            for one in planned
        ),
    )  # fmt: skip


def _row(row: Row, zone: tzinfo) -> ClassRow:
    cells = row.cells
    starts_at = _moment(cells["starts_at"], zone)
    _check_is_known(cells, "kind", Kind)
    _check_is_known(cells, "mode", Mode)
    given: dict[str, Any] = {
        name: cells[name]
        for name in ("course", "kind", "mode", "auditorium", "channel", "summary")
        if cells[name]
    }
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
            "is_recorded": _is_true(cells["recorded"] or "yes"),
            "is_cancelled": cells["status"].casefold() == "cancelled",
        },
        ClassRow,
    )


def _check_is_known(cells: Mapping[str, str], name: str, words: type[StrEnum]) -> None:
    if cells[name] and cells[name] not in set(words):
        told = sentence(
            "The column {name} holds one of {known}, not “{text}”.",
            name=name,
            known=", ".join(words),
            text=cells[name][:40],
        )
        raise Invalid(told)


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


def _is_true(text: str) -> bool:
    word = text.casefold()
    if word not in {"yes", "no", "true", "false", "1", "0", "да", "нет", "иә", "жоқ"}:
        raise Invalid("recorded is yes or no.")
    return word in {"yes", "true", "1", "да", "иә"}
