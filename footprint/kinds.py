"""Every kind of fact that exists, and how a stored one is read back."""

import inspect
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any, Final

import msgspec

import footprint.events
import live.events
import player.events
import schedule.channel_events
import schedule.events
from kernel.facts import Fact

MODULES: Final = (
    live.events,
    player.events,
    schedule.events,
    schedule.channel_events,
    footprint.events,
)


def _kinds() -> Iterator[type[Fact]]:
    """The leaves: a fact that others derive from is never recorded itself."""
    for module in MODULES:
        for _, kind in inspect.getmembers(module, _is_leaf):
            if kind.__module__ == module.__name__:
                yield kind


def _is_leaf(thing: Any) -> bool:
    return inspect.isclass(thing) and issubclass(thing, Fact) and not thing.__subclasses__()


KINDS: Final = {str(kind.__struct_config__.tag): kind for kind in _kinds()}

_decoder: Final = msgspec.json.Decoder(reduce(or_, KINDS.values()))


def decode(record: bytes | str) -> Fact:
    """Read a fact; msgspec.DecodeError or ValueError says why it is none."""
    fact: Fact = _decoder.decode(record)
    if fact.at.tzinfo is None:
        raise ValueError("The fact's time has no zone.")
    return fact


def encode(fact: Fact) -> str:
    """The canonical text of a fact: members sorted, no white space. What is hashed is this text."""
    return msgspec.json.encode(fact, order="sorted").decode()
