"""Takes in a channel's plan file. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from schedule.takes import Take, TakeMoved
from transcode.timeline import Item, PlanError, read_plan

_KEPT = timedelta(hours=1)  # a process that starts again makes the window's segments anew
_MOST = 50


def moved(takes: Sequence[Item], news: TakeMoved, folder: Path) -> tuple[Item, ...]:
    """The takes after `news`; `folder` holds the conditioned media."""
    cut = [
        take if take.ends_at <= news.at else msgspec.structs.replace(take, ends_at=news.at)
        for take in takes
        if take.ends_at > news.at - _KEPT and take.starts_at < news.at
    ]
    return (*cut[-_MOST:], *([_item(news.take, folder)] if news.take else ()))


def current(takes: Sequence[Item], now: datetime) -> tuple[Item, ...]:
    """Without those that are long over."""
    return tuple(take for take in takes if take.ends_at > now - _KEPT)


def takes_in(path: Path) -> tuple[Item, ...]:
    """Those of a plan file; none when it cannot be read."""
    try:
        return read_plan(path.read_bytes()).takes
    except (OSError, PlanError):
        return ()


def _item(take: Take, folder: Path) -> Item:
    return Item(
        programme=str(take.id),
        key="take",
        title=take.title,
        starts_at=take.starts_at,
        ends_at=take.ends_at,
        media=str((folder / take.file).absolute()) if take.file else None,
        operator=take.operator,
    )
