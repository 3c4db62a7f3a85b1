"""A rundown as it goes on air while live programmes overrun. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from schedule.overrun import Overrun
from schedule.rundown import Programme


@dataclass(frozen=True, slots=True)
class Settled:
    """`run` has no overlap; `covering` lies over it."""

    run: Sequence[Programme]
    covering: Sequence[Programme]


def settled(programmes: Sequence[Programme], ends: Mapping[UUID, datetime]) -> Settled:
    """`ends` tells by lecture until when its room goes on, or went on.

    A floating programme keeps its length when it is pushed; a fixed one begins as planned and cuts what
    was pushed into it.
    """
    run: list[Programme] = []
    covering: list[Programme] = []
    for programme in sorted(programmes, key=lambda programme: programme.starts_at):
        moved = _after(run, programme)
        end = _late_end(moved, ends)
        match moved.source.live and moved.source.live.overrun:
            case Overrun.PUSH:
                moved = replace(moved, ends_at=end)
            case Overrun.OVERWRITE if end > moved.ends_at:
                covering.append(replace(moved, ends_at=end))
        run.append(moved)
    return Settled(run, covering)


def _after(run: list[Programme], programme: Programme) -> Programme:
    """The programme where it can begin; what it may not wait for is cut from the end of `run`."""
    busy_until = run[-1].ends_at if run else programme.starts_at
    if programme.starts_at >= busy_until:
        return programme
    if programme.is_floating:
        later = busy_until + programme.duration
        return replace(programme, starts_at=busy_until, ends_at=later)
    while run and run[-1].starts_at >= programme.starts_at:
        run.pop()
    if run and run[-1].ends_at > programme.starts_at:
        run[-1] = replace(run[-1], ends_at=programme.starts_at)
    return programme


def _late_end(programme: Programme, ends: Mapping[UUID, datetime]) -> datetime:
    live = programme.source.live
    if live is None or live.lecture not in ends:
        return programme.ends_at
    latest = programme.ends_at + timedelta(seconds=live.extension)
    return max(programme.ends_at, min(ends[live.lecture], latest))
