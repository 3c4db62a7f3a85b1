"""A sentence with values is text like any other, and can be said again in another language."""

import msgspec

from kernel.errors import Conflict
from kernel.sentence import parts_of, sentence
from kernel.web import problem


def test_it_is_text_that_remembers_what_it_was_made_of():
    told = sentence("Row {row} holds “{text}”.", row=7, text="{row}")
    assert told == "Row 7 holds “{row}”."
    assert parts_of(told) == ("Row {row} holds “{text}”.", {"row": "7", "text": "{row}"})


def test_a_plain_text_is_its_own_template():
    assert parts_of("Nothing {here}.") == ("Nothing {here}.", {})


def test_an_error_tells_both_to_scripts():
    answer = problem(Conflict(sentence("{name} is taken.", name="Hall 3")))
    told = msgspec.json.decode(answer.body)
    assert told["title"] == "Hall 3 is taken."
    assert (told["template"], told["values"]) == ("{name} is taken.", {"name": "Hall 3"})
    assert "template" not in msgspec.json.decode(problem(Conflict("Plain.")).body)
