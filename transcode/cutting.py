"""Which segments of a recording are played: those that were written and are not cut out. Pure.

A picture can only begin with a key frame, so what is left begins with the first segment after a cut:
up to a segment more is lost than was marked, and of what was marked nothing is shown. Elsewhere it
is exact to a part. Sound follows the picture, and overlaps it by less than a part on either side: a
player would stop at a hole.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Final

from transcode.segments import Part, Segment, Stretch

PartsOf = Callable[[Segment], Sequence[Part]]
_NEAR: Final = Fraction(1, 10)  # seconds that a mark may lie behind the key frame that it means


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds since the epoch."""

    starts: Fraction
    ends: Fraction


def written(segments: Iterable[Segment]) -> list[Segment]:
    """Those with bytes in a file. The first after others that have none comes after a gap."""
    left: list[Segment] = []
    is_after_gap = False
    for segment in segments:
        if not segment.stretch.is_kept:
            is_after_gap = bool(left)
            continue
        left.append(replace(segment, is_after_gap=True) if is_after_gap else segment)
        is_after_gap = False
    return left


def without(
    segments: Sequence[Segment], cuts: Sequence[Span], timescale: int, parts: PartsOf
) -> list[Segment]:
    """Pictures without what is cut; each run begins with a segment."""
    left: list[Segment] = []
    for segment in segments:
        starts, ends = Fraction(segment.starts, timescale), Fraction(segment.ends, timescale)
        if any(cut.starts <= starts < cut.ends - _NEAR for cut in cuts):
            continue
        until = min((cut.starts for cut in cuts if starts < cut.starts < ends), default=ends)
        whole = parts(segment) if until < ends else ()
        some = [part for part in whole if part.ends <= until * timescale]
        if until == ends:
            left.append(segment)
        elif some:
            left.append(_of(segment, some))
    return _marked(left)


def within(
    segments: Sequence[Segment], spans: Sequence[Span], timescale: int, parts: PartsOf
) -> list[Segment]:
    """Sound that covers these spans, and less than a part more."""
    left: list[Segment] = []
    for span in spans:
        starts, ends = span.starts * timescale, span.ends * timescale
        for segment in segments:
            if segment.ends <= starts or segment.starts >= ends:
                continue
            if starts <= segment.starts and segment.ends <= ends:
                left.append(segment)
                continue
            some = [each for each in parts(segment) if each.ends > starts and each.starts < ends]
            left += [_of(segment, some)] if some else []
    return _marked(left)


def spans(segments: Sequence[Segment], timescale: int) -> list[Span]:
    """The runs without a gap."""
    runs: list[list[Segment]] = []
    for segment in segments:
        if runs and runs[-1][-1].ends == segment.starts:
            runs[-1].append(segment)
        else:
            runs.append([segment])
    return [
        Span(Fraction(run[0].starts, timescale), Fraction(run[-1].ends, timescale)) for run in runs
    ]


def _of(segment: Segment, parts: Sequence[Part]) -> Segment:
    """A run of parts of the segment as one."""
    first, last = parts[0], parts[-1]
    offset = first.stretch.offset
    return replace(
        segment,
        starts=first.starts,
        duration=last.ends - first.starts,
        frames=sum(part.frames for part in parts),
        stretch=Stretch(first.stretch.file, offset, last.stretch.end - offset),
    )


def _marked(segments: list[Segment]) -> list[Segment]:
    """With a gap wherever one does not begin where the one before ends."""
    return segments[:1] + [
        replace(after, is_after_gap=True) if before.ends != after.starts else after
        for before, after in pairwise(segments)
    ]
