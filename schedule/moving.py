"""Moving a class of a series together with all that follow it.

The series is cut before the class: what comes earlier stays in it, the rest goes on as a series of its
own, at the new weekday and time. Lectures keep their addresses.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from kernel.ids import new_id
from schedule.academic import Period, monday, period_by_id
from schedule.lectures import bare_lecture
from schedule.lifecycle import Lecture, LectureState, Policy
from schedule.planning import Author, in_utc
from schedule.repeating import Outcome, follow
from schedule.series import (
    Class,
    Pattern,
    Series,
    check_pattern,
    classes_of,
    expand,
    save_class,
    save_series,
    series_by_id,
    series_classes,
)
from schedule.stretches import teaching_days
from schedule.study_work import StudyWork, check_work


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of the classes from the moved one on; findings only if it was a preview."""

    outcome: Outcome
    on_holidays: int  # classes that are cancelled, since their new day is free


async def move_following(
    connection: AsyncConnection,
    lecture_id: UUID,
    starts_at: datetime,
    by: Author,
    *,
    auditorium: str | msgspec.UnsetType | None = msgspec.UNSET,
    revision: int,
    policy: Policy,
) -> Moved:
    """The class begins at `starts_at`, those after it at the same weekday and time of their weeks, all
    in the auditorium if one is named.
    NotFound when it is of no series; Invalid when it would leave its week."""
    lecture = await bare_lecture(connection, lecture_id, is_locked=True)
    if lecture.revision != revision:
        raise PreconditionFailed("Somebody changed this lecture meanwhile; reload it.")
    if lecture.state is not LectureState.PLANNED:
        raise Conflict("Only classes that are planned can be moved.")
    series, one = await _its_series(connection, lecture)
    period = await period_by_id(connection, series.period)
    pattern = _moved(series.pattern, lecture, in_utc(starts_at), one.week)
    check_pattern(pattern, period)
    moved = replace(series, pattern=pattern, work=in_auditorium(series.work, auditorium))
    rest = await _cut(connection, series, moved, one, by)
    await save_class(connection, rest.id, replace(one, revision=lecture.revision, is_dropped=False))
    return await _followed(connection, rest, period, by, policy)


def in_auditorium(work: StudyWork, auditorium: str | msgspec.UnsetType | None) -> StudyWork:
    """The same work there; where it was if none is named, `None` for none at all."""
    return work if auditorium is msgspec.UNSET else check_work(replace(work, auditorium=auditorium))


async def _its_series(connection: AsyncConnection, lecture: Lecture) -> tuple[Series, Class]:
    which = series_classes.c.lecture == lecture.id
    query = sa.select(series_classes.c.series).where(which)
    series_id = (await connection.execute(query)).scalar()
    if series_id is None:
        raise NotFound("This lecture is of no series.")
    series = await series_by_id(connection, series_id, is_locked=True)
    if series.ended_at is not None:
        raise Conflict("This series has been ended; plan a new one.")
    classes = await classes_of(connection, series.id)
    return series, next(one for one in classes if one.lecture == lecture.id)


def _moved(pattern: Pattern, lecture: Lecture, starts_at: datetime, week: int) -> Pattern:
    before = lecture.starts_at.astimezone(pattern.zone)
    local = starts_at.astimezone(pattern.zone)
    if monday(local.date()) != monday(before.date()):
        raise Invalid("Choose a time in the same week: the classes that follow stay in theirs.")
    return replace(
        pattern,
        weekday=local.isoweekday(),
        begins=local.time().replace(second=0, microsecond=0),
        first_week=max(week, pattern.first_week),
    )


async def _cut(
    connection: AsyncConnection, series: Series, moved: Series, one: Class, by: Author
) -> Series:
    """What goes on as `moved`: a new series, or the same where nothing comes before."""
    changed = replace(series, revision=series.revision + 1, changed_at=by.at)
    if one.week <= series.pattern.first_week:
        rest = replace(changed, pattern=moved.pattern, work=moved.work)
        await save_series(connection, rest)
        return rest
    kept = replace(series.pattern, last_week=one.week - 1)
    await save_series(connection, replace(changed, pattern=kept))
    rest = replace(moved, id=new_id(), revision=1, created_at=by.at, changed_at=by.at)
    await save_series(connection, rest)
    await connection.execute(
        series_classes.update()
        .where(series_classes.c.series == series.id, series_classes.c.week >= one.week)
        .values(series=rest.id)
    )
    return rest


async def _followed(
    connection: AsyncConnection, rest: Series, period: Period, by: Author, policy: Policy
) -> Moved:
    days = await teaching_days(connection, period)
    slots = {slot.week: slot for slot in expand(rest.pattern, period, days.free, days.moved)}
    taught = {slot.week for slot in expand(rest.pattern, period)}
    outcome = await follow(connection, rest, by, policy, slots)
    return Moved(outcome, len(taught - slots.keys()))
