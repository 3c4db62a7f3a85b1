"""The attendance sheet of a lecture: intervals, names and policy put together."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Attendance, Mark, Span
from footprint.evidence import Witnessed, witnessed
from footprint.judgement import interactions, judge
from footprint.log import facts_of_lecture
from footprint.policy import Channel, Status
from identity.people import people_by_ids
from live.events import PersonJoined
from schedule.lifecycle import Lecture


class Interval(msgspec.Struct, frozen=True):
    """One stretch of presence as it is shown."""

    began_at: datetime
    ended_at: datetime


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """The mark that decides a row."""

    status: Status
    minutes: float | None
    reason: str
    by: UUID
    by_name: str
    at: datetime


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One person."""

    person: UUID
    name: str
    status: Status
    minutes: float
    percent: float
    first_in: datetime | None
    last_out: datetime | None
    intervals: tuple[Interval, ...]  # gaps within the reconnect grace are closed: for display
    counted: tuple[Interval, ...]  # what was counted
    minutes_by_channel: dict[Channel, float]
    interactions: int  # lines of chat, raised hands, tracks: evidence of another kind
    covered_percent: float  # of the recording, by the deadline; 0 when no rule asks for it
    automatic_status: Status  # what was counted, whatever is marked
    automatic_minutes: float
    mark: Marked | None = None


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The class."""

    people: int
    present: int  # late ones too
    late: int
    watched: int  # made up for by the recording
    excused: int
    average_percent: float
    average_minutes: float
    lecture_minutes: float  # of the counted window


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A lecture's attendance under one policy."""

    lecture: UUID
    title: str
    window: Interval
    policy: str  # its version
    is_pinned: bool  # the class was given it, whatever counts on its day
    rows: tuple[Row, ...]
    totals: Totals


async def sheet(
    connection: AsyncConnection, lecture: Lecture, *, now: datetime, only: UUID | None = None
) -> Sheet:
    """Everybody who was there, or `only` one person, by the policy of the lecture."""
    judged = await judge(connection, lecture, now=now, only=only)
    people = {row.person for row in judged.rows} | {mark.by for mark in judged.marks}
    names = await names_in(connection, lecture.id, people)
    did = await interactions(connection, lecture.id)
    shown = tuple(_row(row, names, did.get(row.person, 0)) for row in judged.rows)
    return Sheet(
        lecture=lecture.id,
        title=lecture.title,
        window=_interval(judged.window),
        policy=judged.policy.version,
        is_pinned=lecture.work.attendance_policy is not None,
        rows=shown,
        totals=_totals(shown, judged.window),
    )


async def raw_intervals(
    connection: AsyncConnection, lecture: UUID, *, only: UUID | None = None
) -> list[tuple[str, Witnessed]]:
    """Every proven stay as it is, unmerged and unclipped, with the person's name."""
    stays = await witnessed(connection, lecture, only=only)
    names = await names_in(connection, lecture, {stay.presence.person for stay in stays})
    return [(names.get(stay.presence.person, ""), stay) for stay in stays]


async def names_in(
    connection: AsyncConnection, lecture: UUID, people: Collection[UUID]
) -> dict[UUID, str]:
    """From the accounts; guests as they called themselves when they came in."""
    names: dict[UUID, str] = {}
    if known := await people_by_ids(connection, people):
        names = {key: person.name for key, person in known.items()}
    if set(people) - set(names):
        for kept in await facts_of_lecture(connection, lecture, PersonJoined):
            fact = kept.fact
            if isinstance(fact, PersonJoined) and fact.person is not None:
                names.setdefault(fact.person, fact.name)
    return names


def _row(row: Attendance, names: Mapping[UUID, str], did: int) -> Row:
    return Row(
        person=row.person,
        name=names.get(row.person, ""),
        status=row.status,
        minutes=round(row.minutes, 2),
        percent=round(row.percent, 1),
        first_in=row.first_in,
        last_out=row.last_out,
        intervals=tuple(map(_interval, row.shown)),
        counted=tuple(map(_interval, row.counted)),
        minutes_by_channel={
            channel: round(length.total_seconds() / 60, 2)
            for channel, length in row.by_channel.items()
        },
        interactions=did,
        covered_percent=round(row.covered, 1),
        automatic_status=row.automatic,
        automatic_minutes=round(row.automatic_present.total_seconds() / 60, 2),
        mark=None if row.mark is None else marked(row.mark, names),
    )


def marked(mark: Mark, names: Mapping[UUID, str]) -> Marked:
    return Marked(
        status=mark.status,
        minutes=mark.minutes,
        reason=mark.reason,
        by=mark.by,
        by_name=names.get(mark.by, ""),
        at=mark.at,
    )


def _totals(rows: tuple[Row, ...], window: Span) -> Totals:
    people = len(rows)
    return Totals(
        people=people,
        present=sum(row.status in {Status.PRESENT, Status.LATE} for row in rows),
        late=sum(row.status is Status.LATE for row in rows),
        watched=sum(row.status is Status.WATCHED for row in rows),
        excused=sum(row.status is Status.EXCUSED for row in rows),
        average_percent=round(sum(row.percent for row in rows) / max(people, 1), 1),
        average_minutes=round(sum(row.minutes for row in rows) / max(people, 1), 2),
        lecture_minutes=round(window.length.total_seconds() / 60, 2),
    )


def _interval(span: Span) -> Interval:
    return Interval(span.began_at, span.ended_at)
