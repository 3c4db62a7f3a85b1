"""What statements tell of an activity, put together (xAPI Communication 2.5)."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.recollection import recalled
from footprint.statements import House
from footprint.store import document, joined, key, statements
from footprint.xapi import Activity, Definition

_LOOKED_AT: Final = 20  # statements
_INTERACTION: Final = frozenset(
    {"correctResponsesPattern", "choices", "scale", "source", "target", "steps"}
)


async def activity(connection: AsyncConnection, iri: str, house: House) -> Activity:
    """The activity with all that the newest statements about it say; else nothing but its id."""
    query = joined().where(statements.c.activity == key(iri))
    newest = query.order_by(statements.c.seq.desc()).limit(_LOOKED_AT)
    told = [recalled(document(row, house)).thing for row in await connection.execute(newest)]
    things = (thing for thing in told if isinstance(thing, Activity))
    known = [thing.definition for thing in things if thing.definition is not None]
    return Activity(objectType="Activity", id=iri, definition=_merged(known) if known else None)


def _merged(definitions: Iterable[Definition]) -> Definition:
    """The newest comes first. Languages and extensions are gathered from all, each as it was told last;
    an interaction is told as a whole."""
    members: dict[str, Any] = {}
    for definition in definitions:
        told = msgspec.structs.asdict(definition)
        if members.get("interactionType") is not None:
            told = {name: value for name, value in told.items() if name not in _INTERACTION}
        for name, value in told.items():
            known = members.get(name)
            if isinstance(value, dict) and isinstance(known, dict):
                members[name] = value | known
            elif known is None:
                members[name] = value
    return Definition(**members)
