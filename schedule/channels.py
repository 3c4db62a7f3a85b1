"""Channels, their programmes and the media made for them, in the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, UtcDateTime, insert_new, metadata
from kernel.errors import Conflict, NotFound
from kernel.ids import new_id
from schedule.looks import Look, look_named
from schedule.rundown import Change, Programme, Source
from schedule.withdrawals import note_withdrawals

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("languages", sa.JSON, nullable=False),
    sa.Column("profile", sa.String(20), nullable=False),
    sa.Column("outputs", sa.JSON, nullable=False),
    sa.Column("charset", sa.String(12), nullable=False, server_default="utf-8"),
    sa.Column("logo", sa.String(12)),  # its name; the image is in schedule.logos
    sa.Column("revision", sa.Integer, nullable=False),  # of its schedule
    sa.Column("created_at", UtcDateTime, nullable=False),
)

programmes = sa.Table(
    "programmes",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("channel", sa.String(40), sa.ForeignKey("channels.id"), nullable=False),
    sa.Column("key", sa.String(100), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("starts_at", UtcDateTime, nullable=False),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Column("source", sa.JSON, nullable=False),
    sa.Column("titles", sa.JSON, nullable=False),
    sa.Column("descriptions", sa.JSON, nullable=False),
    sa.Column("is_floating", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("rights_from", UtcDateTime),
    sa.Column("rights_until", UtcDateTime),
    sa.UniqueConstraint("channel", "key"),
    sa.Index(None, "channel", "starts_at"),
    sa.Index(None, "ends_at"),
)

pushes = sa.Table(
    "pushes",
    metadata,
    sa.Column("channel", sa.String(40), sa.ForeignKey("channels.id"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("person", Id),
    sa.Column("added", sa.Integer, nullable=False),
    sa.Column("changed", sa.Integer, nullable=False),
    sa.Column("removed", sa.Integer, nullable=False),
)

house_items = sa.Table(
    "house_items",
    metadata,
    sa.Column("source", sa.String(400), primary_key=True),
    sa.Column("look", sa.String(20), primary_key=True),
    sa.Column("version", sa.String(100), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("file", sa.String(100), nullable=False),
    sa.Column("report", sa.JSON, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel; `id` is the word in its addresses, `outputs` are `udp://`, `rtp://` and `srt://` addresses."""

    id: str
    name: str
    profile: str
    number: int = 1
    languages: Sequence[str] = ("kk", "ru", "en")
    outputs: Sequence[str] = ()
    charset: str = "utf-8"  # of the texts in its transport stream
    logo: str | None = None
    revision: int = 0

    @property
    def look(self) -> Look:
        return Look(self.profile, self.logo)


class ItemState(StrEnum):
    """What became of the conditioning of one source."""

    READY = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseItem:
    """Conditioned media, or why there is none. `version` tells which state of the source it is of."""

    source: str
    look: str
    version: str
    state: ItemState
    file: str = ""
    report: dict[str, Any] | None = None
    error: str = ""


async def add_channel(connection: AsyncConnection, channel: Channel, *, at: datetime) -> None:
    """Conflict when the word is taken."""
    row = {
        "id": channel.id,
        "name": channel.name,
        "number": channel.number,
        "languages": list(channel.languages),
        "profile": channel.profile,
        "outputs": list(channel.outputs),
        "charset": channel.charset,
        "revision": 0,
        "created_at": at,
    }
    if not await insert_new(connection, channels, [row], key=["id"]):
        raise Conflict(f"There is a channel {channel.id} already.")


async def list_channels(connection: AsyncConnection) -> list[Channel]:
    query = sa.select(channels).order_by(channels.c.number, channels.c.id)
    return [_channel(row) for row in await connection.execute(query)]


async def channel_by_id(
    connection: AsyncConnection, channel_id: str, *, is_locked: bool = False
) -> Channel:
    """NotFound when there is none. `is_locked` keeps other pushes out until the commit."""
    query = sa.select(channels).where(channels.c.id == channel_id)
    if is_locked:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such channel.")
    return _channel(row)


async def change_channel(
    connection: AsyncConnection, channel_id: str, changes: Mapping[str, Any]
) -> Channel:
    """Set the named columns; the channel as it is then."""
    values = {name: list(v) if isinstance(v, tuple) else v for name, v in changes.items()}
    if values:
        update = channels.update().where(channels.c.id == channel_id).values(values)
        await connection.execute(update)
    return await channel_by_id(connection, channel_id)


async def programmes_between(
    connection: AsyncConnection, channel_id: str, since: datetime, until: datetime
) -> list[Programme]:
    """Those on air at any moment in `[since, until)`, in order."""
    query = (
        sa.select(programmes)
        .where(
            programmes.c.channel == channel_id,
            programmes.c.ends_at > since,
            programmes.c.starts_at < until,
        )
        .order_by(programmes.c.starts_at)
    )
    return [_programme(row) for row in await connection.execute(query)]


async def programmes_with_keys(
    connection: AsyncConnection, channel_id: str, keys: Collection[str]
) -> list[Programme]:
    """Those that a push names, wherever they lie now."""
    found: list[Programme] = []
    wanted = sorted(keys)
    for start in range(0, len(wanted), 500):
        query = sa.select(programmes).where(
            programmes.c.channel == channel_id,
            programmes.c.key.in_(wanted[start : start + 500]),
        )
        found.extend(_programme(row) for row in await connection.execute(query))
    return found


