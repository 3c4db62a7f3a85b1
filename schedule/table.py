"""A schedule as a table: a row for each programme, columns by name, separated by comma, semicolon or tab."""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec

from kernel.errors import Invalid
from schedule.drafts import MOST_PROGRAMMES, Reading
from schedule.rundown import Finding, Programme, Severity

_SEPARATORS: Final = (",", ";", "\t")
_RIGHTS: Final = ("rights_from", "rights_until")
_PLAIN: Final = ("key", "starts_at", "ends_at", "duration", "source", "floating", *_RIGHTS)
_NEEDED: Final = ("key", "starts_at", "source")
_TEXT: Final = re.compile(r"(title|description)(?:_([a-z]{2,3}))?")
_SPAN: Final = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)")
_YES_OR_NO: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_NUMBER: Final = re.compile(r"\d{1,6}(\.\d{1,6})?")


def read_table(
    text: str, *, language: str, zone: ZoneInfo | None = None
) -> tuple[list[Programme], list[Finding]]:
    """Invalid when there is not even a heading."""
    heading, separator = _heading(text)
    reading = Reading(zone)
    for code, message in _wrong_columns(heading):
        reading.note(Finding(Severity.ERROR, code, f"Row 1: {message}.", row=1))
    if reading.findings:
        return [], reading.findings
    for row, cells in _rows(text, separator, reading):
        if reading.is_full:
            raise Invalid(f"A push holds at most {MOST_PROGRAMMES} programmes.")
        if len(cells) > len(heading):
            reading.refuse("too_many_cells", "it has more cells than the heading", row=row)
        else:
            reading.add(_draft(dict(zip(heading, cells, strict=False)), language), row=row)
    return reading.programmes, reading.findings


def source_of(text: str) -> dict[str, Any]:
    """`recording:ID`, `file:NAME`, `live:ID?overrun=push&extension=900` or `slate`, as one cell has
    it; nothing of it is checked."""
    kind, _, name = text.partition(":")
    kind = kind.strip().lower()
    if kind == "slate" and not name:
        return {"slate": True}
    if kind == "live":
        return {"live": _live(name.strip())}
    return {kind: name.strip()} if kind in {"recording", "file"} else {}


def _live(text: str) -> dict[str, Any]:
    lecture, _, options = text.partition("?")
    given: dict[str, Any] = dict(parse_qsl(options, keep_blank_values=True))
    if str(given.get("extension", "")).isdecimal():
        given["extension"] = int(given["extension"])
    return given | {"lecture": lecture}


def _heading(text: str) -> tuple[list[str], str]:
    """The names of the columns, by the separator that makes most sense of the first line."""
    first = text.lstrip("\r\n").partition("\n")[0].rstrip("\r")
    if not first.strip():
        raise Invalid("The table is empty; its first row names the columns.")
    found = [(_names(first, separator), separator) for separator in _SEPARATORS]
    return max(found, key=lambda pair: (sum(map(_is_known, pair[0])), len(pair[0])))


def _names(line: str, separator: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=separator), [])
    except csv.Error as error:
        raise Invalid(f"The table's heading can't be read: {error}.") from error
    return [cell.strip().lower() for cell in cells]


def _is_known(name: str) -> bool:
    return name in _PLAIN or _TEXT.fullmatch(name) is not None


def _wrong_columns(heading: Sequence[str]) -> Iterator[tuple[str, str]]:
    for place, name in enumerate(heading):
        if not _is_known(name):
            yield "unknown_column", f"there is no column “{name[:40]}”"
        elif name in heading[:place]:
            yield "duplicate_column", f"the column {name} stands twice"
    for name in _NEEDED:
        if name not in heading:
            yield "missing_column", f"the column {name} is missing"
    if not any(name.startswith("title") for name in heading):
        yield "missing_column", "there is no column title, title_kk, title_ru or title_en"


def _rows(text: str, separator: str, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """Each row below the heading with its number; empty ones do not count as programmes."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True)
    is_heading = True
    try:
        while True:
            row = reader.line_num + 1
            cells = [cell.strip() for cell in next(reader)]
            if not any(cells):
                continue
            if not is_heading:
                yield row, cells
            is_heading = False
    except StopIteration:
        return
    except csv.Error as error:
        reason = f"it can't be taken apart ({error}), nor can what follows"
        reading.refuse("unreadable", reason, row=reader.line_num)


def _draft(cells: dict[str, str], language: str) -> dict[str, Any]:
    draft: dict[str, Any] = {name: cells[name] for name in _PLAIN if cells.get(name)}
    draft["source"] = source_of(cells.get("source", ""))
    if "duration" in draft:
        draft["duration"] = _span(draft["duration"])
    if "floating" in draft:
        draft["floating"] = _YES_OR_NO.get(draft["floating"].lower(), draft["floating"])
    for name, cell in cells.items():
        if cell and (match := _TEXT.fullmatch(name)):
            draft.setdefault(match[1], {})[match[2] or language] = cell
    return {"title": {}} | draft


def _span(text: str) -> float | str:
    """Seconds or H:MM:SS as seconds; anything else as it is."""
    if match := _SPAN.fullmatch(text):
        hours, minutes, seconds = (int(part) for part in match.groups())
        return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    return msgspec.convert(text, float, strict=False) if _NUMBER.fullmatch(text) else text
