"""Takes in a channel's plan file. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from daris.live_feeds import Feed
from kernel.settings import Settings
from schedule.places import house_folder, lecture_of, live_folder_named, look_in
from schedule.takes import Take, TakeMoved
from transcode.timeline import Item, PlanError, read_plan

_KEPT = timedelta(days=1)  # what began beneath it may be on air for so long, in its rhythm
_MOST = 50


def moved(takes: Sequence[Item], news: TakeMoved, settings: Settings) -> tuple[Item, ...]:
    """The takes after `news`."""
    cut = [
        take if take.ends_at <= news.at else msgspec.structs.replace(take, ends_at=news.at)
        for take in takes
        if take.ends_at > news.at - _KEPT and take.starts_at < news.at
    ]
    return (*cut[-_MOST:], *([_item(news.take, settings)] if news.take else ()))


def current(takes: Sequence[Item], now: datetime) -> tuple[Item, ...]:
    """Without those that are long over."""
    return tuple(take for take in takes if take.ends_at > now - _KEPT)


def takes_in(path: Path) -> tuple[Item, ...]:
    """Those of a plan file; none when it cannot be read."""
    try:
        return read_plan(path.read_bytes()).takes
    except (OSError, PlanError):
        return ()


def feeds_of(takes: Sequence[Item], now: datetime) -> frozenset[Feed]:
    """The rooms that are taken, or are about to be, in the look in which they were."""
    running = (Path(take.live) for take in takes if take.live and now < take.ends_at)
    return frozenset(Feed(lecture_of(folder), look_in(folder)) for folder in running)


def without_rooms(takes: Sequence[Item], ends: Mapping[UUID, datetime]) -> tuple[Item, ...]:
    """The takes, those of rooms that are over only as long as there is something of them: `ends` by lecture."""
    return tuple(
        _until(take, ends.get(lecture_of(Path(take.live)))) if take.live else take for take in takes
    )


def _until(take: Item, end: datetime | None) -> Item:
    if end is None or take.ends_at <= end:
        return take
    return msgspec.structs.replace(take, ends_at=max(end, take.starts_at))


def _item(take: Take, settings: Settings) -> Item:
    live = live_folder_named(settings, take.live) if take.live else None
    return Item(
        programme=str(take.id),
        key="take",
        title=take.title,
        starts_at=take.starts_at,
        ends_at=take.ends_at,
        media=str((house_folder(settings) / take.file).absolute()) if take.file else None,
        live=str(live.absolute()) if live else None,
        source=take.source,
        operator=take.operator,
    )
