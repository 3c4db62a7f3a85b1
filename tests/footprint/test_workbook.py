"""A workbook reads back, in a reader that we did not write, as what was written; nothing in it runs."""

from datetime import UTC, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from footprint.workbook import Table, workbook

ALMATY = ZoneInfo("Asia/Almaty")
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40)


def read(rows):
    return load_workbook(BytesIO(workbook([Table("sheet", rows[0], rows[1:])], ALMATY)))


@settings(max_examples=8, deadline=None)
@given(st.lists(words.filter(bool), min_size=1, max_size=30))
def test_every_text_comes_back_as_the_same_text(texts):
    book = read([["name"], *([text] for text in texts)])
    cells = [row[0] for row in book["sheet"].iter_rows(min_row=2)]
    assert [(cell.value, cell.data_type) for cell in cells] == [(text, "s") for text in texts]


@pytest.mark.parametrize(
    "name",
    ['=HYPERLINK("http://evil","x")', "+7 701", "-2", "@SUM(A1)", "{=1}", " =1", "http://evil"],
)
def test_a_name_that_is_a_formula_is_a_text_and_stays_one_when_edited(name):
    cell = read([["name"], [name]])["sheet"]["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (name, "s", None)
    assert cell.quotePrefix == (not name.startswith(("http", "{")))


def test_times_are_of_the_readers_zone_and_the_book_says_which():
    book = read([["at"], [datetime(2026, 9, 7, 4, tzinfo=UTC)]])
    assert book["sheet"]["A2"].value.isoformat() == "2026-09-07T09:00:00"
    assert book["about"]["B1"].value == "Asia/Almaty"


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell():
    first, second, third = read([["a", "b", "c"], [-1.5, 0, None]])["sheet"][2]
    assert (first.value, second.value, third.value) == (-1.5, 0, None)


def test_a_text_longer_than_a_cell_takes_is_cut():
    assert len(read([["a"], ["x" * 40_000]])["sheet"]["A2"].value) == 32_767
