"""One line of text, as people type it into a field."""

from typing import Final

from kernel.errors import Invalid
from kernel.sentence import sentence

# Whole sentences, since languages bend a noun.
_SENTENCES: Final = {
    "A key": "A key has 1 to {longest} printable characters.",
    "A title": "A title has 1 to {longest} printable characters.",
    "A name": "A name has 1 to {longest} printable characters.",
    "A faculty": "A faculty has 1 to {longest} printable characters.",
    "A calendar's key": "A calendar's key has 1 to {longest} printable characters.",
    "A legal basis": "A legal basis has 1 to {longest} printable characters.",
    "An organisation": "An organisation has 1 to {longest} printable characters.",
    "A reason": "A reason has 1 to {longest} printable characters.",
    "An auditorium": "An auditorium has 1 to {longest} printable characters.",
    "A basis": "A basis has 1 to {longest} printable characters.",
}


def one_line(text: str, what: str, longest: int) -> str:
    """The text with its spaces put in order; Invalid, about `what`, one of those above, when it is none
    or too long."""
    text = " ".join(text.split())
    if not 0 < len(text) <= longest or not text.isprintable():
        raise Invalid(sentence(_SENTENCES[what], longest=longest))
    return text


def maybe_line(text: str | None, what: str, longest: int) -> str | None:
    """As `one_line`; what is empty is None."""
    return one_line(text, what, longest) if text and text.strip() else None
