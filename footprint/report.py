"""The report of a lecture: who was there when, what was said and shown, minute by minute."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from statistics import mean
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Attendance, Span, total, union
from footprint.chat_modes import TOLD, ChatChange, changes
from footprint.judgement import Judged, judge
from footprint.kinds import decode
from footprint.log import event
from footprint.polls import Poll, polls_of
from footprint.sheets import names_in
from kernel.facts import Fact
from live.events import (
    ChatSaid,
    ConnectionsMeasured,
    HandRaised,
    TrackPublished,
    TrackUnpublished,
)
from schedule.lifecycle import Lecture

_MOST_BINS: Final = 90
_TOLD: Final = (
    *TOLD,
    ChatSaid,
    HandRaised,
    TrackPublished,
    TrackUnpublished,
    ConnectionsMeasured,
)


class OnStage(msgspec.Struct, frozen=True, kw_only=True):
    """A source that somebody had on the stage."""

    person: UUID | None
    name: str
    source: str
    began_at: datetime
    ended_at: datetime


class Speaker(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose microphone was open."""

    person: UUID
    name: str
    minutes: float


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Of how many people the connection was good, fair and poor; the means of a step."""

    good: float
    fair: float
    poor: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A lecture over time, in steps of equal length that begin with the counted window."""

    lecture: UUID
    title: str
    began_at: datetime
    ended_at: datetime
    step_seconds: int
    present: tuple[int, ...]  # people there at any time of the step
    came: tuple[int, ...]  # in the step, for the first time or again
    left: tuple[int, ...]
    lines: tuple[int, ...]  # of chat
    chat_modes: tuple[ChatChange, ...]  # in their order
    hands: tuple[int, ...]  # raised
    slides: tuple[int, ...]  # that began
    peak: int
    stayed_percent: float  # of the peak, who was still there in the last step
    stage: tuple[OnStage, ...]
    speakers: tuple[Speaker, ...]  # who spoke longest comes first
    connections: tuple[Lines | None, ...]  # None: not measured in that step
    polls: tuple[Poll, ...]  # as they were asked


async def report(
    connection: AsyncConnection,
    lecture: Lecture,
    *,
    now: datetime,
    slides: Sequence[datetime] = (),
) -> Report:
    """`slides`: when they began, as the recording tells."""
    judged = await judge(connection, lecture, now=now)
    facts = await _facts(connection, lecture.id)
    step = _step(judged.window)
    present = there(judged.rows, judged.window, step)
    peak = max(present, default=0)
    stage = await _stage(connection, lecture.id, facts, judged)
    return Report(
        lecture=lecture.id,
        title=lecture.title,
        began_at=judged.window.began_at,
        ended_at=judged.window.ended_at,
        step_seconds=int(step.total_seconds()),
        present=present,
        came=_edges((s.began_at for r in judged.rows for s in r.shown), judged.window, step),
        left=_edges((s.ended_at for r in judged.rows for s in r.shown), judged.window, step),
        lines=_rate(facts, ChatSaid, judged.window, step),
        chat_modes=await _chat_modes(connection, lecture, facts, judged.window),
        hands=_rate(facts, HandRaised, judged.window, step),
        slides=_edges((at for at in slides if at >= judged.window.began_at), judged.window, step),
        peak=peak,
        stayed_percent=round(100 * present[-1] / peak, 1) if peak else 0.0,
        stage=stage,
        speakers=_speakers(stage),
        connections=_connections(facts, judged.window, step),
        polls=tuple(await polls_of(connection, lecture.id)),
    )


def there(rows: Iterable[Attendance], window: Span, step: timedelta) -> tuple[int, ...]:
    """How many people were there in each step: a difference array over their counted spans, in which
    two spans of one person within a step are one."""
    bins = ceil(window.length / step)
    changes = [0] * (bins + 1)
    for row in rows:
        reached = 0
        for span in row.counted:
            first = max(int((span.began_at - window.began_at) / step), reached)
            last = min(ceil((span.ended_at - window.began_at) / step), bins)
            if first < last:
                changes[first] += 1
                changes[last] -= 1
                reached = last
    now, found = 0, []
    for change in changes[:bins]:
        now += change
        found.append(now)
    return tuple(found)


