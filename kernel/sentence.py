"""A sentence with values in it, which pages can say again in the reader's language.

It is English text like any other, and remembers of what it was made: the catalogues know the
template, as in gettext, and the values stay as they are.
"""

from collections.abc import Mapping


class Sentence(str):  # noqa: SLOT000  a str that varies in length can have none
    """`sentence(template, …)` filled in."""

    template: str
    values: Mapping[str, str]


def sentence(template: str, **values: object) -> Sentence:
    """The template with every `{name}` filled in."""
    texts = {name: str(value) for name, value in values.items()}
    made = Sentence(template.format_map(texts))
    made.template, made.values = template, texts
    return made


def parts_of(text: str) -> tuple[str, Mapping[str, str]]:
    """Template and values; a plain text is its own template, and has none."""
    return (text.template, text.values) if isinstance(text, Sentence) else (text, {})
