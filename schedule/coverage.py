"""Coverage: in how many of a period's teaching weeks a course has classes, and how many were held."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kernel.pages import HOUSE_ZONE
from schedule.academic import Period, first_day, week_count, week_of
from schedule.courses import Course
from schedule.lifecycle import LectureState
from schedule.stretches import TeachingDays
from schedule.workload import Taught

_ZONE = ZoneInfo(HOUSE_ZONE)


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """A course in a period. Weeks are teaching weeks of the period, those that are free left out."""

    course: UUID
    key: str
    title: str
    faculty: str | None
    teaching_weeks: int
    covered_weeks: int  # with at least one class that was not cancelled
    bare_weeks: tuple[int, ...]  # teaching weeks without
    planned_classes: int
    held_classes: int
    cancelled_classes: int
    held_percent: float | None  # of the classes that are over; None when none is

    @property
    def bare_spans(self) -> str:
        """The bare weeks in short, as in 1–4, 7."""
        spans: list[list[int]] = []
        for week in self.bare_weeks:
            if spans and week == spans[-1][-1] + 1:
                spans[-1].append(week)
            else:
                spans.append([week])
        return ", ".join(f"{s[0]}–{s[-1]}" if len(s) > 1 else f"{s[0]}" for s in spans)


def coverage(
    period: Period, days: TeachingDays, courses: Mapping[UUID, Course], taught: Iterable[Taught]
) -> list[Coverage]:
    """Of each of the courses, by key."""
    weeks = teaching_weeks(period, days)
    of_course: defaultdict[UUID, list[Taught]] = defaultdict(list)
    for one in taught:
        if one.course is not None and one.course in courses:
            of_course[one.course].append(one)
    rows = (_row(period, weeks, course, of_course[course.id]) for course in courses.values())
    return sorted(rows, key=lambda row: row.key)


def teaching_weeks(period: Period, days: TeachingDays) -> list[int]:
    """The weeks that have a day, Monday to Saturday, on which there may be classes."""

    def is_taught(week: int) -> bool:
        monday = first_day(period, week)
        usual = (monday + timedelta(days=n) for n in range(6))
        return any(_is_in(period, day) and day not in days.free for day in usual)

    return [week for week in range(1, week_count(period) + 1) if is_taught(week)]


def _row(period: Period, weeks: list[int], course: Course, taught: list[Taught]) -> Coverage:
    stays = [one for one in taught if one.state is not LectureState.CANCELLED]
    over = [one for one in stays if one.is_over]
    held = [one for one in stays if one.held is not None]
    by_week = Counter(week_of(period, one.starts_at.astimezone(_ZONE).date()) for one in stays)
    return Coverage(
        course=course.id,
        key=course.key,
        title=course.title,
        faculty=course.faculty,
        teaching_weeks=len(weeks),
        covered_weeks=sum(by_week[week] > 0 for week in weeks),
        bare_weeks=tuple(week for week in weeks if not by_week[week]),
        planned_classes=len(stays),
        held_classes=len(held),
        cancelled_classes=len(taught) - len(stays),
        held_percent=round(100 * len(held) / len(over), 1) if over else None,
    )


def _is_in(period: Period, day: date) -> bool:
    return period.starts_on <= day <= period.ends_on
