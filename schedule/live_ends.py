"""Until when the rooms go on that channels show."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import OVER, Lecture, LectureState, Policy

DELAY: Final = timedelta(seconds=7)  # from the room to the channel: transcode.live_slots
_AHEAD: Final = timedelta(minutes=1)  # a room that is taught goes on at least so long
_GRID: Final = timedelta(seconds=30)  # a plan is not written each second
_MOST: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def lectures_on_channels(
    connection: AsyncConnection, ids: Collection[UUID]
) -> Mapping[UUID, Lecture]:
    """The lectures whose rooms are planned on a channel, as they are now."""
    found: dict[UUID, Lecture] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), _MOST):
        which = Filter(ids=wanted[start : start + _MOST])
        for lecture in await list_lectures(connection, which, limit=_MOST):
            found[lecture.id] = lecture
    return found


def end_on_air(lecture: Lecture, now: datetime) -> datetime | None:
    """Until when there is, or was, something of the room on air; None before it begins."""
    if lecture.state in OVER:
        return lecture.ended_at and lecture.ended_at + DELAY
    if lecture.state is not LectureState.LIVE:
        return None
    taught_at = lecture.taught_at or lecture.started_at
    if taught_at is None or now - taught_at >= Policy().silence:
        return taught_at and taught_at + DELAY
    return now + _AHEAD + (_EPOCH - now) % _GRID