def _edges(moments: Iterable[datetime], window: Span, step: timedelta) -> tuple[int, ...]:
    """How many of the moments are in each step; who is there when the window ends has not left."""
    bins = ceil(window.length / step)
    counts = Counter(max(int((at - window.began_at) // step), 0) for at in moments)
    return tuple(counts[number] for number in range(bins))


def _speakers(stage: Iterable[OnStage]) -> tuple[Speaker, ...]:
    """Two microphones of one person that are open together count once."""
    spans: defaultdict[UUID, list[Span]] = defaultdict(list)
    names = {}
    for one in stage:
        if one.source == "microphone" and one.person is not None:
            spans[one.person].append(Span(one.began_at, one.ended_at))
            names[one.person] = one.name
    found = (
        Speaker(
            person=person,
            name=names[person],
            minutes=round(total(union(open_at)).total_seconds() / 60, 1),
        )
        for person, open_at in spans.items()
    )
    return tuple(sorted(found, key=lambda one: (-one.minutes, one.name)))


def _connections(facts: Iterable[Fact], window: Span, step: timedelta) -> tuple[Lines | None, ...]:
    by_step: defaultdict[int, list[ConnectionsMeasured]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, ConnectionsMeasured):
            by_step[int((fact.at - window.began_at) // step)].append(fact)
    return tuple(
        _mean(by_step[number]) if number in by_step else None
        for number in range(ceil(window.length / step))
    )


def _mean(measured: Sequence[ConnectionsMeasured]) -> Lines:
    return Lines(
        good=round(mean(one.good for one in measured), 1),
        fair=round(mean(one.fair for one in measured), 1),
        poor=round(mean(one.poor for one in measured), 1),
    )


def _step(window: Span) -> timedelta:
    """Whole minutes, so that a lecture has at most some ninety steps."""
    return timedelta(minutes=max(1, ceil(window.length / timedelta(minutes=1) / _MOST_BINS)))


async def _facts(connection: AsyncConnection, lecture: UUID) -> list[Fact]:
    kinds = [str(kind.__struct_config__.tag) for kind in _TOLD]
    query = (
        sa.select(event.c.payload)
        .where(event.c.lecture == lecture, event.c.kind.in_(kinds), event.c.payload.is_not(None))
        .order_by(event.c.seq)
    )
    return [decode(payload) for payload in (await connection.execute(query)).scalars()]


async def _chat_modes(
    connection: AsyncConnection, lecture: Lecture, facts: Iterable[Fact], window: Span
) -> tuple[ChatChange, ...]:
    there = Span(lecture.opened_at or window.began_at, window.ended_at)
    told = [(f.at, f.person, mode) for f, mode in changes(facts, there)]
    people = {person for _, person, _ in told if person is not None}
    names = await names_in(connection, lecture.id, people)
    return tuple(
        ChatChange(at=at, name="" if person is None else names.get(person, ""), mode=mode)
        for at, person, mode in told
    )


def _rate(
    facts: Iterable[Fact], kind: type[Fact], window: Span, step: timedelta
) -> tuple[int, ...]:
    counts = Counter(int((f.at - window.began_at) // step) for f in facts if isinstance(f, kind))
    return tuple(counts[number] for number in range(ceil(window.length / step)))


async def _stage(
    connection: AsyncConnection, lecture: UUID, facts: Sequence[Fact], judged: Judged
) -> tuple[OnStage, ...]:
    """What was published, until it was taken down or the lecture ended, in order."""
    ends = {f.track: f.at for f in facts if isinstance(f, TrackUnpublished)}
    begun = [f for f in facts if isinstance(f, TrackPublished)]
    names = await names_in(connection, lecture, {f.person for f in begun if f.person is not None})
    return tuple(
        OnStage(
            person=f.person,
            name="" if f.person is None else names.get(f.person, ""),
            source=f.source,
            began_at=f.at,
            ended_at=ends.get(f.track, max(judged.window.ended_at, f.at)),
        )
        for f in begun
    )
