"""Repeating: plan a weekly series, change it, end it; each time its coming classes follow.

All or nothing: when one class does not fit, a Conflict names every one that does not, and the
caller's transaction is rolled back. Classes that somebody touched, and those that have begun, stay
as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Conflict, Invalid, PreconditionFailed
from kernel.ids import new_id
from schedule import planning
from schedule.academic import Period, period_by_id
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import Lecture, LectureState, Policy
from schedule.planning import Author, Changes, Plan
from schedule.series import (
    Class,
    Pattern,
    Series,
    Slot,
    check_pattern,
    classes_of,
    expand,
    save_class,
    save_series,
    series_by_id,
)
from schedule.stretches import teaching_days
from schedule.study_work import PLAIN, StudyWork, check_work


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPlan:
    """What a series shall be."""

    period: UUID
    title: str
    lecturer: UUID
    pattern: Pattern
    summary: str = ""
    is_recorded: bool = True
    work: StudyWork = PLAIN


class Finding(msgspec.Struct, frozen=True):
    """A class that can't be: which, and why."""

    week: int
    day: str  # ISO 8601
    message: str
    template: str  # what the message was made of
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Held:
    """A class of a series, and its lecture as it is now."""

    of: Class
    lecture: Lecture

    @property
    def is_exception(self) -> bool:
        """Somebody moved, changed or cancelled this one class."""
        is_planned = self.lecture.state is LectureState.PLANNED
        is_off = self.lecture.state is LectureState.CANCELLED
        return (is_planned or is_off) and self.lecture.revision != self.of.revision


@dataclass(frozen=True, slots=True)
class Outcome:
    """A series after a change, with all its classes; findings only if it was a preview."""

    series: Series
    classes: list[Held]
    findings: list[Finding] = field(default_factory=list)


async def plan_series(
    connection: AsyncConnection, wanted: SeriesPlan, by: Author, policy: Policy
) -> Outcome:
    """Add a series and its coming classes. Invalid when it makes no sense, or none is to come."""
    period = await period_by_id(connection, wanted.period)
    check_pattern(wanted.pattern, period)
    series = Series(
        id=new_id(),
        period=period.id,
        title=planning.check_title(wanted.title),
        summary=planning.check_summary(wanted.summary),
        lecturer=wanted.lecturer,
        lecturer_name="",
        is_recorded=wanted.is_recorded,
        work=check_work(wanted.work),
        pattern=wanted.pattern,
        revision=1,
        created_at=by.at,
        changed_at=by.at,
    )
    slots = await _slots(connection, series, period)
    if not any(slot.starts_at > by.at for slot in slots.values()):
        raise Invalid("No class of this series lies ahead; look at its weeks.")
    await planning.check_lecturer(connection, series.lecturer)
    await planning.check_course_of(connection, series.work)
    await save_series(connection, series)
    return await _Reconciler(connection, series, by, policy).follow(slots)


async def change_series(
    connection: AsyncConnection,
    series_id: UUID,
    wanted: SeriesPlan,
    by: Author,
    *,
    revision: int,
    policy: Policy,
) -> Outcome:
    """Change it if it still is at `revision`; the calendar of today counts, even if nothing
    else is new. The period stays what it was."""
    series = await _at(connection, series_id, revision)
    period = await period_by_id(connection, series.period)
    check_pattern(wanted.pattern, period)
    series = replace(
        series,
        title=planning.check_title(wanted.title),
        summary=planning.check_summary(wanted.summary),
        lecturer=wanted.lecturer,
        is_recorded=wanted.is_recorded,
        work=check_work(wanted.work),
        pattern=wanted.pattern,
        revision=series.revision + 1,
        changed_at=by.at,
    )
    await planning.check_lecturer(connection, series.lecturer)
    await planning.check_course_of(connection, series.work)
    await save_series(connection, series)
    slots = await _slots(connection, series, period)
    return await _Reconciler(connection, series, by, policy).follow(slots)


async def end_series(
    connection: AsyncConnection, series_id: UUID, by: Author, *, policy: Policy
) -> Outcome:
    """Cancel its untouched coming classes. Ending twice is ending once."""
    series = await series_by_id(connection, series_id, is_locked=True)
    if series.ended_at is not None:
        return await outcome_of(connection, series)
    series = replace(series, revision=series.revision + 1, changed_at=by.at, ended_at=by.at)
    await save_series(connection, series)
    return await _Reconciler(connection, series, by, policy).follow({})


