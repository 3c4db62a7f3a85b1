"""Which layer of each picture a seat gets: by the size at which it is shown and by what fits. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

LARGEST: Final = 1 << 16
"""A height in pixels that no layer is too large for."""
_NEARLY: Final = 0.75  # a layer of so much of the wanted height is not seen to be smaller
_STAYING: Final = (
    0.85  # what the present layer counts for: paces waver, and a change costs a keyframe
)
_BARELY: Final = 0.25  # of its pace: with less than that even the first picture is not sent


@dataclass(frozen=True, slots=True)
class Option:
    """A layer as the choice needs it."""

    index: int
    rid: str
    height: int  # pixels; 0 while unknown
    bps: float
    is_awake: bool = True  # it is being sent now


@dataclass(frozen=True, slots=True)
class Want:
    """A picture that a seat receives, shown `height` pixels high; 0: not shown."""

    track: UUID
    height: int
    options: Sequence[Option]
    current: int | None = None  # the layer that is sent now

    def cost(self, option: Option) -> float:
        """Bits a second that the layer takes from the budget."""
        return option.bps * _STAYING if option.index == self.current else option.bps


@dataclass(frozen=True, slots=True)
class Choice:
    """What one picture gets: the layer to send now, and the one that would be right."""

    layer: Option | None
    ideal: Option | None


def sorted_by_size(options: Iterable[Option]) -> list[Option]:
    """The smallest first; layers not yet seen in the order of their offer."""
    return sorted(options, key=lambda one: (one.height, one.bps, one.index))


def share(wants: Sequence[Want], budget_bps: float | None) -> dict[UUID, Choice]:
    """Give every shown picture its least layer, the largest shown first, and then better ones.

    `budget_bps` None knows no limit. What is too much for the budget is left out, except the first
    picture: that is sent as long as it might get through.
    """
    shown = sorted((want for want in wants if want.height > 0), key=lambda want: -want.height)
    ideals = {want.track: _fitting(want) for want in shown}
    chosen: dict[UUID, Option] = {}
    left = float("inf") if budget_bps is None else budget_bps
    for want in shown:
        least = _awake(want)[0]
        if want.cost(least) <= left or (not chosen and least.bps * _BARELY <= left):
            chosen[want.track] = least
            left -= want.cost(least)
    for want in shown:
        if want.track in chosen:
            room = left + want.cost(chosen[want.track])
            better = _best(want, ideals[want.track], room)
            if better is not None:
                left = room - want.cost(better)
                chosen[want.track] = better
    return {want.track: Choice(chosen.get(want.track), ideals.get(want.track)) for want in wants}


def next_step(wants: Sequence[Want], chosen: Mapping[UUID, Choice]) -> float | None:
    """The budget in which one picture would be one layer better; None when all are ideal."""
    total = sum(one.layer.bps for one in chosen.values() if one.layer is not None)
    steps = [step for want in wants if (step := _step(want, chosen[want.track])) is not None]
    return total + min(steps) if steps else None


def _step(want: Want, choice: Choice) -> float | None:
    if choice.ideal is None or choice.layer == choice.ideal:
        return None
    options = [one for one in sorted_by_size(want.options) if one.bps <= choice.ideal.bps]
    if choice.layer is None:
        return options[0].bps if options else None
    better = [one for one in options if one.bps > choice.layer.bps]
    return better[0].bps - choice.layer.bps if better else None


def _fitting(want: Want) -> Option:
    """The smallest layer that fills the place it is shown in."""
    options = sorted_by_size(want.options)
    enough = (one for one in options if one.height >= want.height * _NEARLY)
    return next(enough, options[-1])


def _awake(want: Want) -> list[Option]:
    options = sorted_by_size(want.options)
    return [one for one in options if one.is_awake] or options


def _best(want: Want, ideal: Option, budget: float) -> Option | None:
    """The largest layer up to the ideal one that fits."""
    largest = (ideal.height, ideal.bps, ideal.index)
    fits = [
        one
        for one in _awake(want)
        if want.cost(one) <= budget and (one.height, one.bps, one.index) <= largest
    ]
    return fits[-1] if fits else None
