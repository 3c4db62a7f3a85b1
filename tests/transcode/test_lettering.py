"""The drawn alphabet of slates and of the demo's slides."""

import string

import pytest

from transcode.lettering import HEIGHT, dots

_NOT_DRAWN = dots("\N{SNOWMAN}")
_KAZAKH = "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя"
_GREEK = "αβγδεζηθικλμνξοπρστυφχψω"


@pytest.mark.parametrize(
    "letters",
    [string.ascii_lowercase + string.digits, _KAZAKH, _GREEK, "-–—.,:;!?/()&+=<>×%#№·_'’\"«»"],
    ids=["latin", "kazakh", "greek", "signs"],
)
def test_every_letter_a_title_may_hold_is_drawn(letters: str) -> None:
    boxes = [letter for letter in letters if dots(letter) == _NOT_DRAWN]
    assert not boxes


def test_a_line_is_seven_rows_of_letters_five_wide_with_a_column_between() -> None:
    rows = dots("c = λν")
    assert len(rows) == HEIGHT
    assert {len(row) for row in rows} == {6 * len("c = λν") - 1}
