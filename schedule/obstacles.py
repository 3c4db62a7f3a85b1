"""Obstacles: everything that speaks against a class at its time, told before it is saved.

A hard one keeps the class from being saved; the others are for a person to weigh. Each is one
sentence, and proposes a time or an auditorium where there is one.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.pages import HOUSE_ZONE
from kernel.sentence import Sentence, parts_of, sentence
from schedule.academic import holidays, holidays_between
from schedule.auditoriums import free_auditoriums, list_auditoriums
from schedule.conflicts import OCCUPYING, Clash, Wanted, clashes
from schedule.enrolments import Part, enrolments, learners_on
from schedule.hours import hours_for
from schedule.lectures import lectures
from schedule.rhythm import calendar_of
from schedule.seats import SEARCHED, load_beside, next_with_seats, peak, seats_of

_ZONE: Final = ZoneInfo(HOUSE_ZONE)
_HALLS_PROPOSED: Final = 3
_OTHERS_TOLD: Final = 3  # classes of the same learners


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks against it. `starts_at` and `auditoriums` are proposals instead; `template` and
    `values` are what the message was made of."""

    code: str
    message: str
    template: str
    values: Mapping[str, str]
    is_hard: bool
    starts_at: datetime | None = None
    auditorium: str | None = None  # the first of those
    auditoriums: tuple[str, ...] = ()


async def obstacles(
    connection: AsyncConnection,
    wanted: Wanted,
    zone: ZoneInfo,
    *,
    apart_from: UUID | None = None,
    most_seats: int = 0,
) -> list[Obstacle]:
    """The hard ones first. `most_seats` is what the machine bears at once; 0: it is not asked."""
    hard = await clashes(connection, wanted, zone, apart_from=apart_from)
    found = [
        _obstacle(one.code, one.message, is_hard=True, starts_at=one.free_at)
        for one in hard
        if one.code != "auditorium"
    ]
    in_hall = next((one for one in hard if one.code == "auditorium"), None)
    found += [one async for one in _in_auditorium(connection, wanted, in_hall, apart_from)]
    found.sort(key=lambda one: not one.is_hard)
    found += [one async for one in _on_free_days(connection, wanted)]
    found += [one async for one in _for_learners(connection, wanted, zone, apart_from)]
    if most_seats:
        found += [one async for one in _of_seats(connection, wanted, zone, apart_from, most_seats)]
    return found


async def learners_of(connection: AsyncConnection, wanted: Wanted) -> int:
    """How many the class is for; 0 where it is open to everybody, and nobody knows."""
    day, course = wanted.starts_at.astimezone(_ZONE).date(), wanted.work.course
    if course is None:
        return 0
    return len(await learners_on(connection, course, wanted.work.groups, day))


async def _in_auditorium(
    connection: AsyncConnection, wanted: Wanted, taken: Clash | None, apart_from: UUID | None
) -> AsyncIterator[Obstacle]:
    """Taken, or too small for all who would come; with others that are free."""
    hall = wanted.work.auditorium
    if hall is None:
        return
    people = await learners_of(connection, wanted)
    seats = (await list_auditoriums(connection)).get(hall, people)
    if taken is None and people <= seats:
        return
    free = await free_auditoriums(connection, wanted, people, apart_from=apart_from)
    proposed = tuple(free[:_HALLS_PROPOSED])
    if taken is not None:
        yield _obstacle(
            taken.code,
            taken.message,
            is_hard=True,
            starts_at=taken.free_at,
            auditoriums=proposed,
        )
    if people > seats:
        told = sentence(
            "{auditorium} has {seats} seats, and {count} learners would come.",
            auditorium=hall,
            seats=seats,
            count=people,
        )
        yield _obstacle("too_small", told, auditoriums=proposed)


async def _on_free_days(connection: AsyncConnection, wanted: Wanted) -> AsyncIterator[Obstacle]:
    """The holidays of the calendar that the course follows, and those of the organisations that
    learners come from: their calendar bears the organisation's name."""
    day = wanted.starts_at.astimezone(_ZONE).date()
    calendar = await calendar_of(connection, wanted.work.course)
    for name in (await holidays_between(connection, day, day, calendar=calendar)).values():
        yield _obstacle("holiday", sentence("{day} is a holiday: {name}.", day=day, name=name))
    if wanted.work.course is None:
        return
    query = (
        sa.select(enrolments.c.organisation, holidays.c.name, sa.func.count().label("learners"))
        .join(holidays, holidays.c.calendar == enrolments.c.organisation)
        .where(*_enrolled(wanted), holidays.c.day == day)
        .group_by(enrolments.c.organisation, holidays.c.name)
    )
    for row in await connection.execute(query.order_by(enrolments.c.organisation)):
        told = sentence(
            "{day} is a holiday at {organisation}, from where {count} learners come: {name}.",
            day=day,
            organisation=row.organisation,
            count=row.learners,
            name=row.name,
        )
        yield _obstacle("organisation", told)


