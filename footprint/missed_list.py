"""Who missed how much of a lecture: the list that a teacher goes through afterwards."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Presence, Span, total
from footprint.judgement import judge
from footprint.missed import missed
from footprint.policy import Status
from footprint.presence import presences
from footprint.sheets import Interval, names_in
from schedule.lifecycle import Lecture


class MissedBy(msgspec.Struct, frozen=True, kw_only=True):
    """One person who missed a minute or more. `covered_percent` is of the recording, where a rule asks."""

    person: UUID
    name: str
    status: Status
    minutes: float
    gaps: tuple[Interval, ...]
    covered_percent: float


async def missed_list(
    connection: AsyncConnection, lecture: Lecture, *, now: datetime
) -> list[MissedBy]:
    """Learners only, those who missed most first; who never came missed all."""
    judged = await judge(connection, lecture, now=now)
    rows = judged.learners
    stays: defaultdict[UUID, list[Presence]] = defaultdict(list)
    for stay in await presences(connection, lecture.id):
        stays[stay.person].append(stay)
    names = await names_in(connection, lecture.id, {row.person for row in rows})
    found = []
    for row in rows:
        gaps = missed(stays[row.person], judged.window) or _all(row.counted, judged.window)
        if gaps:
            found.append(
                MissedBy(
                    person=row.person,
                    name=names.get(row.person, ""),
                    status=row.status,
                    minutes=round(total(gaps).total_seconds() / 60, 1),
                    gaps=tuple(Interval(gap.began_at, gap.ended_at) for gap in gaps),
                    covered_percent=round(row.covered, 1),
                )
            )
    return sorted(found, key=lambda one: (-one.minutes, one.name))


def _all(counted: tuple[Span, ...], window: Span) -> list[Span]:
    """Of who was not there live at all: the whole lecture."""
    return [] if counted else [window]
