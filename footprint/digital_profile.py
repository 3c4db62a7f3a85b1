"""The digital profile: what is known of one person, over all lectures, day by day."""

from collections.abc import (
    AsyncIterator,
    Callable,
    Hashable,
    Iterable,
    Mapping,
    Sequence,
)
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import search
from footprint.attendance import Presence, total, union
from footprint.kinds import decode
from footprint.log import event
from footprint.marks import as_mark
from footprint.person_classes import PersonClass, person_classes
from footprint.policy import ATTENDED, DEFAULT_POLICY, Channel, Status
from footprint.presence import presences_of
from footprint.statements import House
from kernel.database import Database
from live.events import PollAnswered

SHOWN: Final = 300  # the newest entries; the export has all
_BATCH: Final = 500


class Sort(StrEnum):
    """What an entry of the timeline tells of."""

    VISIT = "visit"
    CHAT = "chat-said"
    HAND = "hand-raised"
    POLL = "poll-answered"
    MARK = "attendance-marked"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did, or that was said of them."""

    sort: Sort
    starts_at: datetime
    lecture: UUID | None
    title: str
    ends_at: datetime | None = None
    channel: Channel | None = None
    count: int = 1  # lines of chat, raised hands, polls answered
    status: Status | None = None
    reason: str = ""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """All of it in numbers."""

    lectures_attended: int  # as counted, made up for or marked
    minutes: float  # of attendance, where lectures are counted
    lectures_taught: int
    minutes_taught: float  # of their counted windows
    lines_of_chat: int
    recordings_watched: int
    recording_minutes: float


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the classes in numbers: those of a teaching week, or of a course."""

    period: str  # its name; empty outside of any
    week: int | None  # of teaching
    course: UUID | None
    course_title: str
    classes: int  # at which the person was or was expected
    attended: int
    minutes: float  # of attendance
    taught: int
    minutes_taught: float


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One person. `timeline` is newest first, at most `SHOWN` entries."""

    person: UUID
    totals: Totals
    by_week: tuple[Tally, ...]  # oldest first
    by_course: tuple[Tally, ...]
    timeline: tuple[Entry, ...]


async def profile(connection: AsyncConnection, person: UUID, *, now: datetime) -> Profile:
    """What is known of the person."""
    stays = await presences_of(connection, person)
    facts = await _facts(connection, person)
    of_lecture = {row.lecture: stays.get(row.lecture, []) for row in facts} | stays
    classes = await person_classes(connection, person, of_lecture, now=now)
    known = {one.lecture: one.title for one in classes}
    entries = [*_visits(stays, known), *_done(facts, known)]
    newest = sorted(entries, key=lambda entry: entry.starts_at, reverse=True)
    return Profile(
        person=person,
        totals=_totals(classes, facts, stays),
        by_week=tallies(classes, lambda one: (one.period, one.week)),
        by_course=tallies(classes, lambda one: (one.course, one.course_title)),
        timeline=tuple(islice(newest, SHOWN)),
    )


def tallies(
    classes: Iterable[PersonClass], key: Callable[[PersonClass], Hashable]
) -> tuple[Tally, ...]:
    """Classes that have the key in common, counted together; the first class names them."""
    gathered: dict[Hashable, list[PersonClass]] = {}
    for one in classes:
        gathered.setdefault(key(one), []).append(one)
    return tuple(map(_tally, gathered.values()))


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


def _totals(
    classes: Sequence[PersonClass],
    facts: Iterable[sa.Row[Any]],
    stays: Mapping[UUID, Sequence[Presence]],
) -> Totals:
    all_in_all = _tally(classes)
    watched = [
        total(union(stay.span for stay in of_one if stay.channel is Channel.RECORDING))
        for of_one in stays.values()
    ]
    return Totals(
        lectures_attended=all_in_all.attended,
        minutes=all_in_all.minutes,
        lectures_taught=all_in_all.taught,
        minutes_taught=all_in_all.minutes_taught,
        lines_of_chat=sum(row.kind == Sort.CHAT for row in facts),
        recordings_watched=sum(length > timedelta(0) for length in watched),
        recording_minutes=round(sum(watched, timedelta(0)).total_seconds() / 60, 1),
    )


def _tally(classes: Sequence[PersonClass]) -> Tally:
    """Teaching is no attendance: a lecturer's own classes are counted apart."""
    heard = [one.attendance for one in classes if one.attendance and not one.is_teacher]
    taught = [one.window.length for one in classes if one.is_teacher and one.was_taught]
    first = classes[0] if classes else None
    return Tally(
        period=first.period if first else "",
        week=first.week if first else None,
        course=first.course if first else None,
        course_title=first.course_title if first else "",
        classes=len(heard),
        attended=sum(row.status in ATTENDED for row in heard),
        minutes=round(sum(row.minutes for row in heard), 1),
        taught=len(taught),
        minutes_taught=round(sum(taught, timedelta(0)).total_seconds() / 60, 1),
    )


def _visits(stays: Mapping[UUID, Sequence[Presence]], known: Mapping[UUID, str]) -> list[Entry]:
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


def _done(facts: Iterable[sa.Row[Any]], known: Mapping[UUID, str]) -> list[Entry]:
    """Marks one by one; lines, hands and answers gathered by the run of the room."""
    entries: list[Entry] = []
    gathered: dict[tuple[str, UUID | None], list[sa.Row[Any]]] = {}
    for row in facts:
        if row.kind == Sort.MARK:
            mark = as_mark(decode(row.payload))
            entries.append(_entry(row, known, status=mark.status, reason=mark.reason))
        else:
            gathered.setdefault((row.kind, row.run), []).append(row)
    entries += [_entry(rows[0], known, count=_how_many(rows)) for rows in gathered.values()]
    return entries


def _how_many(rows: Sequence[sa.Row[Any]]) -> int:
    """A changed answer to a poll is one answer."""
    if rows[0].kind != Sort.POLL:
        return len(rows)
    facts = (decode(row.payload) for row in rows)
    return len({fact.poll for fact in facts if isinstance(fact, PollAnswered)})


def _entry(row: sa.Row[Any], known: Mapping[UUID, str], **more: Any) -> Entry:
    return Entry(
        sort=Sort(row.kind),
        starts_at=row.occurred_at,
        lecture=row.lecture,
        title=_title(known, row.lecture),
        **more,
    )


def _title(known: Mapping[UUID, str], lecture: UUID | None) -> str:
    return "" if lecture is None else known.get(lecture, "")
