"""The programme's rungs: what they are called, and a lower one beside the best. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from transcode.access_unit import Rung
from transcode.segments import Init, Segment

PROGRAMME: Final = "programme"
LOWER: Final[Mapping[Rung, str]] = {rung: f"{PROGRAMME}-{rung}" for rung in (Rung.MID, Rung.LOW)}
"""The renditions of the lower rungs, the larger first."""


def is_lower(name: str) -> bool:
    return name in LOWER.values()


def beside(
    programme: Iterable[Segment],
    inits: Iterable[Init],
    own: Sequence[Segment],
    own_inits: Iterable[Init],
) -> list[Segment]:
    """The segments of a lower rung beside those of the programme: at the same times, its own where it has
    one that begins and ends with the programme's, else the programme's. Empty if it cannot know of
    them: it is of a time without rungs."""
    places = {init.stretch: init.number for init in own_inits}
    numbers = {init.number: places.get(init.stretch) for init in inits}
    spans = {(segment.starts, segment.ends): segment for segment in own}
    rung: list[Segment] = []
    for segment in programme:
        mine = spans.get((segment.starts, segment.ends))
        number = numbers[segment.init]
        if mine and mine.stretch.is_kept == segment.stretch.is_kept:
            is_after_gap = segment.is_after_gap
            rung.append(replace(mine, msn=segment.msn, is_after_gap=is_after_gap))
        elif number is None:
            return []
        else:
            rung.append(replace(segment, init=number))
    return rung
