"""Where the media of programmes is on its way to the air."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.settings import Settings
from schedule.channels import Channel, best_items, house_items_for
from schedule.push import readiness_of
from schedule.rundown import Programme, Readiness, Source


class State(StrEnum):
    """Where a programme is on its way."""

    OVER = auto()
    ON_AIR = auto()
    READY = auto()
    WAITING = auto()  # being conditioned, or in the queue
    ABSENT = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class MediaState:
    """How far the sources are, why those failed that did, and how long those are that are conditioned."""

    readiness: Mapping[Source, Readiness]
    errors: Mapping[str, str]  # by the source's key
    seconds: Mapping[str, float]


async def media_of(
    connection: AsyncConnection,
    channel: Channel,
    sources: Collection[Source],
    settings: Settings,
) -> MediaState:
    """As far as its look goes."""
    keys = {source.key for source in sources if source.key}
    items = await house_items_for(connection, keys)
    found = best_items(items, channel.look)
    errors = {key: item.error for key, item in found.items()}
    readiness = await readiness_of(connection, sources, channel.look, settings)
    lengths = {
        key: seconds
        for key, item in found.items()
        if isinstance(seconds := (item.report or {}).get("seconds"), int | float)
    }
    return MediaState(readiness, errors, lengths)


def state_of(programme: Programme, readiness: Readiness, now: datetime) -> State:
    """A failed programme on air is told as failed: the slate is shown."""
    if programme.ends_at <= now:
        return State.OVER
    if readiness is Readiness.READY:
        return State.ON_AIR if programme.starts_at <= now else State.READY
    return _STATES[readiness]


_STATES = {
    Readiness.WAITING: State.WAITING,
    Readiness.ABSENT: State.ABSENT,
    Readiness.UNKNOWN: State.ABSENT,
    Readiness.FAILED: State.FAILED,
}
