"""The digital profile: what is known of one person, over all lectures, day by day."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import rulebook, search
from footprint.attendance import (
    Attendance,
    Besides,
    Presence,
    Span,
    attendance,
    counted_window,
    total,
    union,
)
from footprint.events import AttendanceMarked, CategoryAssigned, PolicyAdopted
from footprint.kinds import decode
from footprint.log import Kept, event
from footprint.marks import as_mark
from footprint.policy import ATTENDED, DEFAULT_POLICY, Channel, Policy, Status
from footprint.presence import presences_of
from footprint.statements import House
from footprint.viewings import covered_in
from kernel.database import Database
from schedule.lectures import lectures

SHOWN: Final = 300  # the newest entries; the export has all
_BATCH: Final = 500
_MARKED: Final = str(AttendanceMarked.__struct_config__.tag)


class Sort(StrEnum):
    """What an entry of the timeline tells of."""

    VISIT = "visit"
    CHAT = "chat-said"
    HAND = "hand-raised"
    MARK = "attendance-marked"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did, or that was said of them."""

    sort: Sort
    starts_at: datetime
    lecture: UUID | None
    title: str
    ends_at: datetime | None = None
    channel: Channel | None = None
    count: int = 1  # lines of chat, raised hands
    status: Status | None = None
    reason: str = ""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """All of it in numbers."""

    lectures_attended: int  # as counted, made up for or marked
    minutes: float  # of attendance, where lectures are counted
    lines_of_chat: int
    recordings_watched: int
    recording_minutes: float


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One person. `timeline` is newest first, at most `SHOWN` entries."""

    person: UUID
    totals: Totals
    timeline: tuple[Entry, ...]


class _Planned(msgspec.Struct, frozen=True):
    """What a profile needs of a lecture."""

    title: str
    window: Span
    day: date
    policy: Policy


class _Rules(msgspec.Struct, frozen=True):
    """What judges one person."""

    policies: list[PolicyAdopted]
    categories: list[CategoryAssigned]

    def categories_on(self, day: date) -> list[str]:
        return [one.category for one in self.categories if one.is_on(day)]


async def profile(connection: AsyncConnection, person: UUID, *, now: datetime) -> Profile:
    """What is known of the person."""
    stays = await presences_of(connection, person)
    facts = await _facts(connection, person)
    marks = {row.lecture: as_mark(decode(row.payload)) for row in facts if row.kind == _MARKED}
    ids = {*stays, *(row.lecture for row in facts)} - {None}
    rules = await _rules(connection, person)
    known = await _lectures(connection, ids, now, rules)
    watched = await _watched(connection, person, rules)
    rows = {
        lecture: row
        for lecture, planned in known.items()
        for row in attendance(
            stays.get(lecture, ()),
            planned.window,
            planned.policy,
            [marks[lecture]] if lecture in marks else (),
            _besides(person, rules, planned, watched.get(lecture, ())),
        )
    }
    entries = [*_visits(stays, known), *_done(facts, known)]
    newest = sorted(entries, key=lambda entry: entry.starts_at, reverse=True)
    return Profile(
        person=person,
        totals=_totals(rows.values(), facts, stays),
        timeline=tuple(islice(newest, SHOWN)),
    )


async def own_facts(database: Database, person: UUID) -> AsyncIterator[bytes]:
    """Every fact of the person as JSON, with its place in the log, oldest first."""
    seq = 0
    while True:
        query = (
            sa.select(event.c.seq, event.c.payload, event.c.received_at, event.c.source)
            .where(event.c.person == person, event.c.payload.is_not(None), event.c.seq > seq)
            .order_by(event.c.seq)
            .limit(_BATCH)
        )
        async with database.connect() as connection:
            rows = (await connection.execute(query)).all()
        for row in rows:
            place = {"seq": row.seq, "received_at": row.received_at, "source": row.source}
            yield msgspec.json.encode(place | {"fact": msgspec.Raw(row.payload.encode())})
        if len(rows) < _BATCH:
            return
        seq = rows[-1].seq


async def own_statements(database: Database, person: UUID, house: House) -> AsyncIterator[bytes]:
    """Every statement about what the person did, oldest first."""
    beyond: int | None = None
    while True:
        wanted = search.Wanted(
            agent=house.actor(person).identities[0],
            ascending=True,
            follows=False,
            limit=_BATCH,
            beyond=beyond,
        )
        async with database.connect() as connection:
            found = await search.find(connection, wanted, house)
        for statement in found.statements:
            yield statement
        if found.last is None:
            return
        beyond = found.last


async def _facts(connection: AsyncConnection, person: UUID) -> Sequence[sa.Row[Any]]:
    told = [sort.value for sort in Sort if sort is not Sort.VISIT]
    query = (
        sa.select(event)
        .where(event.c.person == person, event.c.kind.in_(told), event.c.payload.is_not(None))
        .order_by(event.c.occurred_at, event.c.seq)
    )
    return (await connection.execute(query)).all()


async def _rules(connection: AsyncConnection, person: UUID) -> _Rules:
    policies = await rulebook.adopted(connection)
    return _Rules(policies, await rulebook.assigned(connection, person))


async def _watched(
    connection: AsyncConnection, person: UUID, rules: _Rules
) -> dict[UUID, list[Kept]]:
    """What the person played of recordings, and how these were edited, by lecture; not asked for when
    no rule does."""
    found: defaultdict[UUID, list[Kept]] = defaultdict(list)
    if not any(one.policy.looks_at_recordings for one in rules.policies):
        return found
    query = sa.select(event.c.seq, event.c.lecture, event.c.payload, event.c.received_at).where(
        event.c.lecture.is_not(None), event.c.payload.is_not(None)
    )
    views = query.where(event.c.person == person, event.c.kind.in_(("view-paused", "view-ended")))
    for row in await connection.execute(views):
        found[row.lecture].append(Kept(row.seq, decode(row.payload), row.received_at))
    edits = query.where(event.c.kind == "recording-edited", event.c.lecture.in_(tuple(found)))
    for row in await connection.execute(edits):
        found[row.lecture].append(Kept(row.seq, decode(row.payload), row.received_at))
    return found


def _besides(person: UUID, rules: _Rules, planned: _Planned, played: Iterable[Kept]) -> Besides:
    categories = rules.categories_on(planned.day)
    replay = planned.policy.of(categories).asynchronous
    covered = {}
    if replay is not None:
        covered = covered_in(played, planned.window.ended_at + timedelta(days=replay.days))
    return Besides(covered=covered, categories={person: categories})


async def _lectures(
    connection: AsyncConnection, ids: Iterable[UUID], now: datetime, rules: _Rules
) -> dict[UUID, _Planned]:
    columns = lectures.c
    query = sa.select(
        columns.id,
        columns.title,
        columns.starts_at,
        columns.ends_at,
        columns.started_at,
        columns.ended_at,
    ).where(columns.id.in_(ids))
    found = {}
    for row in await connection.execute(query):
        plan = Span(row.starts_at, row.ends_at)
        policy = rulebook.at(rules.policies, row.starts_at)
        window = counted_window(
            plan, started_at=row.started_at, ended_at=row.ended_at, now=now, policy=policy
        )
        found[row.id] = _Planned(row.title, window, row.starts_at.date(), policy)
    return found


def _totals(
    rows: Iterable[Attendance],
    facts: Iterable[sa.Row[Any]],
    stays: Mapping[UUID, Sequence[Presence]],
) -> Totals:
    kept = list(rows)
    watched = [
        total(union(stay.span for stay in of_one if stay.channel is Channel.RECORDING))
        for of_one in stays.values()
    ]
    return Totals(
        lectures_attended=sum(row.status in ATTENDED for row in kept),
        minutes=round(sum(row.minutes for row in kept), 1),
        lines_of_chat=sum(row.kind == Sort.CHAT for row in facts),
        recordings_watched=sum(length > timedelta(0) for length in watched),
        recording_minutes=round(sum(watched, timedelta(0)).total_seconds() / 60, 1),
    )


def _visits(
    stays: Mapping[UUID, Sequence[Presence]], known: Mapping[UUID, _Planned]
) -> list[Entry]:
    """Stays of one lecture and channel, with short gaps closed: this is to be read, not counted."""
    return [
        Entry(
            sort=Sort.VISIT,
            starts_at=span.began_at,
            ends_at=span.ended_at,
            lecture=lecture,
            title=_title(known, lecture),
            channel=channel,
        )
        for lecture, of_one in stays.items()
        for channel in Channel
        for span in union(
            (stay.span for stay in of_one if stay.channel is channel),
            bridging=DEFAULT_POLICY.reconnect_grace,
        )
    ]


def _done(facts: Iterable[sa.Row[Any]], known: Mapping[UUID, _Planned]) -> list[Entry]:
    """Marks one by one; lines and hands gathered by the run of the room."""
    entries: list[Entry] = []
    gathered: dict[tuple[str, UUID | None], list[sa.Row[Any]]] = {}
    for row in facts:
        if row.kind == Sort.MARK:
            mark = as_mark(decode(row.payload))
            entries.append(_entry(row, known, status=mark.status, reason=mark.reason))
        else:
            gathered.setdefault((row.kind, row.run), []).append(row)
    entries += [_entry(rows[0], known, count=len(rows)) for rows in gathered.values()]
    return entries


def _entry(row: sa.Row[Any], known: Mapping[UUID, _Planned], **more: Any) -> Entry:
    return Entry(
        sort=Sort(row.kind),
        starts_at=row.occurred_at,
        lecture=row.lecture,
        title=_title(known, row.lecture),
        **more,
    )


def _title(known: Mapping[UUID, _Planned], lecture: UUID | None) -> str:
    planned = None if lecture is None else known.get(lecture)
    return "" if planned is None else planned.title
