"""Retention: facts of a kind are kept for so many days, and then become tombstones.

Kinds that only mean something together go together: an arrival without its departure would be a stay
without an end.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import log as event_log
from footprint import store
from footprint.events import FactsExpired
from footprint.kinds import KINDS
from footprint.log import event
from footprint.presence import presence
from kernel.errors import SettingsError
from kernel.ids import new_id

_TOGETHER: Final = (
    frozenset({"person-joined", "person-left"}),
    frozenset({"arrival-scanned", "presence-confirmed"}),
    frozenset({"poll-opened", "poll-closed", "poll-shown"}),
    frozenset({"correction-asked", "correction-answered"}),
    frozenset({"view-began", "view-played", "view-paused", "view-ended"}),
)
_FOR_EVER: Final = frozenset(
    {
        "person-erased",  # tombstones name these two
        "facts-expired",
        "policy-adopted",  # a class is judged by it, however old it is
        "purpose-switched",  # what was not to be written must stay unwritten
    }
)
_LONGEST_DAYS: Final = 36_500
_AT_ONCE: Final = 10_000  # facts of one transaction

Rules = Mapping[str, timedelta]


def rules_in(lines: Iterable[str]) -> Rules:
    """Rules as the settings have them, `chat-said=365`; SettingsError says what is wrong."""
    rules = dict(map(_rule, lines))
    for kinds in _TOGETHER:
        if len({rules.get(kind) for kind in kinds}) > 1:
            names = ", ".join(sorted(kinds))
            raise SettingsError(
                f"DARIS_FOOTPRINT_DAYS must keep these equally long, or none of them: {names}."
            )
    return rules


async def due(connection: AsyncConnection, rules: Rules, now: datetime) -> dict[str, int]:
    """The dry run: how many facts of which kinds are over their time."""
    if not rules:
        return {}
    query = sa.select(event.c.kind, sa.func.count()).where(_over(rules, now)).group_by(event.c.kind)
    return {row.kind: row[1] for row in await connection.execute(query)}


async def expire(connection: AsyncConnection, rules: Rules, now: datetime) -> dict[str, int]:
    """Take facts that are over their time out of the log, some thousands at most; what was taken.
    Call it until nothing is."""
    if not rules:
        return {}
    await event_log.take_turn(connection)
    query = sa.select(event.c.seq, event.c.id, event.c.kind).where(_over(rules, now))
    rows = (await connection.execute(query.order_by(event.c.seq).limit(_AT_ONCE))).all()
    if not rows:
        return {}
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.kind] = counts.get(row.kind, 0) + 1
    fact = FactsExpired(id=new_id(), at=now, kinds=counts)
    await event_log.append(connection, [fact], now=now)
    seqs = [row.seq for row in rows]
    await event_log.erase(connection, seqs, by=fact.id)
    await store.forget(connection, seqs)
    ids = [row.id for row in rows]
    for some in event_log.batched(ids):
        await connection.execute(presence.delete().where(presence.c.id.in_(some)))
    return counts


def _over(rules: Rules, now: datetime) -> sa.ColumnElement[bool]:
    of_kinds = (
        (event.c.kind == kind) & (event.c.occurred_at < now - age) for kind, age in rules.items()
    )
    return event.c.payload.is_not(None) & sa.or_(*of_kinds)


def _rule(line: str) -> tuple[str, timedelta]:
    kind, _, days = line.partition("=")
    if kind not in KINDS or kind in _FOR_EVER:
        raise SettingsError(f"DARIS_FOOTPRINT_DAYS names {kind!r:.40}, which is no kind of facts.")
    if not (days.isascii() and days.isdigit() and 1 <= int(days) <= _LONGEST_DAYS):
        raise SettingsError(
            f"DARIS_FOOTPRINT_DAYS needs days from 1 to {_LONGEST_DAYS} for {kind}."
        )
    return kind, timedelta(days=int(days))
