"""The report of a lecture: who was there when, what was said and shown, minute by minute."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Attendance, Span
from footprint.judgement import Judged, judge
from footprint.kinds import decode
from footprint.log import event
from footprint.sheets import names_in
from kernel.facts import Fact
from live.events import ChatSaid, HandRaised, TrackPublished, TrackUnpublished
from schedule.lifecycle import Lecture

_MOST_BINS: Final = 90
_TOLD: Final = ("chat-said", "hand-raised", "track-published", "track-unpublished")


class OnStage(msgspec.Struct, frozen=True, kw_only=True):
    """A source that somebody had on the stage."""

    person: UUID | None
    name: str
    source: str
    began_at: datetime
    ended_at: datetime


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A lecture over time, in steps of equal length that begin with the counted window."""

    lecture: UUID
    title: str
    began_at: datetime
    ended_at: datetime
    step_seconds: int
    present: tuple[int, ...]  # people there at any time of the step
    lines: tuple[int, ...]  # of chat
    hands: tuple[int, ...]  # raised
    peak: int
    stayed_percent: float  # of the peak, who was still there in the last step
    stage: tuple[OnStage, ...]


async def report(connection: AsyncConnection, lecture: Lecture, *, now: datetime) -> Report:
    judged = await judge(connection, lecture, now=now)
    facts = await _facts(connection, lecture.id)
    step = _step(judged.window)
    present = there(judged.rows, judged.window, step)
    peak = max(present, default=0)
    return Report(
        lecture=lecture.id,
        title=lecture.title,
        began_at=judged.window.began_at,
        ended_at=judged.window.ended_at,
        step_seconds=int(step.total_seconds()),
        present=present,
        lines=_rate(facts, ChatSaid, judged.window, step),
        hands=_rate(facts, HandRaised, judged.window, step),
        peak=peak,
        stayed_percent=round(100 * present[-1] / peak, 1) if peak else 0.0,
        stage=await _stage(connection, lecture.id, facts, judged),
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
    total, found = 0, []
    for change in changes[:bins]:
        total += change
        found.append(total)
    return tuple(found)


def _step(window: Span) -> timedelta:
    """Whole minutes, so that a lecture has at most some ninety steps."""
    return timedelta(minutes=max(1, ceil(window.length / timedelta(minutes=1) / _MOST_BINS)))


async def _facts(connection: AsyncConnection, lecture: UUID) -> list[Fact]:
    query = (
        sa.select(event.c.payload)
        .where(event.c.lecture == lecture, event.c.kind.in_(_TOLD), event.c.payload.is_not(None))
        .order_by(event.c.seq)
    )
    return [decode(payload) for payload in (await connection.execute(query)).scalars()]


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
