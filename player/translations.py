"""The catalogues of the pages: what the templates and scripts say, in each language.

`python -m player.translations` brings player/locale/*.po up to date with the sources; what is new
stays empty until somebody translates it, and tests/shape/test_translations.py fails until then.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from kernel.languages import LOCALES, SOURCE

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CATALOGUES = HERE / "locale"

_FOLDERS = (
    (HERE / "templates", [(f"**.{kind}", "jinja2.ext:babel_extract") for kind in ("html", "txt")]),
    (HERE / "static", [("vendor/**", "ignore"), ("**.js", "javascript")]),
    (ROOT / "kernel", [("times.py", "python")]),
    (HERE, [("sentences.py", "python")]),
)
_KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "translate": None,
    "t": None,
    "tn": (1, 2),
}


def extract() -> Catalog:
    """Every string that a page may show, with the files that say it."""
    catalogue = Catalog(project="Daris", charset="utf-8")
    for folder, methods in _FOLDERS:
        found = extract_from_dir(folder, methods, keywords=_KEYWORDS)
        for name, _, message, comments, context in found:
            path = (folder / name).relative_to(ROOT).as_posix()
            catalogue.add(message, locations=[(path, 0)], auto_comments=comments, context=context)
    return catalogue


def read(locale: str) -> Catalog:
    path = CATALOGUES / f"{locale}.po"
    if not path.exists():
        return Catalog(locale=locale)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def update(locale: str, sources: Catalog) -> None:
    """Add what is new, drop what is gone; English translates itself."""
    catalogue = read(locale)
    catalogue.update(sources, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    if locale == SOURCE:
        for message in catalogue:
            if message.id:
                message.string = message.id
    with (CATALOGUES / f"{locale}.po").open("wb") as file:
        file.write(_header(catalogue).encode())  # the usual one changes with every run
        write_po(
            file, catalogue, sort_output=True, include_lineno=False, omit_header=True, width=100
        )


def _header(catalogue: Catalog) -> str:
    return (
        f"# Daris: the pages in {catalogue.locale_identifier}.\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalogue.locale_identifier}\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )


def main() -> None:
    sources = extract()
    CATALOGUES.mkdir(exist_ok=True)
    for locale in LOCALES:
        update(locale, sources)


if __name__ == "__main__":
    main()
