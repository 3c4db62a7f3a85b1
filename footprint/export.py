"""CSV for spreadsheets (RFC 4180), in which no cell can become a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from footprint.course import Course
from footprint.evidence import Witnessed
from footprint.person_classes import PersonClass
from footprint.policy import Channel, Status
from footprint.sheets import Sheet
from footprint.workbook import is_like_a_formula

BOM: Final = "\ufeff"  # some spreadsheets take a file for UTF-8 only with it

Cell = str | int | float | datetime | None


def csv_text(rows: Iterable[Sequence[Cell]], *, has_bom: bool = False) -> str:
    """Rows as text; datetimes as RFC 3339."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return (BOM if has_bom else "") + text.getvalue()


def attendance_rows(sheet: Sheet) -> list[list[Cell]]:
    """One line per person, below a line of names."""
    head: list[Cell] = [
        "lecture", "person", "name", "status", "minutes", "percent", "first_in", "last_out",
        *(f"{channel}_minutes" for channel in Channel), "interactions", "recording_percent",
        "window_from", "window_to", "policy",
        "automatic_status", "automatic_minutes", "mark_reason", "marked_by", "marked_at",
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [
            str(sheet.lecture),
            str(row.person),
            row.name,
            row.status,
            row.minutes,
            row.percent,
            row.first_in,
            row.last_out,
            *(row.minutes_by_channel.get(channel, 0.0) for channel in Channel),
            row.interactions,
            row.covered_percent,
            sheet.window.began_at,
            sheet.window.ended_at,
            sheet.policy,
            row.automatic_status,
            row.automatic_minutes,
            *((row.mark.reason, row.mark.by_name, row.mark.at) if row.mark else (None, None, None)),
        ]
        for row in sheet.rows
    ]
    return [head, *lines]


def course_rows(course: Course) -> list[list[Cell]]:
    """One line per learner, one column per class, below two lines that say which."""
    weeks: list[Cell] = ["", "week", "", "", *(one.week for one in course.classes)]
    head: list[Cell] = ["person", "name", "attended", "minutes"]
    head += [one.starts_at for one in course.classes]
    lines: list[list[Cell]] = [
        [str(one.person), one.name, one.attended, one.minutes, *one.statuses]
        for one in course.learners
    ]
    return [weeks, head, *lines]


def class_rows(course: Course) -> list[list[Cell]]:
    """One line per class of the course."""
    head: list[Cell] = [
        "lecture", "week", "starts_at", *Status, "average_percent", "stayed_percent",
        "raised_hands", "lines_of_chat", "polls", "polls_answered_percent",
        "good_connections_percent", "policy",
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [
            str(one.lecture),
            one.week,
            one.starts_at,
            *(one.statuses.get(status, 0) for status in Status),
            one.average_percent,
            one.stayed_percent,
            one.questions,
            one.lines,
            one.polls,
            one.answered_percent,
            one.good_percent,
            one.policy,
        ]
        for one in course.classes
    ]
    return [head, *lines]


def person_rows(classes: Iterable[PersonClass]) -> list[list[Cell]]:
    """One line per class of one person."""
    head: list[Cell] = [
        "lecture", "title", "course", "period", "week", "starts_at", "part", "status", "minutes",
        "percent", "first_in", "last_out", *(f"{channel}_minutes" for channel in Channel),
        "recording_percent", "policy", "automatic_status", "automatic_minutes", "mark_reason",
        "marked_at", "taught_minutes",
    ]  # fmt: skip
    return [head, *map(_person_row, classes)]


def _person_row(one: PersonClass) -> list[Cell]:
    first: list[Cell] = [
        str(one.lecture),
        one.title,
        one.course_title,
        one.period,
        one.week,
        one.starts_at,
        "lecturer" if one.is_teacher else "learner",
    ]
    if one.is_teacher:
        taught = one.window.length.total_seconds() / 60 if one.was_taught else 0.0
        return [*first, *[None] * (11 + len(Channel)), round(taught, 2)]
    if (row := one.attendance) is None:
        return first
    return [
        *first,
        row.status,
        round(row.minutes, 2),
        round(row.percent, 1),
        row.first_in,
        row.last_out,
        *(
            round(row.by_channel[c].total_seconds() / 60, 2) if c in row.by_channel else 0.0
            for c in Channel
        ),
        round(row.covered, 1),
        row.policy,
        row.automatic,
        round(row.automatic_present.total_seconds() / 60, 2),
        row.mark.reason if row.mark else None,
        row.mark.at if row.mark else None,
    ]


def interval_rows(stays: Iterable[tuple[str, Witnessed]]) -> list[list[Cell]]:
    """One line per proven stay, unmerged and unclipped: what the sheet was made of; and behind it what
    else is known of the stay and decides nothing."""
    head: list[Cell] = [
        "person", "name", "channel", "began_at", "last_proof_at", "received_s", "visible_s",
    ]  # fmt: skip
    return [head, *(_interval_row(name, stay) for name, stay in stays)]


def _interval_row(name: str, stay: Witnessed) -> list[Cell]:
    there = stay.presence
    first: list[Cell] = [str(there.person), name, there.channel]
    return [*first, there.span.began_at, there.span.ended_at, stay.received_s, stay.visible_s]


def _cell(cell: Cell) -> str | int | float:
    """Our numbers may be negative; a text that begins like a formula gets an apostrophe."""
    match cell:
        case None:
            return ""
        case datetime():
            return cell.isoformat().replace("+00:00", "Z")
        case str():
            return f"'{cell}" if is_like_a_formula(cell) else cell
        case _:
            return cell
