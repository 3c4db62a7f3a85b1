"""What a channel shows at each picture: a pure function of the plan.

The plan reaches the channel process as a JSON file, replaced whole; nothing else does.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from transcode.house import FRAMES_PER_SLOT, picture_from


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A programme as planned. Without `media` and `live` the slate is shown in its time; `reason` says
    why, none means that this is the plan."""

    programme: str
    key: str
    title: str
    starts_at: datetime
    ends_at: datetime
    media: str | None = None  # a house item's path; relative to the plan file's folder or absolute
    live: str | None = None  # instead: the folder of slots that a live conditioner writes
    source: str | None = None  # of which the media was made, as operators name it
    reason: str | None = None
    titles: dict[str, str] = {}  # by language, for the guide in the transport stream
    descriptions: dict[str, str] = {}
    operator: str | None = None  # who took it; none is planned
    rights_from: datetime | None = None  # may be shown from then on
    rights_until: datetime | None = None  # and not after that


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    channel: str
    revision: int = 0
    items: tuple[Item, ...] = ()  # in order of `starts_at`, without overlap
    overruns: tuple[Item, ...] = ()  # live programmes that go on over what follows them
    takes: tuple[Item, ...] = ()  # over the items, the last above the others


@dataclass(frozen=True, slots=True)
class Cue:
    """What is meant to be shown from picture `begins` of the channel on: the first `count` pictures of the
    `index`-th group of `item`; no item means the slate."""

    item: Item | None
    index: int
    begins: int
    count: int = FRAMES_PER_SLOT

    @property
    def ends(self) -> int:
        return self.begins + self.count


class PlanError(ValueError):
    """The plan file cannot be used. The sentence says why."""


def read_plan(data: bytes) -> Plan:
    try:
        plan = msgspec.json.decode(data, type=Plan)
    except msgspec.DecodeError as error:
        raise PlanError(f"the plan cannot be read: {error}") from error
    every = (*plan.items, *plan.overruns, *plan.takes)
    if any(item.starts_at.tzinfo is None or item.ends_at.tzinfo is None for item in every):
        raise PlanError("the plan has a time without a zone")
    return plan


class Timeline:
    """A plan, ready to be asked group by group. All numbers are pictures since the Unix epoch.

    Media is copied in groups of 24 pictures, and a group may end after any of them. So an item begins with the
    first picture at its time or after it: the group before is cut short there, and the item's own groups follow
    each other from there on. Such a picture is an *anchor*. Whatever is taken over the plan, and the plan when that
    is over, begins with the next group and keeps the rhythm, so that it can be decided late. Where nothing is
    planned groups begin at whole slots. The position in an item follows the clock alone: who starts late, or
    again, joins where the programme is by now, and two nodes with the same plan show the same.
    """

    def __init__(self, plan: Plan) -> None:
        self._items: Sequence[Item] = sorted(plan.items, key=lambda item: item.starts_at)
        self._starts = [picture_from(item.starts_at) for item in self._items]
        self._takes = [
            (picture_from(take.starts_at), picture_from(take.ends_at), take)
            for take in reversed((*plan.overruns, *plan.takes))
        ]
        self._anchors = [0]
        for picture in self._changes():
            if picture > self._anchors[-1] and not self._is_covered(picture):
                self._anchors.append(picture)

    def at(self, picture: int) -> Cue:
        """The group that begins here, or the one that would have begun before if this is no beginning of one."""
        item, first = self._on_air(picture)
        count = self.group_from(picture + 1) - picture
        return Cue(item, (picture - first) // FRAMES_PER_SLOT, picture, count)

    def group_from(self, picture: int) -> int:
        """Where a group begins, at `picture` or after it."""
        place = bisect_right(self._anchors, picture)
        begins = _in_rhythm(picture, self._anchors[place - 1])
        return min((begins, *self._anchors[place : place + 1]))

    def run(self, begin: int, until: int) -> Iterator[Cue]:
        """Group after group from `begin` on; the last one contains `until` or ends there."""
        while begin < until:
            cue = self.at(begin)
            yield cue
            begin = cue.ends

    @property
    def items(self) -> Sequence[Item]:
        """In order of their start."""
        return self._items

    def following(self, picture: int) -> Item | None:
        """The item that begins next after `picture`."""
        place = bisect_right(self._starts, picture)
        return self._items[place] if place < len(self._items) else None

    def _on_air(self, picture: int) -> tuple[Item | None, int]:
        """What is, and where it began."""
        for first, end, take in self._takes:
            if first <= picture < end:
                return take, first
        place = bisect_right(self._starts, picture) - 1
        if place < 0 or picture >= picture_from(self._items[place].ends_at):
            return None, 0
        return self._items[place], self._starts[place]

    def _changes(self) -> Iterator[int]:
        """Where items begin, and where there is none any more."""
        empty = 0
        for start, item in zip(self._starts, self._items, strict=True):
            if empty < start:
                yield empty
            yield start
            empty = _in_rhythm(picture_from(item.ends_at), 0)
        yield empty

    def _is_covered(self, picture: int) -> bool:
        """Whether something that lies over the plan began before `picture` and goes on there."""
        last = self._anchors[-1]
        return any(
            _in_rhythm(max(first, last), last) < picture < end for first, end, _ in self._takes
        )


def _in_rhythm(picture: int, anchor: int) -> int:
    """The first at `picture` or after it that is whole groups away from `anchor`."""
    return picture + (anchor - picture) % FRAMES_PER_SLOT
