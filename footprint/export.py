"""CSV for spreadsheets (RFC 4180), in which no cell can become a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from footprint.attendance import Presence
from footprint.course import Course
from footprint.policy import Channel
from footprint.sheets import Sheet

BOM: Final = "\ufeff"  # some spreadsheets take a file for UTF-8 only with it
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

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


def interval_rows(stays: Iterable[tuple[str, Presence]]) -> list[list[Cell]]:
    """One line per proven stay, unmerged and unclipped: what the sheet was made of."""
    head: list[Cell] = ["person", "name", "channel", "began_at", "last_proof_at"]
    lines: list[list[Cell]] = [
        [str(stay.person), name, stay.channel, stay.span.began_at, stay.span.ended_at]
        for name, stay in stays
    ]
    return [head, *lines]


def _cell(cell: Cell) -> str | int | float:
    """Our numbers may be negative; a text that begins like a formula gets an apostrophe."""
    match cell:
        case None:
            return ""
        case datetime():
            return cell.isoformat().replace("+00:00", "Z")
        case str():
            return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
        case _:
            return cell
