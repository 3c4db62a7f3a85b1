"""What a policy would change on classes that were taught, before anybody adopts it."""

from collections import Counter
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import rulebook
from footprint.events import PolicyAdopted
from footprint.judgement import judge
from footprint.policy import Policy, Status
from footprint.rulebook import NewPolicy
from kernel.ids import new_id
from schedule.lectures import lecture_by_id, lectures
from schedule.lifecycle import Lecture

MOST_CLASSES: Final = 100  # that are judged twice; the newest
_NOBODY: Final = UUID(int=0)


class Change(msgspec.Struct, frozen=True):
    """So many people of a class go from one status to another."""

    before: Status
    after: Status
    people: int


class ClassChange(msgspec.Struct, frozen=True, kw_only=True):
    """A class in which somebody's status would change."""

    lecture: UUID
    title: str
    starts_at: datetime
    policy: str  # the version that judges it now
    changes: tuple[Change, ...]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What would change; no names, since who makes rules need not know whom they hit."""

    classes: int  # that it would judge
    people: int  # whose status at one of these would change
    changed: tuple[ClassChange, ...]  # newest first
    is_complete: bool  # False: there are older classes, too, at which nobody looked


async def preview(connection: AsyncConnection, new: NewPolicy, *, now: datetime) -> Preview:
    """Invalid or Conflict as `rulebook.adopt` would say; nothing is kept."""
    await rulebook.check(connection, new, now=now)
    before = await rulebook.adopted(connection)
    after = [*before, _as_if_adopted(new, now)]
    ids = await _taught_since(connection, new.begins_at)
    judged, changed = 0, []
    for identifier in ids[:MOST_CLASSES]:
        lecture = await lecture_by_id(connection, identifier)
        pinned = lecture.work.attendance_policy
        if rulebook.judging(after, pinned, lecture.starts_at) is not new.policy:
            continue  # a policy that begins later judges it, or the one to which it is pinned
        judged += 1
        found = await _changes(connection, lecture, new.policy, now=now)
        if found:
            version = rulebook.at(before, lecture.starts_at).version
            changed.append(_class_change(lecture, version, found))
    return Preview(
        classes=judged,
        people=sum(change.people for one in changed for change in one.changes),
        changed=tuple(changed),
        is_complete=len(ids) <= MOST_CLASSES,
    )


async def _taught_since(connection: AsyncConnection, moment: datetime) -> list[UUID]:
    columns = lectures.c
    query = (
        sa.select(columns.id)
        .where(columns.starts_at >= moment, columns.started_at.is_not(None))
        .order_by(columns.starts_at.desc(), columns.id)
        .limit(MOST_CLASSES + 1)
    )
    return list((await connection.execute(query)).scalars())


async def _changes(
    connection: AsyncConnection, lecture: Lecture, policy: Policy, *, now: datetime
) -> Counter[tuple[Status, Status]]:
    """How many go from which status to which. Marks stand whatever the policy is."""
    old = await judge(connection, lecture, now=now)
    new = await judge(connection, lecture, now=now, policy=policy)
    statuses = {row.person: row.status for row in old.rows}
    pairs = ((statuses.get(row.person, Status.ABSENT), row.status) for row in new.rows)
    return Counter(pair for pair in pairs if pair[0] != pair[1])


def _as_if_adopted(new: NewPolicy, now: datetime) -> PolicyAdopted:
    return PolicyAdopted(
        id=new_id(), at=now, by=_NOBODY, begins_at=new.begins_at, policy=new.policy
    )


def _class_change(
    lecture: Lecture, version: str, found: Counter[tuple[Status, Status]]
) -> ClassChange:
    return ClassChange(
        lecture=lecture.id,
        title=lecture.title,
        starts_at=lecture.starts_at,
        policy=version,
        changes=tuple(Change(*pair, people) for pair, people in found.most_common()),
    )
