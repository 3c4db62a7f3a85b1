"""Attendance in the auditorium: a code on the wall, a scan, and the lecturer's word.

A scan begins a stay and proves nothing by itself, since a picture of the code may be sent on; so the code
changes every few seconds, and only a confirmation is the last proof of the stay: whoever confirms
sees who is there. Who is confirmed again, say at the end, was there until then.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import log as event_log
from footprint import presence as stays
from footprint import purposes, store
from footprint.events import ArrivalScanned, InRoomFact, PresenceConfirmed
from footprint.log import Source
from footprint.policy import Channel
from footprint.presence import presence
from footprint.purposes import Purpose
from footprint.statements import House
from identity.people import people_by_ids
from kernel.errors import Conflict, Forbidden, Invalid
from kernel.ids import new_id
from schedule.lifecycle import Lecture, LectureState

STEP: Final = timedelta(seconds=15)
_STEPS: Final = 4  # codes that are taken: a phone, its camera and a log-in need a moment
_DIGITS: Final = 10


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who scanned the code."""

    person: UUID
    name: str
    arrived_at: datetime
    confirmed_at: datetime | None  # the newest; without one nothing counts


def code_at(secret: bytes, lecture: UUID, moment: datetime) -> str:
    """The code that hangs on the wall at that moment; nobody can tell the next."""
    return _code(secret, lecture, _step(moment))


def check_code(secret: bytes, lecture: UUID, code: str, now: datetime) -> None:
    """Forbidden unless the code hung there within the last minute."""
    step = _step(now)
    known = (_code(secret, lecture, step - back) for back in range(_STEPS))
    if not any(hmac.compare_digest(code.encode(), one.encode()) for one in known):
        raise Forbidden("This code is over; scan the one that is on the wall now.")


async def arrive(
    connection: AsyncConnection, lecture: Lecture, person: UUID, *, house: House, now: datetime
) -> bool:
    """Note that the person scanned; False when they had before. Conflict when the lecture is not on."""
    if lecture.state not in {LectureState.OPEN, LectureState.LIVE}:
        raise Conflict("The lecture is not on now.")
    if not await purposes.is_collected(connection, Purpose.ATTENDANCE, now):
        raise Conflict("Attendance is not recorded at present.")
    await event_log.take_turn(connection)
    if any(one.person == person for one in await arrivals(connection, lecture.id)):
        return False
    seat = new_id()
    fact = ArrivalScanned(id=new_id(), at=now, lecture=lecture.id, person=person, seat=seat)
    await _keep(connection, [fact], house, now)
    return True


async def confirm(
    connection: AsyncConnection,
    lecture: UUID,
    people: Collection[UUID],
    *,
    by: UUID,
    house: House,
    now: datetime,
) -> int:
    """`by` sees these people in the auditorium now; how many. Invalid when one of them has not
    scanned: they can be marked."""
    await event_log.take_turn(connection)
    seats = {row.person: row.seat for row in await _stays(connection, lecture)}
    if not set(people) <= seats.keys():
        raise Invalid("Somebody of these has not scanned the code; mark them on the sheet instead.")
    facts = [
        PresenceConfirmed(id=new_id(), at=now, lecture=lecture, person=one, seat=seats[one], by=by)
        for one in sorted(set(people))
    ]
    await _keep(connection, facts, house, now)
    return len(facts)


async def arrivals(connection: AsyncConnection, lecture: UUID) -> list[Arrival]:
    """Who scanned, in the order of coming."""
    rows = await _stays(connection, lecture)
    people = await people_by_ids(connection, [row.person for row in rows])
    return [
        Arrival(
            person=row.person,
            name=people[row.person].name if row.person in people else "",
            arrived_at=row.began_at,
            confirmed_at=row.ended_at,
        )
        for row in rows
    ]


async def _stays(
    connection: AsyncConnection, lecture: UUID
) -> Sequence[sa.Row[tuple[object, ...]]]:
    query = (
        sa.select(presence)
        .where(presence.c.lecture == lecture, presence.c.channel == Channel.IN_ROOM.value)
        .order_by(presence.c.began_at, presence.c.id)
    )
    return (await connection.execute(query)).all()


async def _keep(
    connection: AsyncConnection, facts: Sequence[InRoomFact], house: House, now: datetime
) -> None:
    kept = await event_log.append(connection, facts, now=now, source=Source.ENTERED)
    await stays.apply(connection, facts)
    await store.index(connection, kept, house)


def _step(moment: datetime) -> int:
    return int(moment.timestamp() // STEP.total_seconds())


def _code(secret: bytes, lecture: UUID, step: int) -> str:
    told = b"in-room" + lecture.bytes + step.to_bytes(8, signed=True)
    digest = hmac.digest(secret, told, hashlib.sha256)
    return base64.b32encode(digest).decode()[:_DIGITS]
