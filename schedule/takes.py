"""Takes: an operator puts a source on air over the plan, and back. Told by the bus, kept in plan files."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Conflict, Invalid, Refused
from kernel.ids import new_id
from kernel.settings import Settings
from schedule.channels import Channel, HouseItem, ItemState, best_items, house_items_for
from schedule.lectures import bare_lecture
from schedule.lifecycle import LectureState
from schedule.places import channel_folder, live_folder
from schedule.push import readiness_of
from schedule.rundown import LONGEST, SHORTEST, Readiness, Source

TOPIC: Final = "takes"
NOTICE: Final = timedelta(seconds=1.02)  # what is sooner on air was decided already


class Take(msgspec.Struct, frozen=True, kw_only=True):
    """A source over the plan. `file` is its house item, `live` the folder of its room's slots; the slate has
    neither."""

    id: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    file: str | None
    live: str | None = None
    source: str | None = None  # of the file
    operator: str


class TakeMoved(msgspec.Struct, frozen=True, kw_only=True):
    """From `at` on `take` is on air instead of any before it; without one the plan is."""

    channel: str
    at: datetime
    take: Take | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an operator asks for: the source for so long, or until then, or as long as its media is."""

    source: Source
    duration: timedelta | None = None
    until: datetime | None = None
    operator: str
    at: datetime


class TakenItem(msgspec.Struct, frozen=True, kw_only=True):
    """A take as the plan file has it."""

    title: str
    starts_at: datetime
    ends_at: datetime
    operator: str | None = None


class _PlanFile(msgspec.Struct, frozen=True):
    takes: tuple[TakenItem, ...] = ()


async def prepare(
    connection: AsyncConnection, channel: Channel, wish: Wish, settings: Settings
) -> Take:
    """The take that fulfils the wish; Refused tells why its media can't go on air."""
    if not wish.source.is_sound:
        raise Invalid("A take has one source: a recording, a file, a live lecture or the slate.")
    starts_at = wish.at + NOTICE
    if wish.source.live is not None:
        return await _live_take(connection, channel, wish, settings)
    item = await _conditioned(connection, channel, wish.source, settings)
    return Take(
        id=new_id(),
        title=await _title(connection, channel, wish.source),
        starts_at=starts_at,
        ends_at=_end(wish, starts_at, _length(item) if item else None),
        file=item.file if item else None,
        source=wish.source.key,
        operator=wish.operator,
    )


async def take_on_air(settings: Settings, channel_id: str, now: datetime) -> TakenItem | None:
    """As this node's plan file has it."""
    path = channel_folder(settings, channel_id) / "plan.json"
    found = await asyncio.to_thread(_read, path)
    return next(
        (take for take in reversed(found) if take.starts_at - NOTICE <= now < take.ends_at), None
    )


def check_is_on(take: TakenItem | None) -> None:
    if take is None:
        raise Conflict("No take is on air; the channel follows its plan.")


async def _live_take(
    connection: AsyncConnection, channel: Channel, wish: Wish, settings: Settings
) -> Take:
    """A room that is taught in now; the slate is shown until its conditioner has caught up."""
    assert wish.source.live is not None
    lecture = await bare_lecture(connection, wish.source.live.lecture)
    if lecture.state is not LectureState.LIVE:
        raise Refused("This lecture is not live now.")
    starts_at = wish.at + NOTICE
    return Take(
        id=new_id(),
        title=lecture.title,
        starts_at=starts_at,
        ends_at=_end(wish, starts_at, LONGEST),
        file=None,
        live=live_folder(settings, lecture.id, channel.look).name,
        operator=wish.operator,
    )


def _end(wish: Wish, starts_at: datetime, length: timedelta | None) -> datetime:
    """Not later than the media's, which takes `length`."""
    if wish.duration is not None and wish.until is not None:
        raise Invalid("Say for how long or until when, not both.")
    asked = wish.until if wish.duration is None else starts_at + wish.duration
    media = None if length is None else starts_at + length
    ends = [moment for moment in (asked, media) if moment is not None]
    if not ends:
        raise Invalid("The slate has no end of its own: say for how long or until when.")
    if not SHORTEST <= min(ends) - starts_at <= LONGEST:
        raise Invalid("A take is on air for at least a second and at most a day.")
    return min(ends)


def _length(item: HouseItem) -> timedelta:
    seconds = (item.report or {}).get("seconds")
    return timedelta(seconds=seconds) if isinstance(seconds, int | float) else LONGEST


async def _conditioned(
    connection: AsyncConnection, channel: Channel, source: Source, settings: Settings
) -> HouseItem | None:
    if source.key is None:
        return None
    items = await house_items_for(connection, [source.key])
    item = best_items(items, channel.look).get(source.key)
    if item is not None and item.state is ItemState.READY:
        return item
    readiness = (await readiness_of(connection, [source], channel.look, settings))[source]
    reason = item.error if item and item.error else ""
    raise Refused(f"{_NOT_READY[readiness]} {reason}".strip())


_NOT_READY: Final = {
    Readiness.UNKNOWN: "There is no such source.",
    Readiness.ABSENT: "This source is not there yet.",
    Readiness.FAILED: "This source could not be conditioned.",
    Readiness.WAITING: "This source is not conditioned yet; put it into the schedule, and it will be.",
    Readiness.READY: "This source is not conditioned yet; put it into the schedule, and it will be.",
}


async def _title(connection: AsyncConnection, channel: Channel, source: Source) -> str:
    if source.recording is not None:
        return (await bare_lecture(connection, source.recording)).title
    return PurePath(source.file).stem if source.file else channel.name


def _read(path: Path) -> tuple[TakenItem, ...]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_PlanFile).takes
    except (OSError, msgspec.DecodeError):
        return ()
