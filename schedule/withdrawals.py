"""Programmes that were taken out of a channel's plan, for calendars that have them already.

A calendar program drops an event only when it is told that it is cancelled (RFC 5545 section 3.8.1.11).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import UtcDateTime, metadata
from schedule.rundown import Programme, Source

_KEPT: Final = timedelta(days=60)  # after its time; no calendar of a channel goes back so far
_AT_ONCE: Final = 500  # keys in one statement

withdrawals = sa.Table(
    "withdrawals",
    metadata,
    sa.Column("channel", sa.String(40), sa.ForeignKey("channels.id"), primary_key=True),
    sa.Column("key", sa.String(100), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),  # of the schedule that lacks it first
    sa.Column("starts_at", UtcDateTime, nullable=False),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Column("titles", sa.JSON, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What would have been shown, as it was planned last. Its source counts no more."""

    programme: Programme
    at: datetime


async def note_withdrawals(
    connection: AsyncConnection,
    channel: str,
    *,
    removed: Iterable[Programme],
    added: Iterable[Programme],
    revision: int,
    at: datetime,
) -> None:
    """`removed` are withdrawn by that revision of the schedule, `added` are not any more."""
    gone = {one.key: one for one in removed}
    keys = sorted({*gone, *(one.key for one in added)})
    of_channel = withdrawals.c.channel == channel
    for start in range(0, len(keys), _AT_ONCE):
        some = withdrawals.c.key.in_(keys[start : start + _AT_ONCE])
        await connection.execute(withdrawals.delete().where(of_channel, some))
    is_old = withdrawals.c.ends_at < at - _KEPT
    await connection.execute(withdrawals.delete().where(of_channel, is_old))
    rows = [_row(channel, one, revision, at) for one in gone.values() if one.ends_at > at - _KEPT]
    if rows:
        await connection.execute(withdrawals.insert(), rows)


async def withdrawals_between(
    connection: AsyncConnection, channel: str, since: datetime, until: datetime
) -> list[Withdrawal]:
    """Those that would have been on air at any moment in `[since, until)`, in order."""
    query = sa.select(withdrawals).where(
        withdrawals.c.channel == channel,
        withdrawals.c.ends_at > since,
        withdrawals.c.starts_at < until,
    )
    rows = await connection.execute(query.order_by(withdrawals.c.starts_at, withdrawals.c.key))
    return [_withdrawal(row) for row in rows]


def _row(channel: str, one: Programme, revision: int, at: datetime) -> dict[str, Any]:
    return {
        "channel": channel,
        "key": one.key,
        "revision": revision,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "titles": dict(one.titles),
        "at": at,
    }


def _withdrawal(row: Any) -> Withdrawal:
    programme = Programme(
        key=row.key,
        revision=row.revision,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        source=Source(slate=True),
        titles=row.titles,
    )
    return Withdrawal(programme, row.at)
