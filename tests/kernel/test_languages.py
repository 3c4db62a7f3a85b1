"""Which language a reader gets, and what each one says."""

import pytest
from babel.messages.catalog import Catalog

from kernel.languages import Language, choose


def catalogue():
    made = Catalog(locale="ru")
    made.add("Chat", "Чат", locations=[("static/chat.js", 1)])
    made.add("Save", "Сохранить", locations=[("templates/form.html", 1)])
    made.add(
        ("{count} person", "{count} people"),
        ("{count} человек", "{count} человека", "{count} человек"),
        locations=[("static/people.js", 1)],
    )
    return made


@pytest.mark.parametrize(
    ("said", "person", "accepted", "chosen"),
    [
        ("ru", "kk", "en", "ru"),
        (None, "kk", "en", "kk"),
        ("xx", None, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (None, None, "de-DE,kk;q=0.4,ru;q=0.7", "ru"),
        (None, None, "de", "en"),
        (None, None, "", "kk"),
        (None, None, "ru;q=0, kk;q=nonsense", "en"),
    ],
)
def test_the_readers_own_choice_comes_first(said, person, accepted, chosen):
    assert choose(said, person, accepted) == chosen


def test_scripts_get_only_their_own_words():
    words = Language("ru", catalogue()).words
    assert set(words) == {"Chat", "{count} person"}


def test_plurals_go_to_scripts_as_a_list():
    words = Language("ru", catalogue()).words
    assert words["{count} person"] == ["{count} человек", "{count} человека", "{count} человек"]


def test_a_sentence_that_is_not_known_stays_as_it_is():
    language = Language("ru", catalogue())
    assert language.told("Save") == "Сохранить"
    assert language.told("100 % new.") == "100 % new."
    assert language.told("") == ""


def test_the_module_of_words_can_not_end_a_script():
    language = Language("ru", Catalog(locale="ru"))
    assert language.module().startswith('export const locale = "ru";')
