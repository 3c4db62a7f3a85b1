"""Tables as a workbook of a spreadsheet (ECMA-376). Rows are written one by one to a file, so that a
long table takes no memory; text is text, so no cell becomes a formula or a link."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import xlsxwriter

CONTENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_NAME: Final = 31  # characters of a sheet's name
_NOT_IN_A_NAME: Final = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
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
    """Rows below a line of names."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def workbook(tables: Iterable[Table]) -> bytes:
    """Blocks. A sheet for each table; days are days, moments are text with their offset."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for table in tables:
            sheet = book.add_worksheet(table.name.translate(_NOT_IN_A_NAME)[:_LONGEST_NAME])
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, max(len(table.columns) - 1, 0), 18)
            for column, name in enumerate(table.columns):
                sheet.write_string(0, column, name, heading)
            for number, row in enumerate(table.rows, 1):
                _write(sheet, number, row, day)
    return content.getvalue()


def _write(
    sheet: xlsxwriter.worksheet.Worksheet,
    number: int,
    row: Sequence[Cell],
    day: xlsxwriter.format.Format,
) -> None:
    for column, cell in enumerate(row):
        match cell:
            case None:
                sheet.write_blank(number, column, None)
            case datetime():
                sheet.write_string(number, column, cell.isoformat())
            case date():
                sheet.write_datetime(number, column, cell, day)
            case int() | float():
                sheet.write_number(number, column, cell)
            case str():
                sheet.write_string(number, column, cell)
