"""Cards: classes as far as a week shows them, a thousand at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people
from schedule.lectures import Filter, conditions, lectures
from schedule.lifecycle import LectureState
from schedule.study_work import Kind

_OWN: Final = (
    "id", "revision", "title", "starts_at", "ends_at", "lecturer", "course", "groups", "auditorium",
    "state", "kind",
)  # fmt: skip
_STATES: Final = {str(one): one for one in LectureState}
_KINDS: Final = {str(one): one for one in Kind}


@dataclass(frozen=True, slots=True)
class Card:
    """One class."""

    id: UUID
    revision: int
    title: str
    starts_at: datetime
    ends_at: datetime
    lecturer: UUID
    course: UUID | None
    groups: tuple[UUID, ...]
    auditorium: str | None
    state: LectureState
    kind: Kind
    lecturer_name: str

    def __hash__(self) -> int:
        """Cheaper than of all fields."""
        return hash(self.id)


async def list_cards(connection: AsyncConnection, which: Filter, *, limit: int) -> list[Card]:
    """By planned start."""
    query = (
        sa.select(*(lectures.c[name] for name in _OWN), people.c.name)
        .join(people, lectures.c.lecturer == people.c.id)
        .where(*conditions(which))
        .order_by(lectures.c.starts_at, lectures.c.id)
        .limit(limit)
    )
    return [_card(row) for row in await connection.execute(query)]


def _card(row: Sequence[Any]) -> Card:
    *own, state, kind, name = row
    values: list[Any] = [*own, _STATES[state], _KINDS[kind], name]
    return Card(*values)
