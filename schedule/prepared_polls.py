"""Questions that a lecturer prepares for a lecture: kept until they are asked, and after that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import Conflict, NotFound
from kernel.ids import new_id
from kernel.sentence import sentence
from schedule.questions import Question, checked

MOST_PREPARED: Final = 50  # for a lecture

prepared_polls = sa.Table(
    "prepared_polls",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("lecture", Id, sa.ForeignKey("lectures.id"), nullable=False, index=True),
    sa.Column("question", sa.JSON, nullable=False),
    sa.Column("made_by", Id, sa.ForeignKey("people.id")),
    sa.Column("made_at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question of a lecture that may be asked."""

    id: UUID
    lecture: UUID
    question: Question


async def prepare(
    connection: AsyncConnection, lecture: UUID, question: Question, *, by: UUID | None, at: datetime
) -> Prepared:
    """Invalid when it is no question, Conflict when there are too many."""
    if len(await prepared_of(connection, lecture)) >= MOST_PREPARED:
        raise Conflict(sentence("A lecture has at most {most} prepared polls.", most=MOST_PREPARED))
    made = Prepared(new_id(), lecture, checked(question))
    row = {"id": made.id, "lecture": lecture, "question": _stored(made.question)}
    await connection.execute(prepared_polls.insert(), [row | {"made_by": by, "made_at": at}])
    return made


async def rewrite(connection: AsyncConnection, identifier: UUID, question: Question) -> Prepared:
    """Invalid when it is no question, NotFound when it is gone."""
    found = await prepared_by_id(connection, identifier)
    made = Prepared(identifier, found.lecture, checked(question))
    which = prepared_polls.update().where(prepared_polls.c.id == identifier)
    await connection.execute(which.values(question=_stored(made.question)))
    return made


async def discard(connection: AsyncConnection, identifier: UUID) -> None:
    """What was asked of it stays; twice is once."""
    await connection.execute(prepared_polls.delete().where(prepared_polls.c.id == identifier))


async def prepared_by_id(connection: AsyncConnection, identifier: UUID) -> Prepared:
    """NotFound when there is none."""
    found = await _where(connection, prepared_polls.c.id == identifier)
    if not found:
        raise NotFound("There is no such prepared poll.")
    return found[0]


async def prepared_of(connection: AsyncConnection, lecture: UUID) -> list[Prepared]:
    """In the order in which they were prepared."""
    return await _where(connection, prepared_polls.c.lecture == lecture)


async def _where(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> list[Prepared]:
    columns = prepared_polls.c
    query = sa.select(columns.id, columns.lecture, columns.question).where(condition)
    rows = await connection.execute(query.order_by(columns.made_at, columns.id))
    return [Prepared(row.id, row.lecture, msgspec.convert(row.question, Question)) for row in rows]


def _stored(question: Question) -> Any:
    return msgspec.to_builtins(question)
