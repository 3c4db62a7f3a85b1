"""Languages: which one a reader wants, and the catalogue of each."""

import gettext
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = ("kk", "ru", "en")
SOURCE = "en"  # the language of the strings in the source
HOUSE = "kk"  # for a reader who says nothing

_FOR_SCRIPTS = (".js", "/sentences.py")  # where the words stand that scripts may need


class Language:
    """One language: its translations, and the part of them that scripts need."""

    def __init__(self, locale: str, catalogue: Catalog) -> None:
        self.locale = locale
        self.translations = _translations(catalogue)
        self.words = {
            _source_of(message): _translation_of(message)
            for message in catalogue
            if message.id and any(path.endswith(_FOR_SCRIPTS) for path, _ in message.locations)
        }

    @classmethod
    def load(cls, folder: Path, locale: str) -> "Language":
        """Read `folder/locale.po`."""
        with (folder / f"{locale}.po").open("rb") as file:
            return cls(locale, read_po(file, locale=locale))

    def told(self, sentence: str) -> str:
        """What an error says, in this language where it is known."""
        return self.translations.gettext(sentence) if sentence else ""

    def module(self) -> str:
        """The words of the scripts as an ES module."""
        words = json.dumps(self.words, ensure_ascii=False, sort_keys=True)
        return f"export const locale = {json.dumps(self.locale)};\nexport default {words};\n"


def choose(said: str | None, person: str | None, accepted: str) -> str:
    """The language of a page: the reader's own choice, then the person's, then the browser's."""
    for wanted in (said, person):
        if wanted in LOCALES:
            return wanted
    return _negotiate(accepted)


def _negotiate(accepted: str) -> str:
    """Pick from an Accept-Language header (RFC 9110, 12.5.4)."""
    if not accepted.strip():
        return HOUSE
    wishes = sorted((_wish(part) for part in accepted.split(",")), reverse=True)
    return next((tag for weight, tag in wishes if weight > 0 and tag in LOCALES), SOURCE)


def _wish(part: str) -> tuple[float, str]:
    tag, _, weight = part.partition(";q=")
    primary = tag.strip().split("-")[0].lower()
    try:
        return float(weight or 1), primary
    except ValueError:
        return 0.0, primary


def _translations(catalogue: Catalog) -> gettext.GNUTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _source_of(message: Message) -> str:
    return message.id if isinstance(message.id, str) else str(message.id[0])


def _translation_of(message: Message) -> str | list[str]:
    """The text, or the list of its plural forms; the source's own words where one is missing."""
    if isinstance(message.id, str):
        return str(message.string) or message.id
    forms = [str(form) for form in message.string or ()]
    return forms if all(forms) else [str(form) for form in message.id]


def missing(catalogue: Catalog) -> Sequence[str]:
    """The sources that have no translation, or an uncertain one."""
    return [_source_of(message) for message in catalogue if message.id and _is_missing(message)]


def _is_missing(message: Message) -> bool:
    forms = [message.string] if isinstance(message.id, str) else list(message.string or ())
    return message.fuzzy or not all(forms)


Languages = Mapping[str, Language]
