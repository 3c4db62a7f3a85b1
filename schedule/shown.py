"""A rundown as it goes on air, for guides and pages: overruns of live programmes are in it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from schedule.channels import programmes_between
from schedule.live_ends import end_on_air, lectures_on_channels
from schedule.rundown import Programme
from schedule.settling import Settled, settled

_BACK: Final = timedelta(days=1)  # what was pushed out of its time may go on for long


async def shown_between(
    connection: AsyncConnection, channel_id: str, since: datetime, until: datetime, now: datetime
) -> list[Programme]:
    """Those on air at any moment in `[since, until)`, in order, none over another."""
    run = await programmes_between(connection, channel_id, since - _BACK, until)
    rooms = {programme.source.live.lecture for programme in run if programme.source.live}
    lectures = await lectures_on_channels(connection, rooms)
    ends = {key: end for key, lecture in lectures.items() if (end := end_on_air(lecture, now))}
    shown = flat(settled(run, ends))
    return [one for one in shown if one.ends_at > since and one.starts_at < until]


def flat(shown: Settled) -> list[Programme]:
    """What lies over the run in its place: what it covers begins later, or not at all. Pure."""
    covering = {programme.key: programme for programme in shown.covering}
    covered = sorted(shown.covering, key=lambda programme: programme.ends_at)
    return [covering.get(one.key, one) for one in _visible(shown.run, covered, set(covering))]


def _visible(
    run: Sequence[Programme], covered: Sequence[Programme], over: set[str]
) -> Iterator[Programme]:
    for programme in run:
        starts_at = programme.starts_at
        for cover in covered:
            if cover.key != programme.key and cover.starts_at <= starts_at < cover.ends_at:
                starts_at = cover.ends_at
        if starts_at == programme.starts_at or programme.key in over:
            yield programme
        elif starts_at < programme.ends_at:
            yield replace(programme, starts_at=starts_at)
