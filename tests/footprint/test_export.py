"""CSV that a spreadsheet opens as it was written, and that can't run anything."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.export import BOM, csv_text

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@given(st.lists(st.lists(words, min_size=1, max_size=4), max_size=5))
def test_every_text_comes_back_as_it_was_or_with_an_apostrophe_before_it(rows):
    back = read(csv_text(rows))
    want = [row for row in rows if row != [""]] if [""] in rows else rows
    back = [row for row in back if row not in ([], [""])] if [""] in rows else back
    assert [[cell.removeprefix("'") for cell in row] for row in back] == [
        [cell.removeprefix("'") for cell in row] for row in want
    ]


@given(words)
def test_no_cell_begins_like_a_formula(word):
    cell = read(csv_text([[word, "x"]]))[0][0]
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize(
    "name",
    ['=HYPERLINK("http://evil","x")', "+7 701", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"],
)
def test_a_name_that_is_a_formula_is_a_text(name):
    assert read(csv_text([[name, 1]]))[0][0] == f"'{name}"


def test_our_own_numbers_stay_numbers():
    assert csv_text([[-1.5, 0, None]]) == "-1.5,0,\r\n"


def test_lines_end_and_quotes_double_as_rfc_4180_says():
    assert csv_text([['say "hi"', "a,b"], ["two\nlines", ""]]) == (
        '"say ""hi""","a,b"\r\n"two\nlines",\r\n'
    )


def test_times_name_their_zone():
    assert csv_text([[datetime(2026, 9, 7, 4, tzinfo=UTC)]]) == "2026-09-07T04:00:00Z\r\n"


def test_the_mark_of_utf_8_comes_first_when_asked_for():
    assert csv_text([["Әлия"]], has_bom=True) == f"{BOM}Әлия\r\n"
