"""What the doctor finds, in a state and a sentence."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from kernel.settings import Settings


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Found:
    """The sentence says what is, or what is wrong and what to do about it."""

    state: State
    sentence: str


class Finding(msgspec.Struct, frozen=True):
    """The line of one hop."""

    hop: str
    state: State
    sentence: str


@dataclass(frozen=True, slots=True)
class Patient:
    """Who is looked at: the settings, and the server that runs with them, if one does."""

    settings: Settings
    server: str | None
    """The address on this machine at which it answers."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One thing to look at; a look that finds nothing to say gives None."""

    name: str
    look: Callable[[Patient], Awaitable[Found | None]]


def well(sentence: str) -> Found:
    return Found(State.OK, sentence)


def weak(sentence: str) -> Found:
    return Found(State.WARNING, sentence)


def ill(sentence: str) -> Found:
    return Found(State.FAILING, sentence)
