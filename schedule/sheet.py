"""A sheet: rows with named columns, as spreadsheets save and read them (RFC 4180).

What comes in may be UTF-8, UTF-16 with a byte order mark, or windows-1251, separated by comma,
semicolon or tab. No cell that goes out can become a formula: an apostrophe stands before it, and
is taken away again when it comes in.
"""

import codecs
import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from kernel.errors import DarisError, Invalid
from kernel.sentence import Sentence, parts_of, sentence

MOST_ROWS: Final = 50_000
MOST_FINDINGS: Final = 200  # of one file; who has so many reads them in parts
_SEPARATORS: Final = (",", ";", "\t")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class ImportQuery(msgspec.Struct, frozen=True):
    """The query string of an import."""

    dry_run: Literal["true", "false"] = "false"

    @property
    def is_preview(self) -> bool:
        return self.dry_run == "true"


class Finding(msgspec.Struct, frozen=True):
    """What is wrong with a row; with `is_note` it is only left out, and the rest can be saved.
    `template` and `values` are what the message was made of."""

    row: int
    message: str
    template: str
    values: Mapping[str, str]
    is_note: bool = False

    @classmethod
    def told(cls, row: int, message: str, *, is_note: bool = False) -> "Finding":
        template, values = parts_of(message)
        return cls(row, str(message), template, values, is_note)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the sheet; `number` counts from 1, the heading."""

    number: int
    cells: dict[str, str]  # trimmed; a column that the sheet lacks is empty


@dataclass(slots=True)
class Findings:
    """Those of one file, the first ones."""

    found: list[Finding] = field(default_factory=list)
    count: int = 0  # of those that keep it from being saved

    def add(self, row: int, what: str | Exception, *, is_note: bool = False) -> None:
        self.count += not is_note
        if len(self.found) < MOST_FINDINGS:
            message = what.args[0] if isinstance(what, DarisError) else what
            self.found.append(
                Finding.told(
                    row, message if isinstance(message, str) else f"{message}", is_note=is_note
                )
            )


def misfit(row: Row, error: msgspec.ValidationError) -> Sentence:
    """Which cell can't be what its column holds; `error` names the column as `$.name`."""
    name = str(error).rpartition("`$.")[2].rstrip("`")
    return sentence(
        "The column {name} can't hold “{text}”.", name=name, text=row.cells.get(name, "")[:40]
    )


def read_sheet(data: bytes, *, columns: Collection[str], needed: Collection[str]) -> list[Row]:
    """The rows that are not empty. Invalid when the sheet as a whole can't be read."""
    text = decoded(data)
    separator = _separator(text, columns)
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    rows: list[Row] = []
    heading: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not heading:
                heading = _heading(cells, columns, needed)
                continue
            rows.append(Row(reader.line_num, _named(heading, cells, columns, reader.line_num)))
            if len(rows) > MOST_ROWS:
                raise Invalid(sentence("A sheet has at most {most} rows.", most=MOST_ROWS))
    except csv.Error as error:
        raise Invalid(
            sentence("Row {row} can't be taken apart: {reason}.", row=reader.line_num, reason=error)
        ) from error
    if not heading:
        raise Invalid("The sheet is empty; its first row names the columns.")
    return rows


def decoded(data: bytes) -> str:
    """As text, whatever its encoding; Invalid when it is none."""
    for mark, encoding in (*_MARKS, (b"", "utf-8"), (b"", "windows-1251")):
        if data.startswith(mark):
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\0" in text:
                break
            return text
    raise Invalid("This is no text; save the sheet as CSV in UTF-8.")


def write_sheet(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """As UTF-8 with a byte order mark, by which spreadsheets know it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _separator(text: str, columns: Collection[str]) -> str:
    """The one by which most of the first line are names of columns."""
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(_SEPARATORS, key=lambda mark: sum(_name(n) in columns for n in first.split(mark)))


def _heading(cells: Sequence[str], columns: Collection[str], needed: Collection[str]) -> list[str]:
    names = [_name(cell) for cell in cells]
    wrong = [
        sentence("There is no column “{name}”.", name=name[:40])
        for name in names
        if name not in columns
    ]
    twice = {name for name in names if names.count(name) > 1}
    wrong += [sentence("The column {name} stands twice.", name=name) for name in sorted(twice)]
    wrong += [
        sentence("The column {name} is missing.", name=name) for name in needed if name not in names
    ]
    if wrong:
        known = ", ".join(columns)
        findings = [Finding.told(1, message) for message in wrong]
        raise Invalid(
            sentence("The first row names the columns: {known}.", known=known), findings=findings
        )
    return names


def _named(
    heading: Sequence[str], cells: Sequence[str], columns: Collection[str], number: int
) -> dict[str, str]:
    if len(cells) > len(heading):
        raise Invalid(sentence("Row {row} has more cells than the first row.", row=number))
    given = (_plain(cell) for cell in cells)
    return dict.fromkeys(columns, "") | dict(zip(heading, given, strict=False))


def _name(cell: str) -> str:
    return cell.strip().strip('"').casefold()


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _cell(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
