"""What speaks against the classes of a series that is previewed, each as `schedule.obstacles` tells it.

Hard ones keep the series from being saved; the others are for a person to weigh.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import reduce
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from schedule.auditoriums import free_auditoriums
from schedule.lifecycle import LectureState
from schedule.obstacles import Obstacle, learners_of, obstacles
from schedule.planning import Plan
from schedule.repeating import Outcome

_HALLS_PROPOSED: Final = 3


class ClassObstacle(msgspec.Struct, frozen=True, kw_only=True):
    """One of a series' classes, by week and day, and what speaks against it."""

    week: int
    day: date
    obstacle: Obstacle


class SeriesReview(msgspec.Struct, frozen=True):
    """In order of the weeks. `auditoriums` are free in all of them, if theirs is not."""

    obstacles: list[ClassObstacle] = []
    auditoriums: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Meant:
    """A class as it shall be."""

    week: int
    day: date
    plan: Plan
    lecture: UUID | None  # as which it is there already


async def review_series(
    connection: AsyncConnection, outcome: Outcome, zone: ZoneInfo, *, now: datetime, most_seats: int
) -> SeriesReview:
    """Of an outcome that is not saved, within its transaction."""
    found: list[ClassObstacle] = []
    meant = sorted(_meant(outcome, now), key=lambda one: one.week)
    for one in meant:
        told = await obstacles(
            connection, one.plan, zone, apart_from=one.lecture, most_seats=most_seats
        )
        found += [ClassObstacle(week=one.week, day=one.day, obstacle=each) for each in told]
    needs_hall = any(one.obstacle.code in {"auditorium", "too_small"} for one in found)
    halls = await _free_in_all(connection, meant) if needs_hall else ()
    return SeriesReview(found, halls)


def _meant(outcome: Outcome, now: datetime) -> Iterator[_Meant]:
    """The classes that follow the pattern, and those that do not fit where it puts them."""
    series = outcome.series
    refused = {one.week: date.fromisoformat(one.day) for one in outcome.findings}
    there = {one.of.week: one.lecture for one in outcome.classes}
    for held in outcome.classes:
        lecture = held.lecture
        is_coming = lecture.state is LectureState.PLANNED and lecture.starts_at > now
        if held.of.week not in refused and is_coming and not held.is_exception:
            starts_at = lecture.starts_at
            day = starts_at.astimezone(series.pattern.zone).date()
            yield _Meant(held.of.week, day, _plan(outcome, starts_at), lecture.id)
    for week, day in refused.items():
        local = datetime.combine(day, series.pattern.begins, series.pattern.zone)
        lecture_id = there[week].id if week in there else None
        yield _Meant(week, day, _plan(outcome, local.astimezone(UTC)), lecture_id)


def _plan(outcome: Outcome, starts_at: datetime) -> Plan:
    series = outcome.series
    return Plan(
        title=series.title,
        lecturer=series.lecturer,
        starts_at=starts_at,
        ends_at=starts_at + series.pattern.length,
        work=series.work,
    )


async def _free_in_all(connection: AsyncConnection, meant: Sequence[_Meant]) -> tuple[str, ...]:
    """The first class's, without those that are taken, or forgotten, in another one's time."""
    free = []
    for one in meant:
        people = await learners_of(connection, one.plan)
        free.append(await free_auditoriums(connection, one.plan, people, apart_from=one.lecture))
    common = reduce(set.intersection, (set(some) for some in free[1:]), set(free[0]))
    return tuple(name for name in free[0] if name in common)[:_HALLS_PROPOSED]
