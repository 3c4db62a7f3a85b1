"""Where each person stopped in each recording, so that another device goes on there.

A convenience, no evidence: it is written with the checkpoints of the views, and a database that is
away costs a few seconds of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Database, Id, UtcDateTime, metadata
from player.events import Mode
from player.viewing import View
from transcode.revisions import Revisions

log = structlog.get_logger()

watch_place = sa.Table(
    "watch_place",
    metadata,
    sa.Column("lecture", Id, primary_key=True),
    sa.Column("person", Id, primary_key=True),
    sa.Column("position_ms", sa.Integer, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("revision", sa.Integer),
)

_NEAR_END_MS = 15_000  # who has come so far begins anew


@dataclass(frozen=True, slots=True)
class Place:
    """A position of media time, and when it was reached. `revision` is the edition's that was played;
    None if the player did not say."""

    position_ms: int
    at: datetime
    revision: int | None = None

    @property
    def seconds(self) -> float:
        return self.position_ms / 1_000

    def now(self, revisions: Revisions) -> Self:
        """The same moment as the newest revision plays it."""
        played = revisions.at(self.at) if self.revision is None else self.revision
        position_ms = revisions.position(self.position_ms, played)
        return replace(self, position_ms=position_ms, revision=revisions.newest)


async def place_of(connection: AsyncConnection, lecture: UUID, person: UUID) -> Place | None:
    """Where the person stopped; None before they began."""
    columns = (watch_place.c.position_ms, watch_place.c.at, watch_place.c.revision)
    query = sa.select(*columns).where(
        watch_place.c.lecture == lecture, watch_place.c.person == person
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Place(row.position_ms, row.at, row.revision)


async def forget(connection: AsyncConnection, lecture: UUID) -> None:
    """The recording is gone."""
    await connection.execute(watch_place.delete().where(watch_place.c.lecture == lecture))


async def keep(database: Database, views: Sequence[View]) -> None:
    """Note where the views of recordings stand; of one person's the newest that has played."""
    newest = {
        (view.lecture, view.person): view
        for view in sorted(views, key=lambda view: view.reported_at)
        if view.mode is Mode.RECORDING and (view.is_playing or view.segments)
    }
    if not newest:
        return
    rows = [_row(view) for view in newest.values()]
    try:
        async with database.begin() as connection:
            await connection.execute(_upsert(connection), rows)
    except (SQLAlchemyError, OSError) as error:
        log.warning("player.places_not_kept", count=len(rows), reason=type(error).__name__)


def _row(view: View) -> dict[str, object]:
    is_near_end = view.length_ms is not None and view.length_ms - view.position_ms < _NEAR_END_MS
    return {
        "lecture": view.lecture,
        "person": view.person,
        "position_ms": 0 if is_near_end else view.position_ms,
        "at": view.reported_at,
        "revision": view.revision,
    }


def _upsert(connection: AsyncConnection) -> sa.Executable:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(watch_place)
    upsert: sa.Executable = insert.on_conflict_do_update(
        index_elements=["lecture", "person"],
        set_={name: insert.excluded[name] for name in ("position_ms", "at", "revision")},
        where=watch_place.c.at <= insert.excluded.at,
    )
    return upsert
