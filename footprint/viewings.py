"""What was watched of a lecture's recording, read from the log and from the views still open.

A fact keeps what the player said, by the revision that it played; here it becomes what that is now.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.kinds import decode
from footprint.log import facts_of_lecture
from footprint.presence import checkpoint
from footprint.watching import View
from kernel.facts import Fact
from player.events import Mode, ViewEnded, ViewPaused, ViewProgressed
from transcode.revisions import UNCUT, Revisions


async def viewings(
    connection: AsyncConnection, lecture: UUID, revisions: Revisions = UNCUT
) -> list[View]:
    """Every view of the recording, in positions of its newest revision; feed it to
    `watching.watched`."""
    ended = [kept.fact for kept in await facts_of_lecture(connection, lecture, ViewEnded)]
    query = sa.select(checkpoint.c.newest).where(checkpoint.c.lecture == lecture)
    still_open = [decode(text) for text in (await connection.execute(query)).scalars()]
    return [view for fact in (*ended, *still_open) if (view := _view(fact, revisions))]


def _view(fact: Fact, revisions: Revisions) -> View | None:
    match fact:
        case ViewEnded() | ViewPaused() | ViewProgressed() if fact.mode is Mode.RECORDING:
            if fact.person is None:
                return None
            played = revisions.at(fact.at) if fact.revision is None else fact.revision
            return View(fact.person, tuple(revisions.spans(fact.segments, played)))
        case _:
            return None
