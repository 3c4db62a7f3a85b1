"""What taps get of a track: its best layer, and beside it smaller ones if they are wanted."""

from collections.abc import Sequence

from live.layers import Option, sorted_by_size
from live.leg import NO_LAYER
from transcode.access_unit import Rung


class Followers:
    """Which layer each rung follows, and how its packets are numbered."""

    def __init__(self, target: int, highest: int = 0) -> None:
        self.best = Follower(target, highest)
        self._lower: dict[Rung, Follower] = {}

    def numbers(self, layer: int, sequence: int, *, is_key: bool) -> list[tuple[Rung, int]]:
        """For whom a packet is, and its number there."""
        found: list[tuple[Rung, int]] = []
        number = self.best.number(layer, sequence, is_key=is_key)
        if number is not None:
            found.append((Rung.BEST, number))
        for rung, follower in self._lower.items():
            number = follower.number(layer, sequence, is_key=is_key)
            if number is not None:
                found.append((rung, number))
        return found

    def hold(self, layer: int) -> None:
        """Nothing more of this layer before its next keyframe."""
        for follower in (self.best, *self._lower.values()):
            follower.hold(layer)

    def aim_lower(self, options: Sequence[Option]) -> None:
        """Follow these layers, the smallest first, one a rung."""
        for rung in (Rung.LOW, Rung.MID):
            option = lower(options).get(rung)
            follower = self._lower.setdefault(rung, Follower(NO_LAYER))
            if option is None:
                follower.rest()
            else:
                follower.aim(option.index)


def lower(options: Sequence[Option]) -> dict[Rung, Option]:
    """The layers of the lower rungs: of those whose size is known all but the largest."""
    smaller = [option for option in sorted_by_size(options) if option.height][:-1]
    rungs = {Rung.LOW: smaller[:1], Rung.MID: smaller[1:][-1:]}
    return {rung: found[0] for rung, found in rungs.items() if found}


class Follower:
    """One layer at a time, renumbered so that a change-over leaves no gap."""

    def __init__(self, target: int, highest: int = 0) -> None:
        self.highest = highest
        self._target = target
        self._accepts = NO_LAYER
        self._shift = 0

    def aim(self, layer: int) -> bool:
        """Change over at the layer's next keyframe; whether that is news."""
        is_news = layer != self._target
        self._target = layer
        return is_news

    def rest(self) -> None:
        """Follow nothing."""
        self._target = self._accepts = NO_LAYER

    def hold(self, layer: int) -> None:
        if self._accepts == layer:
            self._accepts = NO_LAYER

    def number(self, layer: int, sequence: int, *, is_key: bool) -> int | None:
        """The number of a packet that is followed."""
        if layer != self._accepts:
            if layer != self._target or not is_key:
                return None
            self._accepts = layer
            self._shift = self.highest + 1 - sequence
        number = (sequence + self._shift) & 0xFFFF
        if (number - self.highest) & 0xFFFF < 0x8000:
            self.highest = number
        return number
