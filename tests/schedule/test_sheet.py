"""Sheets as spreadsheets save them: encodings, separators, headings, formulas."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from schedule.sheet import read_sheet, write_sheet

COLUMNS = ("course", "login", "name")


def read(data: bytes) -> list[dict[str, str]]:
    return [row.cells for row in read_sheet(data, columns=COLUMNS, needed=("course", "login"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1251", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_sheet_is_read_whatever_saved_it(encoding, separator):
    lines = (("Course", " login", "NAME"), ("CS101", "dana", "Дана Омарова"), ("", "", ""))
    data = "\r\n".join(separator.join(line) for line in lines).encode(encoding)
    assert read(data) == [{"course": "CS101", "login": "dana", "name": "Дана Омарова"}]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "empty"),
        (b"PK\x03\x04\x00\x00\x00\x00", "no text"),
        (b"course,login,course\n", "The column course stands twice"),
        (b"course,shoe\n", "no column “shoe”.*login is missing"),
        (b'course,login\nCS,"dana\n', "Row 2 can't be taken apart"),
        (b"course,login\nCS,dana,more\n", "Row 2 has more cells"),
    ],
)
def test_what_is_no_sheet_is_told_in_a_sentence(data, complaint):
    with pytest.raises(Invalid) as error:
        read(data)
    told = " ".join([error.value.message, *(one.message for one in error.value.findings)])
    assert re.search(complaint, told)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"])), min_size=1))
def test_no_cell_is_a_formula_and_each_comes_back(names):
    rows = [["cs", "dana", name] for name in names]
    data = write_sheet(COLUMNS, rows)
    assert not any(line.split(",")[2].startswith("=") for line in data.decode().split("\r\n")[1:-1])
    assert [row["name"].strip() for row in read(data)] == [name.strip() for name in names]
