"""Why a number is what it is: one person's attendance down to the events it was made of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Span, clip
from footprint.evidence import at_least, witnessed_by
from footprint.judgement import judge
from footprint.kinds import decode
from footprint.log import event
from footprint.policy import Channel, Policy
from footprint.presence import intervals, presence
from footprint.sheets import Interval, Marked, Row, marked, names_in, sheet
from kernel.errors import NotFound
from kernel.facts import Fact
from live.events import PersonJoined, SeatFact
from player.events import ViewBegan
from schedule.lifecycle import Lecture


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the log, as far as it says something about presence."""

    seq: int
    id: UUID
    kind: str
    at: datetime
    received_at: datetime
    source: int  # the kind of source, as in `log.Source`
    last_proof_at: datetime | None


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """One proven interval, and the part of it that counts."""

    began_at: datetime
    ended_at: datetime
    is_open: bool  # it goes on, or nobody has noticed yet that it does not
    counted: Interval | None
    received_s: int | None  # in which media reached the device; None is unknown
    visible_s: int | None  # in which its page was in sight


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What one seat or view proves: a person on one channel, on one device."""

    seat: UUID
    channel: Channel
    device: str
    skew_ms: int | None  # that the device's clock was ahead of ours, if it told
    stays: tuple[Stay, ...]
    evidence: tuple[Evidence, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One person at one lecture."""

    lecture: UUID
    window: Interval
    row: Row
    policy: Policy  # as it is for this person
    is_pinned: bool  # the class was given this version, whatever counts on its day
    has_own_rule: bool  # it is not as for all; which category makes it so is not told
    received_minutes: float | None  # live, of all devices together, at least; it decides nothing
    visible_minutes: float | None
    visits: tuple[Visit, ...]
    marks: tuple[Marked, ...]  # oldest first; the last decides


async def explain(
    connection: AsyncConnection, lecture: Lecture, person: UUID, *, now: datetime
) -> Explanation:
    """NotFound when nothing is known of the person at this lecture."""
    found = await sheet(connection, lecture, now=now, only=person)
    if not found.rows:
        raise NotFound("Nothing is known of this person at this lecture.")
    judged = await judge(connection, lecture, now=now, only=person)
    names = await names_in(connection, lecture.id, {mark.by for mark in judged.marks})
    window, policy = judged.window, judged.policy
    opened = Span(window.began_at - policy.early_opening, window.ended_at)
    stays = await _stays(connection, lecture.id, person)
    known = [witnessed_by(row) for row in stays if row.channel != Channel.RECORDING]
    return Explanation(
        lecture=lecture.id,
        window=found.window,
        row=found.rows[0],
        policy=msgspec.structs.replace(
            policy.of(judged.besides.categories.get(person, ())), overrides={}
        ),
        is_pinned=lecture.work.attendance_policy is not None,
        has_own_rule=judged.rows[0].has_own_rule,
        received_minutes=_minutes(at_least((w.presence.span, w.received_s) for w in known)),
        visible_minutes=_minutes(at_least((w.presence.span, w.visible_s) for w in known)),
        visits=_visits(stays, await _events(connection, lecture.id, person), opened),
        marks=tuple(marked(mark, names) for mark in judged.marks),
    )


def _minutes(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds() / 60, 2)


async def _stays(connection: AsyncConnection, lecture: UUID, person: UUID) -> Sequence[sa.Row[Any]]:
    theirs = (presence.c.lecture == lecture) & (presence.c.person == person)
    return await intervals(connection, theirs)


def _visits(
    stays: Sequence[sa.Row[Any]], events: Sequence[sa.Row[Any]], window: Span
) -> tuple[Visit, ...]:
    by_seat: dict[UUID, list[sa.Row[Any]]] = {}
    for row in stays:
        by_seat.setdefault(row.seat, []).append(row)
    return tuple(
        _visit(seat, rows, [e for e in events if e.seat == seat], window)
        for seat, rows in by_seat.items()
    )


async def _events(
    connection: AsyncConnection, lecture: UUID, person: UUID
) -> Sequence[sa.Row[Any]]:
    query = (
        sa.select(event)
        .where(event.c.person == person, event.c.lecture == lecture)
        .where(event.c.seat.is_not(None), event.c.payload.is_not(None))
        .order_by(event.c.seq)
    )
    return (await connection.execute(query)).all()


def _visit(
    seat: UUID, stays: Sequence[sa.Row[Any]], events: Sequence[sa.Row[Any]], window: Span
) -> Visit:
    facts = [decode(row.payload) for row in events]
    devices = (fact.device for fact in facts if isinstance(fact, SeatFact))
    return Visit(
        seat=seat,
        channel=Channel(stays[0].channel),
        device=next(devices, ""),
        skew_ms=next((f.skew_ms for f in facts if isinstance(f, PersonJoined | ViewBegan)), None),
        stays=tuple(_stay(row, window) for row in stays),
        evidence=tuple(map(_evidence, events, facts)),
    )


def _stay(row: sa.Row[Any], window: Span) -> Stay:
    known = witnessed_by(row)
    span = known.presence.span
    part = clip(span, window)
    return Stay(
        began_at=span.began_at,
        ended_at=span.ended_at,
        is_open=row.ended_at is None,
        counted=Interval(part.began_at, part.ended_at) if part.length else None,
        received_s=known.received_s,
        visible_s=known.visible_s,
    )


def _evidence(row: sa.Row[Any], fact: Fact) -> Evidence:
    return Evidence(
        seq=row.seq,
        id=row.id,
        kind=row.kind,
        at=row.occurred_at,
        received_at=row.received_at,
        source=row.source,
        last_proof_at=getattr(fact, "last_proof_at", None),
    )
