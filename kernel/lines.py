"""One line of text, as people type it into a field."""

from kernel.errors import Invalid


def one_line(text: str, what: str, longest: int) -> str:
    """The text with its spaces put in order; Invalid, about `what`, when it is none or too long."""
    text = " ".join(text.split())
    if not 0 < len(text) <= longest or not text.isprintable():
        raise Invalid(f"{what} has 1 to {longest} printable characters.")
    return text


def maybe_line(text: str | None, what: str, longest: int) -> str | None:
    """As `one_line`; what is empty is None."""
    return one_line(text, what, longest) if text and text.strip() else None
