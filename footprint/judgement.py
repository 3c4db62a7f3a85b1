"""A lecture's attendance as it is judged: stays, marks, the recording, and its policy."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import viewings
from footprint.attendance import Attendance, Besides, Mark, Span, attendance, counted_window
from footprint.expected import day_of, expected_at, staff_of
from footprint.log import event
from footprint.marks import marks_of
from footprint.policy import Policy
from footprint.polls import answered_by
from footprint.presence import presences
from footprint.rulebook import categories_on, policy_of
from schedule.lifecycle import Lecture

_DONE: Final = ("chat-said", "hand-raised", "track-published")


@dataclass(frozen=True, slots=True)
class Judged:
    """A lecture's attendance as plain values."""

    policy: Policy
    window: Span
    besides: Besides
    marks: Sequence[Mark]
    rows: Sequence[Attendance]
    staff: frozenset[UUID]

    @property
    def learners(self) -> list[Attendance]:
        """Rows of those who do not teach or help there; who helps in their own course is a learner."""
        others = self.staff.difference(self.besides.expected)
        return [row for row in self.rows if row.person not in others]


async def judge(
    connection: AsyncConnection,
    lecture: Lecture,
    *,
    now: datetime,
    only: UUID | None = None,
    policy: Policy | None = None,
) -> Judged:
    """Stays, marks and the recording, weighed by the policy that counts for the lecture, or by
    another."""
    policy = policy or await policy_of(connection, lecture)
    window = window_of(lecture, now, policy)
    stays = await presences(connection, lecture.id)
    marks = [m for m in await marks_of(connection, lecture.id) if only in {None, m.person}]
    categories = await categories_on(
        connection, policy, day_of(lecture.starts_at), lecture.work.course
    )
    covered = await _covered(connection, lecture.id, window, policy, categories)
    besides = Besides(
        covered={p: percent for p, percent in covered.items() if only in {None, p}},
        categories=categories,
        expected=[p for p in await expected_at(connection, lecture) if only in {None, p}],
    )
    stays = [stay for stay in stays if only in {None, stay.person}]
    rows = attendance(stays, window, policy, marks, besides)
    return Judged(policy, window, besides, marks, rows, staff_of(lecture))


async def interactions(connection: AsyncConnection, lecture: UUID) -> dict[UUID, int]:
    """How often each person did something: lines of chat, raised hands, tracks put on the stage, polls
    answered.
    Evidence of another kind than being connected; no policy counts it."""
    query = (
        sa.select(event.c.person, sa.func.count())
        .where(event.c.lecture == lecture, event.c.kind.in_(_DONE), event.c.person.is_not(None))
        .group_by(event.c.person)
    )
    done = Counter({row.person: row[1] for row in await connection.execute(query)})
    return dict(done + await answered_by(connection, lecture))


def window_of(lecture: Lecture, now: datetime, policy: Policy) -> Span:
    """The counted window of a lecture."""
    return counted_window(
        Span(lecture.starts_at, lecture.ends_at),
        started_at=lecture.started_at,
        ended_at=lecture.ended_at,
        now=now,
        policy=policy,
    )


async def _covered(
    connection: AsyncConnection,
    lecture: UUID,
    window: Span,
    policy: Policy,
    categories: Mapping[UUID, Collection[str]],
) -> dict[UUID, float]:
    """Percent of the recording by each one's own deadline; not asked for when no rule does."""
    rules = [policy.asynchronous, *(rule.asynchronous for rule in policy.overrides.values())]
    by_days = {
        rule.days: await viewings.covered(
            connection, lecture, window.ended_at + timedelta(days=rule.days)
        )
        for rule in rules
        if rule is not None
    }
    found: dict[UUID, float] = {}
    for person in {each for covered in by_days.values() for each in covered}:
        rule = policy.of(categories.get(person, ())).asynchronous
        if rule is not None:
            found[person] = by_days[rule.days].get(person, 0.0)
    return found
