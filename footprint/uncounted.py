"""Who does not want to be counted in what a class watched. Their own footprint is as it is."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, UtcDateTime, insert_new, metadata

uncounted = sa.Table(
    "uncounted",
    metadata,
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("since", UtcDateTime, nullable=False),
)


async def is_counted(connection: AsyncConnection, person: UUID) -> bool:
    query = sa.select(uncounted.c.person).where(uncounted.c.person == person)
    return (await connection.execute(query)).first() is None


async def count(
    connection: AsyncConnection, person: UUID, *, is_wanted: bool, at: datetime
) -> None:
    """Count the person from now on, or no longer; also in what they watched before."""
    if is_wanted:
        await connection.execute(uncounted.delete().where(uncounted.c.person == person))
    else:
        await insert_new(connection, uncounted, [{"person": person, "since": at}], key=["person"])


async def uncounted_people(connection: AsyncConnection) -> frozenset[UUID]:
    """All of them."""
    return frozenset((await connection.execute(sa.select(uncounted.c.person))).scalars())