async def _for_learners(
    connection: AsyncConnection, wanted: Wanted, zone: ZoneInfo, apart_from: UUID | None
) -> AsyncIterator[Obstacle]:
    """Classes of other courses at the same time in which some of the learners are enrolled."""
    if wanted.work.course is None:
        return
    mine = sa.select(enrolments.c.person).where(*_enrolled(wanted))
    own = [lectures.c[name] for name in ("id", "title", "starts_at", "ends_at", "groups")]
    query = (
        sa.select(*own, enrolments.c.study_group, sa.func.count().label("learners"))
        .join(enrolments, enrolments.c.course == lectures.c.course)
        .where(
            *_beside(wanted),
            lectures.c.id != apart_from if apart_from else sa.true(),
            lectures.c.course != wanted.work.course,
            *_in_force(wanted),
            enrolments.c.person.in_(mine),
        )
        .group_by(*own, enrolments.c.study_group)
    )
    both: Counter[tuple[str, datetime, datetime]] = Counter()
    for row in await connection.execute(query):
        if not row.groups or row.study_group is None or row.study_group in row.groups:
            both[row.title, row.starts_at, row.ends_at] += row.learners
    for (title, starts_at, ends_at), count in both.most_common(_OTHERS_TOLD):
        told = sentence(
            "{count} of the learners have “{title}” from {begins} to {ends}.",
            count=count,
            title=title,
            begins=f"{starts_at.astimezone(zone):%H:%M}",
            ends=f"{ends_at.astimezone(zone):%H:%M}",
        )
        yield _obstacle("learners", told)


async def _of_seats(
    connection: AsyncConnection,
    wanted: Wanted,
    zone: ZoneInfo,
    apart_from: UUID | None,
    most: int,
) -> AsyncIterator[Obstacle]:
    own = await seats_of(connection, wanted)
    others = await load_beside(connection, wanted, apart_from=apart_from)
    count = own + peak(others, wanted.starts_at, wanted.ends_at)
    if not own or count <= most:
        return
    until = wanted.ends_at + SEARCHED
    others = await load_beside(connection, wanted, apart_from=apart_from, until=until)
    day = wanted.starts_at.date()
    hours = await hours_for(connection, wanted.work.course, day, day + timedelta(days=1))
    free_at = next_with_seats(others, wanted.starts_at, wanted.ends_at, most - own, hours)
    told = sentence(
        "{count} people would be in rooms at once, {most} is what the service bears.",
        count=count,
        most=most,
    )
    if free_at is not None:
        told = sentence(
            "{count} people would be in rooms at once, {most} is what the service bears; "
            "there is room for them at {free}.",
            count=count,
            most=most,
            free=f"{free_at.astimezone(zone):%Y-%m-%d %H:%M}",
        )
    yield _obstacle("capacity", told, starts_at=free_at)


def _obstacle(
    code: str,
    message: Sentence,
    *,
    is_hard: bool = False,
    starts_at: datetime | None = None,
    auditoriums: tuple[str, ...] = (),
) -> Obstacle:
    template, values = parts_of(message)
    return Obstacle(
        code=code,
        message=str(message),
        template=template,
        values=values,
        is_hard=is_hard,
        starts_at=starts_at,
        auditorium=next(iter(auditoriums), None),
        auditoriums=auditoriums,
    )


def _enrolled(wanted: Wanted) -> Sequence[sa.ColumnElement[bool]]:
    """Whom the class is for: the course's learners, those of its groups if it names some."""
    conditions = [enrolments.c.course == wanted.work.course, *_in_force(wanted)]
    if wanted.work.groups:
        group = enrolments.c.study_group
        conditions.append(sa.or_(group.is_(None), group.in_(wanted.work.groups)))
    return conditions


def _in_force(wanted: Wanted) -> Sequence[sa.ColumnElement[bool]]:
    day = wanted.starts_at.astimezone(_ZONE).date()
    return (
        enrolments.c.part == Part.LEARNER,
        enrolments.c.since <= day,
        sa.or_(enrolments.c.until.is_(None), enrolments.c.until >= day),
    )


def _beside(wanted: Wanted) -> Sequence[sa.ColumnElement[bool]]:
    """Classes at the same time."""
    return (
        lectures.c.starts_at < wanted.ends_at,
        lectures.c.starts_at > wanted.starts_at - timedelta(hours=12),  # the longest class
        lectures.c.ends_at > wanted.starts_at,
        lectures.c.state.in_(OCCUPYING),
    )
