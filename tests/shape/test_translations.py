"""Nothing on the pages is without a translation, and no translation is without a use."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from kernel.languages import LOCALES, missing
from player.sentences import SENTENCES
from player.translations import extract, read

ROOT = Path(__file__).parents[2]
PACKAGES = ("kernel", "identity", "schedule", "transcode", "live", "player", "footprint", "daris")
KAZAKH_ALONE = re.compile("[әғқңөұүһі]", re.IGNORECASE)  # letters that Russian lacks
PLACE = re.compile(r"\{\w+\}|%\(\w+\)s|<[^>]+>")


@cache
def sources():
    return extract()


def places(message):
    """What is filled into each form of a message."""
    forms = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return [sorted(PLACE.findall(form)) for form in forms]


@pytest.mark.parametrize("locale", LOCALES)
def test_no_string_is_missing(locale):
    assert missing(read(locale)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_the_catalogue_holds_what_the_pages_say_and_no_more(locale):
    """If not: `python -m player.translations`, then translate what is empty."""
    said = {message.id for message in sources() if message.id}
    assert {message.id for message in read(locale) if message.id} == said


@pytest.mark.parametrize("locale", LOCALES)
def test_every_translation_fills_in_the_same(locale):
    for message in read(locale):
        if message.id:
            source = message.id if isinstance(message.id, str) else message.id[-1]
            assert all(form == sorted(PLACE.findall(source)) for form in places(message)), source


def test_russian_is_not_kazakh():
    assert [one.string for one in read("ru") if KAZAKH_ALONE.search(f"{one.string}")] == []


def test_every_sentence_is_said_by_somebody():
    said = set()
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            if file.name != "sentences.py":
                said |= {
                    node.value
                    for node in ast.walk(ast.parse(file.read_text()))
                    if isinstance(node, ast.Constant) and isinstance(node.value, str)
                }
    assert [sentence for sentence in SENTENCES if sentence not in said] == []
