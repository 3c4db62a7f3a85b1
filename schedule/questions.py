"""A question with choices: what a poll asks, prepared before a lecture or asked at once."""

from typing import Final

import msgspec

from kernel.errors import Invalid
from kernel.sentence import sentence

FEWEST_CHOICES: Final = 2
MOST_CHOICES: Final = 8
LONGEST_QUESTION: Final = 300  # characters
LONGEST_CHOICE: Final = 200


class Question(msgspec.Struct, frozen=True):
    """`right` are the places of the right choices, from 0; with none it is a matter of opinion.

    `is_named`: whoever asks sees who answered what; else nobody but the person is told.
    """

    text: str
    choices: tuple[str, ...]
    is_multiple: bool = False
    is_named: bool = False
    right: tuple[int, ...] = ()


def checked(question: Question) -> Question:
    """The question as it is kept; Invalid says what is wrong with it."""
    if not FEWEST_CHOICES <= len(question.choices) <= MOST_CHOICES:
        raise Invalid("A question has 2 to 8 choices.")
    choices = tuple(
        _line(c, "A choice has 1 to {most} printable characters.", LONGEST_CHOICE)
        for c in question.choices
    )
    if len(set(choices)) < len(choices):
        raise Invalid("Two choices are the same.")
    return Question(
        text=_line(
            question.text, "A question has 1 to {most} printable characters.", LONGEST_QUESTION
        ),
        choices=choices,
        is_multiple=question.is_multiple,
        is_named=question.is_named,
        right=_right(question),
    )


def chosen(question: Question, choices: tuple[int, ...]) -> tuple[int, ...]:
    """An answer in order, each choice once; Invalid when it is none to this question."""
    found = tuple(sorted(set(choices)))
    if not found:
        raise Invalid("Choose something.")
    if not _are_choices(question, found):
        raise Invalid("This question has no such choice.")
    if len(found) > 1 and not question.is_multiple:
        raise Invalid("Choose one only.")
    return found


def _line(text: str, otherwise: str, longest: int) -> str:
    """One line of text; Invalid with the template `otherwise`."""
    text = " ".join(text.split())
    if not 0 < len(text) <= longest or not text.isprintable():
        raise Invalid(sentence(otherwise, most=longest))
    return text


def _right(question: Question) -> tuple[int, ...]:
    right = tuple(sorted(set(question.right)))
    if not _are_choices(question, right):
        raise Invalid("A right answer is none of the choices.")
    if len(right) > 1 and not question.is_multiple:
        raise Invalid("A question of which one may be chosen has one right answer.")
    return right


def _are_choices(question: Question, places: tuple[int, ...]) -> bool:
    return all(0 <= place < len(question.choices) for place in places)
