"""What was watched of a lecture's recording, read from the log and from the views still open."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.kinds import decode
from footprint.log import facts_of_lecture
from footprint.presence import checkpoint
from footprint.watching import View
from kernel.facts import Fact
from player.events import Mode, ViewEnded, ViewPaused, ViewProgressed


async def viewings(connection: AsyncConnection, lecture: UUID) -> list[View]:
    """Every view of the recording; feed it to `watching.watched`."""
    ended = [kept.fact for kept in await facts_of_lecture(connection, lecture, ViewEnded)]
    query = sa.select(checkpoint.c.newest).where(checkpoint.c.lecture == lecture)
    still_open = [decode(text) for text in (await connection.execute(query)).scalars()]
    return [view for fact in (*ended, *still_open) if (view := _view(fact))]


def _view(fact: Fact) -> View | None:
    match fact:
        case ViewEnded() | ViewPaused() | ViewProgressed() if fact.mode is Mode.RECORDING:
            return None if fact.person is None else View(fact.person, fact.segments)
        case _:
            return None