async def apply(
    connection: AsyncConnection,
    channel: Channel,
    change: Change,
    *,
    by: UUID | None,
    at: datetime,
) -> int:
    """Write the change and its line in the audit log; the schedule's new revision."""
    revision = channel.revision + 1
    gone = [programme.id for programme in (*change.removed, *change.changed)]
    for start in range(0, len(gone), 500):
        await connection.execute(
            programmes.delete().where(programmes.c.id.in_(gone[start : start + 500]))
        )
    rows = [_row(channel.id, p, revision) for p in (*change.added, *change.changed)]
    if rows:
        await connection.execute(programmes.insert(), rows)
    await connection.execute(
        channels.update().where(channels.c.id == channel.id).values(revision=revision)
    )
    await note_withdrawals(
        connection,
        channel.id,
        removed=change.removed,
        added=change.added,
        revision=revision,
        at=at,
    )
    push = {"channel": channel.id, "revision": revision, "at": at, "person": by}
    counts = {name: len(getattr(change, name)) for name in ("added", "changed", "removed")}
    await connection.execute(pushes.insert().values(push | counts))
    return revision


async def house_items_for(
    connection: AsyncConnection, sources: Iterable[str]
) -> dict[tuple[str, str], HouseItem]:
    """By source and look."""
    wanted = sorted(set(sources))
    found: dict[tuple[str, str], HouseItem] = {}
    for start in range(0, len(wanted), 500):
        query = sa.select(house_items).where(house_items.c.source.in_(wanted[start : start + 500]))
        for row in await connection.execute(query):
            found[row.source, row.look] = _house_item(row)
    return found


def best_items(items: Mapping[tuple[str, str], HouseItem], look: Look) -> dict[str, HouseItem]:
    """By source the media in this look; until it is made, media of the same profile in another: a channel
    whose logo is new goes on with what it has."""
    best: dict[str, HouseItem] = {}
    for (source, other), item in sorted(items.items(), key=lambda each: each[0]):
        is_exact = other == str(look)
        known = best.get(source)
        has_better = known is not None and known.file and not (is_exact and item.file)
        is_near = item.file and look_named(other).profile == look.profile
        if (is_exact or is_near) and not has_better:
            best[source] = item
    return best


async def house_files(connection: AsyncConnection) -> set[str]:
    """The names of all files of conditioned media."""
    return set((await connection.execute(sa.select(house_items.c.file))).scalars()) - {""}


async def house_items_state(connection: AsyncConnection) -> tuple[Any, ...]:
    """Something that differs when any house item does."""
    table = house_items.c
    query = sa.select(sa.func.count(), sa.func.max(table.changed_at)).select_from(house_items)
    return tuple((await connection.execute(query)).one())


async def keep_house_item(connection: AsyncConnection, item: HouseItem, *, at: datetime) -> None:
    """In place of what was known of this source and look."""
    key = {"source": item.source, "look": item.look}
    values = {
        "version": item.version,
        "state": item.state,
        "file": item.file,
        "report": item.report or {},
        "error": item.error,
        "changed_at": at,
    }
    if not await insert_new(connection, house_items, [key | values], key=list(key)):
        matches = [house_items.c[name] == value for name, value in key.items()]
        await connection.execute(house_items.update().where(*matches).values(values))


async def drop_house_items(connection: AsyncConnection, source: str) -> list[str]:
    """Forget the source's conditioned media; the names of its files, which are to be removed."""
    of_source = house_items.c.source == source
    files = (await connection.execute(sa.select(house_items.c.file).where(of_source))).scalars()
    found = [file for file in files if file]
    await connection.execute(house_items.delete().where(of_source))
    return found


async def forget_failures(connection: AsyncConnection, sources: Collection[str]) -> None:
    """Let the sources that could not be conditioned be tried again."""
    wanted = sorted(sources)
    for start in range(0, len(wanted), 500):
        await connection.execute(
            house_items.delete().where(
                house_items.c.source.in_(wanted[start : start + 500]),
                house_items.c.state == ItemState.FAILED,
            )
        )


def _row(channel: str, programme: Programme, revision: int) -> dict[str, Any]:
    return {
        "id": programme.id or new_id(),
        "channel": channel,
        "key": programme.key,
        "revision": revision,
        "starts_at": programme.starts_at,
        "ends_at": programme.ends_at,
        "source": msgspec.to_builtins(programme.source),
        "titles": dict(programme.titles),
        "descriptions": dict(programme.descriptions),
        "is_floating": programme.is_floating,
        "rights_from": programme.rights_from,
        "rights_until": programme.rights_until,
    }


def _channel(row: Any) -> Channel:
    names = ("id", "name", "number", "languages", "profile", "outputs", "charset", "logo")
    return Channel(**{name: getattr(row, name) for name in names}, revision=row.revision)


def _programme(row: Any) -> Programme:
    return Programme(
        id=row.id,
        key=row.key,
        revision=row.revision,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        source=msgspec.convert(row.source, Source),
        titles=row.titles,
        descriptions=row.descriptions,
        is_floating=row.is_floating,
        rights_from=row.rights_from,
        rights_until=row.rights_until,
    )


def _house_item(row: Any) -> HouseItem:
    return HouseItem(
        source=row.source,
        look=row.look,
        version=row.version,
        state=ItemState(row.state),
        file=row.file,
        report=row.report,
        error=row.error,
    )
