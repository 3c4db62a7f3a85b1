"""Whom and what a statement mentions anywhere, for `related_agents` and `related_activities`.

A mention is kept as a short hash: names and addresses may be long, and are only compared.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache

from footprint.xapi import (
    Activity,
    Actor,
    Context,
    Received,
    Statement,
    SubStatement,
    Thing,
)


def digests(told: Received | Statement, *, authority: Actor) -> set[bytes]:
    """Of every agent and every activity in the statement. `authority` is whose it is if it names
    none."""
    found = set(_of(told.actor, told.thing, told.context))
    found.update(_people(told.authority or authority))
    return found


@lru_cache(maxsize=10_000)  # a class is about few people and things
def digest(kind: str, name: str) -> bytes:
    """`kind` is agent or activity, `name` an identity or an IRI."""
    return hashlib.sha256(f"{kind} {name}".encode()).digest()[:16]


def _of(actor: Actor, thing: Thing, context: Context | None) -> Iterator[bytes]:
    people = [actor, *(one for _, one in (context.actors if context else ()))]
    around = context and context.contextActivities
    activities = [activity for _, activity in around.activities] if around else []
    match thing:
        case Activity():
            activities.append(thing)
        case Actor():
            people.append(thing)
        case SubStatement():
            yield from _of(thing.actor, thing.thing, thing.context)
    for person in people:
        yield from _people(person)
    for each in activities:
        yield digest("activity", each.id)


@lru_cache(maxsize=10_000)
def _people(actor: Actor) -> tuple[bytes, ...]:
    """Of an agent; of a group with its members."""
    own = (digest("agent", each) for each in actor.identities)
    return (*own, *(each for member in actor.member or () for each in _people(member)))
