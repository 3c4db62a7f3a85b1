"""Every fact that exists has a statement, or says why not."""

import importlib
import pkgutil

import pytest

import footprint
import identity
import kernel
import live
import player
import schedule
from footprint.kinds import KINDS, MODULES
from footprint.purposes import ALWAYS
from footprint.purposes import KINDS as OF_PURPOSES
from footprint.vocabulary import TEMPLATES, UNTOLD
from kernel.facts import Fact
from player.events import ViewFact

PACKAGES = (kernel, identity, schedule, live, player, footprint)
TOLD = {name.partition(":")[0] for name in TEMPLATES}


def leaves(kind: type[Fact]) -> set[type[Fact]]:
    """What derives from it and is not derived from."""
    below = kind.__subclasses__()
    return set.union(*map(leaves, below)) if below else {kind}


def _modules_named_like_events() -> list[str]:
    return [
        module.name
        for package in PACKAGES
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        if module.name.endswith("events")
    ]


def test_every_fact_of_every_package_is_known_to_the_log():
    for name in _modules_named_like_events():
        importlib.import_module(name)
    names = {package.__name__ for package in PACKAGES}
    ours = {kind for kind in leaves(Fact) if kind.__module__.partition(".")[0] in names}
    assert ours == set(KINDS.values())


def test_every_module_of_facts_is_read():
    assert set(_modules_named_like_events()) == {module.__name__ for module in MODULES}


def test_no_two_facts_have_the_same_name():
    kinds = [
        kind for module in MODULES for kind in vars(module).values() if _is_fact_of(module, kind)
    ]
    tags = [kind.__struct_config__.tag for kind in kinds if not kind.__subclasses__()]
    assert sorted(tags) == sorted(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_fact_has_a_statement_or_says_why_not(kind):
    assert (kind in TOLD) != (kind in UNTOLD)


def test_a_fact_is_of_one_purpose_or_always_kept():
    named = [*ALWAYS, *(kind for kinds in OF_PURPOSES.values() for kind in kinds)]
    by_mode = [name for name, kind in KINDS.items() if issubclass(kind, ViewFact)]
    assert sorted(named + by_mode) == sorted(KINDS)


@pytest.mark.parametrize("kind", sorted(TOLD | set(UNTOLD)))
def test_nothing_is_told_of_a_fact_that_does_not_exist(kind):
    assert kind in KINDS


@pytest.mark.parametrize("kind", sorted(UNTOLD))
def test_a_reason_is_a_sentence(kind):
    assert UNTOLD[kind].endswith(".")
    assert len(UNTOLD[kind].split()) > 3


@pytest.mark.parametrize("kind", KINDS.values(), ids=sorted(KINDS))
def test_a_fact_says_what_happened(kind):
    assert kind.__doc__
    assert kind.__module__.endswith("events")


def _is_fact_of(module, kind) -> bool:
    return isinstance(kind, type) and issubclass(kind, Fact) and kind.__module__ == module.__name__
