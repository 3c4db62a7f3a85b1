"""The rule book: which policy counts when, and who is of which category. Both are facts: nothing is
overwritten, and a class that was judged by a version can be judged by it again. A class may be pinned to a
version (`schedule.policy_versions`); that outweighs the day."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.events import CategoryAssigned, PolicyAdopted
from footprint.kinds import decode
from footprint.log import Source, append, event
from footprint.policy import DEFAULT_POLICY, Category, Policy
from identity.people import person_by_id
from kernel.errors import Conflict, Invalid
from kernel.facts import Fact
from kernel.ids import new_id
from schedule.enrolments import enrolments
from schedule.lifecycle import Lecture

_SOONEST: Final = timedelta(days=366)  # how far back a policy may reach


class NewPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy as it is sent: it counts for lectures that begin at `begins_at` or later."""

    begins_at: datetime
    policy: Policy


class NewCategory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A category as it is sent; both days are included. Send it again to change the days."""

    category: Category
    begins_on: date
    ends_on: date | None = None

    def __post_init__(self) -> None:
        if self.ends_on is not None and self.ends_on < self.begins_on:
            raise ValueError("ends_on is before begins_on")


async def adopt(
    connection: AsyncConnection, new: NewPolicy, *, by: UUID, now: datetime
) -> PolicyAdopted:
    """Keep the policy; Invalid or Conflict as `check` says."""
    await check(connection, new, now=now)
    fact = PolicyAdopted(id=new_id(), at=now, by=by, begins_at=new.begins_at, policy=new.policy)
    await append(connection, [fact], now=now, source=Source.ENTERED)
    return fact


async def check(connection: AsyncConnection, new: NewPolicy, *, now: datetime) -> None:
    """Conflict when the version is taken: versions are never changed."""
    if new.begins_at.tzinfo is None:
        raise Invalid("begins_at needs a time zone.")
    if new.begins_at < now - _SOONEST:
        raise Invalid("A policy reaches back a year at most.")
    known = await adopted(connection)
    if new.policy.version in {DEFAULT_POLICY.version, *(one.policy.version for one in known)}:
        raise Conflict(f"There is a policy {new.policy.version} already; take another version.")


async def adopted(connection: AsyncConnection) -> list[PolicyAdopted]:
    """Every policy that was adopted, in the order of adoption."""
    facts = await _facts(connection, PolicyAdopted)
    return [fact for fact in facts if isinstance(fact, PolicyAdopted)]


async def versions(connection: AsyncConnection) -> list[str]:
    """What a class may be pinned to: the program's own policy, and the adopted ones in their order."""
    known = await adopted(connection)
    return [DEFAULT_POLICY.version, *(one.policy.version for one in known)]


async def policy_of(connection: AsyncConnection, lecture: Lecture) -> Policy:
    """What the lecture is judged by."""
    known = await adopted(connection)
    return judging(known, lecture.work.attendance_policy, lecture.starts_at)


def judging(known: Sequence[PolicyAdopted], pinned: str | None, moment: datetime) -> Policy:
    """The version to which a lecture is pinned, whenever that begins to count for others; of one that
    is not pinned that of the moment at which it begins."""
    if pinned is None:
        return at(known, moment)
    every = [DEFAULT_POLICY, *(one.policy for one in known)]
    return next(policy for policy in every if policy.version == pinned)


def at(known: Sequence[PolicyAdopted], moment: datetime) -> Policy:
    """Of the policies that have begun by then the one that began last; of two that begin together
    the one adopted last."""
    begun = [one for one in known if one.begins_at <= moment]
    newest = max(enumerate(begun), key=lambda each: (each[1].begins_at, each[0]), default=None)
    return DEFAULT_POLICY if newest is None else newest[1].policy


async def assign(
    connection: AsyncConnection, person: UUID, new: NewCategory, *, by: UUID, now: datetime
) -> CategoryAssigned:
    """Say that a person is of a category, or until when. NotFound when there is no such person."""
    await person_by_id(connection, person)
    fact = CategoryAssigned(
        id=new_id(),
        at=now,
        person=person,
        by=by,
        category=new.category,
        begins_on=new.begins_on,
        ends_on=new.ends_on,
    )
    await append(connection, [fact], now=now, source=Source.ENTERED)
    return fact


async def assigned(
    connection: AsyncConnection, person: UUID | None = None
) -> list[CategoryAssigned]:
    """What was last said of each category of a person, or of everybody."""
    newest: dict[tuple[UUID | None, str], CategoryAssigned] = {}
    for fact in await _facts(connection, CategoryAssigned, person):
        if isinstance(fact, CategoryAssigned):
            newest[fact.person, fact.category] = fact
    return list(newest.values())


async def categories_on(
    connection: AsyncConnection, policy: Policy, day: date, course: UUID | None = None
) -> Mapping[UUID, Collection[str]]:
    """Who is of a category on that day, if the policy makes a difference for any: as was said of them,
    or as they are enrolled in the course."""
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    if not policy.overrides:
        return found
    for one in await assigned(connection):
        if one.person is not None and one.is_on(day):
            found[one.person].add(one.category)
    for person, category in await _enrolled(connection, course, day):
        found[person].add(category)
    return found


def clause(number: int) -> str:
    """What a policy calls the category of that number in clause 1.9 of the rules."""
    return f"1.9.{number}"


async def _enrolled(
    connection: AsyncConnection, course: UUID | None, day: date
) -> list[tuple[UUID, str]]:
    """Those of the course who have a category that day, with it."""
    if course is None:
        return []
    query = sa.select(enrolments.c.person, enrolments.c.category).where(
        enrolments.c.course == course,
        enrolments.c.category.is_not(None),
        enrolments.c.since <= day,
        enrolments.c.until.is_(None) | (enrolments.c.until >= day),
    )
    return [(row.person, clause(row.category)) for row in await connection.execute(query)]


async def _facts(
    connection: AsyncConnection, kind: type[Fact], person: UUID | None = None
) -> list[Fact]:
    """Facts of no lecture, in the order in which they happened."""
    tag = str(kind.__struct_config__.tag)
    query = (
        sa.select(event.c.payload)
        .where(event.c.lecture.is_(None), event.c.kind == tag, event.c.payload.is_not(None))
        .order_by(event.c.occurred_at, event.c.seq)
    )
    if person is not None:
        query = query.where(event.c.person == person)
    return [decode(payload) for payload in (await connection.execute(query)).scalars()]
