"""Auditoriums as a sheet: a name and its seats a row; what the sheet does not name stays."""

from collections.abc import Mapping
from typing import Final

import msgspec

from kernel.errors import Invalid
from kernel.lines import one_line
from kernel.sentence import sentence
from schedule.auditoriums import MOST_SEATS
from schedule.sheet import Findings, Row, read_sheet, write_sheet

COLUMNS: Final = ("name", "seats")


class AuditoriumsTaken(msgspec.Struct, frozen=True):
    """How many rows of a sheet are new, change something, or say what is known."""

    added: int
    changed: int
    same: int


def read_auditoriums(data: bytes) -> tuple[dict[str, int], Findings]:
    """The seats by name, and a finding for each row that does not fit."""
    findings = Findings()
    seats: dict[str, int] = {}
    for row in read_sheet(data, columns=COLUMNS, needed=COLUMNS):
        try:
            name, count = one_line(row.cells["name"], "A name", 100), _seats(row)
        except Invalid as error:
            findings.add(row.number, error)
            continue
        if name in seats:
            findings.add(row.number, sentence("The auditorium {name} stands above.", name=name))
        seats.setdefault(name, count)
    return seats, findings


def compare(known: Mapping[str, int], wanted: Mapping[str, int]) -> AuditoriumsTaken:
    """What `wanted` would do to what is `known`."""
    added = len(wanted.keys() - known.keys())
    same = len(wanted.items() & known.items())
    return AuditoriumsTaken(added, len(wanted) - added - same, same)


def write_auditoriums(seats: Mapping[str, int]) -> bytes:
    """A sheet that can be read again."""
    return write_sheet(COLUMNS, seats.items())


def _seats(row: Row) -> int:
    text = row.cells["seats"]
    if text.isdecimal() and len(text) < 10 and 1 <= int(text) <= MOST_SEATS:
        return int(text)
    raise Invalid(sentence("An auditorium has from 1 to {most} seats.", most=MOST_SEATS))
