"""What a channel shows in each slot of 0.96 s: a pure function of the plan.

The plan reaches the channel process as a JSON file, replaced whole; nothing else does.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from transcode.house import slot_from


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
    """What is meant to be shown in one slot: the `index`-th slot of `item`; no item means the slate."""

    item: Item | None
    index: int = 0


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
    """A plan, ready to be asked slot by slot.

    An item begins with the first slot that starts at its time or after it (so at most 0.96 s late) and
    gives way where the next one begins. Its position follows the clock alone: who starts late, or again,
    joins where the programme is by now, and two nodes with the same plan show the same.
    """

    def __init__(self, plan: Plan) -> None:
        self._items: Sequence[Item] = sorted(plan.items, key=lambda item: item.starts_at)
        self._starts = [slot_from(item.starts_at) for item in self._items]
        self._takes = [
            (slot_from(take.starts_at), slot_from(take.ends_at), take)
            for take in reversed((*plan.overruns, *plan.takes))
        ]

    def at(self, slot: int) -> Cue:
        for first, end, take in self._takes:
            if first <= slot < end:
                return Cue(take, slot - first)
        place = bisect_right(self._starts, slot) - 1
        if place < 0 or slot >= slot_from(self._items[place].ends_at):
            return Cue(None)
        return Cue(self._items[place], slot - self._starts[place])

    @property
    def items(self) -> Sequence[Item]:
        """In order of their start."""
        return self._items

    def following(self, slot: int) -> Item | None:
        """The item that begins next after `slot`."""
        place = bisect_right(self._starts, slot)
        return self._items[place] if place < len(self._items) else None
