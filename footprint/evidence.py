"""Evidence of other kinds than presence: that media reached a device, that its page was in sight.

It is shown beside attendance and never counted in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Presence, Span
from footprint.policy import Channel
from footprint.presence import intervals, presence

_PLAYERS: Final = frozenset({Channel.HLS, Channel.TV, Channel.RECORDING})
_NOTHING: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A proven stay, and in how many whole seconds of it media reached the device and the page was in
    sight. None is unknown."""

    presence: Presence
    received_s: int | None
    visible_s: int | None


async def witnessed(
    connection: AsyncConnection, lecture: UUID, *, only: UUID | None = None
) -> list[Witnessed]:
    """Every stay of a lecture, or of `only` one person."""
    there = presence.c.lecture == lecture
    rows = await intervals(
        connection, there if only is None else there & (presence.c.person == only)
    )
    return [witnessed_by(row) for row in rows]


def witnessed_by(row: sa.Row[Any]) -> Witnessed:
    """Of a row of `presence.intervals`. A player is present only while it plays, so that all of its stay
    is received."""
    span, channel = Span(row.began_at, row.until), Channel(row.channel)
    received_s = row.received
    if channel in _PLAYERS:
        received_s = int(span.length.total_seconds())
    return Witnessed(Presence(row.person, channel, span), received_s, row.visible)


def at_least(known: Iterable[tuple[Span, int | None]]) -> timedelta | None:
    """How long it was on all devices of a person together, at least: of stays that overlap the one with
    most stands for all, as nobody knows whether the others add to it. None: nothing is known."""
    told = sorted((span, timedelta(seconds=s)) for span, s in known if s is not None)
    if not told:
        return None
    return sum((max(length for _, length in group) for group in _groups(told)), start=_NOTHING)


def _groups(
    told: Sequence[tuple[Span, timedelta]],
) -> Iterable[Sequence[tuple[Span, timedelta]]]:
    """Stays that overlap, directly or over others, together."""
    group = [told[0]]
    until = told[0][0].ended_at
    for each in told[1:]:
        if each[0].began_at >= until:
            yield group
            group = []
        group.append(each)
        until = max(until, each[0].ended_at)
    yield group
