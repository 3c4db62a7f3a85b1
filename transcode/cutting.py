"""Which segments of a recording are played: those that were written. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from transcode.segments import Segment


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
