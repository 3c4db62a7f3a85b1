"""Tables as a workbook of a spreadsheet (ECMA-376). Rows are written one by one to a file, so that a
long table takes no memory; text is text, so no cell becomes a formula or a link."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import xlsxwriter

CONTENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_NAME: Final = 31  # characters of a sheet's name
_LONGEST_TEXT: Final = 32_767  # characters that a cell takes
_NOT_IN_A_NAME: Final = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "nan_inf_to_errors": True,
}

Cell = str | int | float | date | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a line of names. The first `heads` rows stay in sight."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    heads: int = 1


def workbook(tables: Iterable[Table], zone: ZoneInfo | None = None) -> bytes:
    """Blocks. A sheet for each table. Days are days; moments are the wall clock of `zone`, which the last
    sheet then names, since a time of a workbook has no zone; without one they are text with their
    offset."""
    content = io.BytesIO()
    about = () if zone is None else (Table("about", ("time_zone", zone.key), ()),)
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        styles = _Styles(book, zone)
        for table in (*tables, *about):
            sheet = book.add_worksheet(table.name.translate(_NOT_IN_A_NAME)[:_LONGEST_NAME])
            sheet.freeze_panes(table.heads, 0)
            sheet.set_column(0, max(len(table.columns) - 1, 0), 18)
            for column, name in enumerate(table.columns):
                sheet.write_string(0, column, name, styles.heading)
            for number, row in enumerate(table.rows, 1):
                _write(sheet, number, row, styles)
    return content.getvalue()


def is_like_a_formula(text: str) -> bool:
    """Whether a spreadsheet might take the text for a formula."""
    return text.lstrip(" ").startswith(_FORMULA)


class _Styles:
    """How cells look."""

    def __init__(self, book: xlsxwriter.Workbook, zone: ZoneInfo | None) -> None:
        bold = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
        self.heading = book.add_format(bold)
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        # what begins like a formula stays a text even when somebody opens the cell and presses Enter
        self.quoted = book.add_format({"quote_prefix": True})
        self.zone = zone


def _write(
    sheet: xlsxwriter.worksheet.Worksheet, number: int, row: Sequence[Cell], styles: _Styles
) -> None:
    for column, cell in enumerate(row):
        match cell:
            case None:
                sheet.write_blank(number, column, None)
            case datetime() if styles.zone is None:
                sheet.write_string(number, column, cell.isoformat())
            case datetime():
                local = cell.astimezone(styles.zone).replace(tzinfo=None)
                sheet.write_datetime(number, column, local, styles.moment)
            case date():
                sheet.write_datetime(number, column, cell, styles.day)
            case int() | float():
                sheet.write_number(number, column, cell)
            case str():
                style = styles.quoted if is_like_a_formula(cell) else None
                sheet.write_string(number, column, cell[:_LONGEST_TEXT], style)