async def outcome_of(connection: AsyncConnection, series: Series) -> Outcome:
    """The series as it is, with its classes by week; not those that it dropped itself."""
    classes = [one for one in await classes_of(connection, series.id) if not one.is_dropped]
    which = Filter(ids=[one.lecture for one in classes])
    found = await list_lectures(connection, which, limit=len(classes) + 1)
    by_id = {lecture.id: lecture for lecture in found}
    saved = await series_by_id(connection, series.id)
    return Outcome(saved, [Held(one, by_id[one.lecture]) for one in classes])


async def follow(
    connection: AsyncConnection,
    series: Series,
    by: Author,
    policy: Policy,
    slots: Mapping[int, Slot],
) -> Outcome:
    """Make the untouched coming classes of the saved series what the slots say, by week."""
    return await _Reconciler(connection, series, by, policy).follow(slots)


class _Reconciler:
    """Makes the classes follow the slots, one week after the other."""

    def __init__(
        self, connection: AsyncConnection, series: Series, by: Author, policy: Policy
    ) -> None:
        self._connection = connection
        self._series = series
        self._by = by
        self._policy = policy

    async def follow(self, slots: Mapping[int, Slot]) -> Outcome:
        before = await outcome_of(self._connection, self._series)
        held = {one.of.week: one for one in before.classes}
        findings: list[Finding] = []
        for week in sorted(slots.keys() | held.keys()):
            slot, one = slots.get(week), held.get(week)
            try:
                await self._step(slot, one)
            except (Conflict, Invalid) as error:
                if slot is None:
                    raise
                findings.append(
                    Finding(week, f"{slot.day}", error.message, error.template, error.values)
                )
        return replace(await outcome_of(self._connection, self._series), findings=findings)

    async def _step(self, slot: Slot | None, one: Held | None) -> None:
        match slot, one:
            case Slot(), None if slot.starts_at > self._by.at:
                await self._add(slot)
            case Slot(), Held() if slot.starts_at > self._by.at and self._is_ours(one):
                await self._move(one, slot)
            case None, Held() if self._is_ours(one):
                await self._drop(one)
            case _:
                pass  # past, or touched

    def _is_ours(self, one: Held) -> bool:
        is_planned = one.lecture.state is LectureState.PLANNED
        is_coming = one.lecture.starts_at > self._by.at
        return is_planned and is_coming and not one.is_exception

    async def _add(self, slot: Slot) -> None:
        lecture = await planning.plan(self._connection, _plan(self._series, slot), self._by)
        await self._keep(Class(lecture.id, slot.week, lecture.revision, is_dropped=False))

    async def _move(self, one: Held, slot: Slot) -> None:
        wanted = _plan(self._series, slot)
        changes = Changes(
            title=wanted.title,
            summary=wanted.summary,
            lecturer=wanted.lecturer,
            starts_at=wanted.starts_at,
            ends_at=wanted.ends_at,
            is_recorded=wanted.is_recorded,
            work=wanted.work,
        )
        lecture = await planning.change(
            self._connection,
            one.lecture.id,
            changes,
            self._by,
            revision=one.lecture.revision,
            policy=self._policy,
        )
        await self._keep(replace(one.of, revision=lecture.revision))

    async def _drop(self, one: Held) -> None:
        lecture = await planning.cancel(self._connection, one.lecture.id, self._by)
        await self._keep(replace(one.of, revision=lecture.revision, is_dropped=True))

    async def _keep(self, one: Class) -> None:
        await save_class(self._connection, self._series.id, one)


async def _at(connection: AsyncConnection, series_id: UUID, revision: int) -> Series:
    series = await series_by_id(connection, series_id, is_locked=True)
    if series.revision != revision:
        raise PreconditionFailed("Somebody changed this series meanwhile; reload it.")
    if series.ended_at is not None:
        raise Conflict("This series has been ended; plan a new one.")
    return series


async def _slots(connection: AsyncConnection, series: Series, period: Period) -> dict[int, Slot]:
    days = await teaching_days(connection, period)
    return {slot.week: slot for slot in expand(series.pattern, period, days.free, days.moved)}


def _plan(series: Series, slot: Slot) -> Plan:
    return Plan(
        title=series.title,
        summary=series.summary,
        lecturer=series.lecturer,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        is_recorded=series.is_recorded,
        work=series.work,
    )
