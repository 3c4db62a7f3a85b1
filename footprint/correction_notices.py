"""Who is told of a correction: the lecturer that somebody asks, and who asked that it is answered.

The notices are kept in the transaction that keeps the fact, and say nothing of what is disputed: the
words stay on our pages.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.corrections import Correction, State
from schedule.lifecycle import Lecture
from schedule.notices import Details, Kind, Notice, Way, add_notices
from schedule.reminders import ways_of
from schedule.wishes import wish_of

_NEEDED: Final = timedelta(days=30)  # by then everybody has seen the page


async def tell(
    connection: AsyncConnection,
    lecture: Lecture,
    correction: Correction,
    ways: Collection[Way],
    *,
    now: datetime,
) -> None:
    """The lecturer of an open one, who asked of an answered one; by the ways that they chose and the house
    has. Nobody is told of what they did themselves."""
    is_open = correction.state is State.OPEN
    person: UUID = lecture.lecturer if is_open else correction.person
    if is_open and person == correction.person:
        return
    wish = await wish_of(connection, person)
    notices = [
        Notice(
            person=person,
            way=way,
            kind=Kind.DISPUTE if is_open else Kind.ANSWER,
            key=str(correction.id),
            lecture=lecture.id,
            not_after=now + _NEEDED,
            details=Details(is_granted=None if is_open else correction.state is State.GRANTED),
        )
        for way in ways_of(wish, ways)
    ]
    await add_notices(connection, notices, now=now)
