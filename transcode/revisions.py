"""Where a position that was noted in one revision of a recording lies in another: cuts move what comes
after them, and whoever noted something earlier still means the same moment. Pure but for `read`.

A position is in milliseconds of the recording as one revision plays it. Between revisions it goes by
way of uncut time, which is that of revision 0: pauses take none of it, cuts all of theirs.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Final, Self

from transcode import contents, edition, shelf
from transcode.access_unit import VIDEO_TIMESCALE
from transcode.contents import Contents
from transcode.edition import Edition
from transcode.rungs import PROGRAMME
from transcode.segments import Segment

Span = tuple[int, int]  # [from, to) in milliseconds
_TICKS: Final = VIDEO_TIMESCALE // 1_000  # a millisecond


class Played:
    """The stretches of uncut time that one revision plays."""

    def __init__(self, spans: Iterable[Span]) -> None:
        """`spans` come in order and lie apart."""
        self._spans = [span for span in spans if span[0] < span[1]]
        self._begins = [begins for begins, _ in self._spans]
        lengths = (ends - begins for begins, ends in self._spans)
        self._before = list(accumulate(lengths, initial=0))

    @property
    def spans(self) -> Sequence[Span]:
        return self._spans

    @property
    def length(self) -> int:
        return self._before[-1]

    def uncut(self, position: int) -> int:
        """The uncut time of a position; at a cut that of what comes after it."""
        number = bisect_right(self._before, position, hi=len(self._spans)) - 1
        return self._begins[number] + position - self._before[number] if self._spans else position

    def uncut_spans(self, begins: int, ends: int) -> list[Span]:
        """What is played between two positions; in pieces if a cut lies between them."""
        number = max(0, bisect_right(self._before, begins) - 1)
        found: list[Span] = []
        while number < len(self._spans) and self._before[number] < ends:
            shift = self._begins[number] - self._before[number]
            first, last = max(begins, self._before[number]), min(ends, self._before[number + 1])
            found += [(first + shift, last + shift)] if first < last else []
            number += 1
        return found

    def position(self, uncut: int) -> int:
        """Where an uncut time is played; what is cut lies where the cut is."""
        number = bisect_right(self._begins, uncut) - 1
        if number < 0:
            return 0
        begins, ends = self._spans[number]
        return self._before[number] + min(uncut, ends) - begins


class Revisions:
    """All revisions of one recording. Built once, asked often."""

    def __init__(self, changed_at: Sequence[datetime], played: Mapping[int, Played]) -> None:
        """`changed_at` is when revision 1, 2 … were made; `played` lacks those without cuts."""
        self._changed_at = changed_at
        self._played = played
        self.newest = len(changed_at)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Of a recording's folder. Blocks on the disk, for longer where anything was ever cut."""
        editions = edition.read(folder)
        changed_at = [each.at for each in editions[1:] if each.at]
        cut = [each for each in editions if each.cuts]
        programme = contents.read(folder, PROGRAMME) if cut else Contents()
        played = {each.revision: _played(programme, each) for each in cut}
        return cls(changed_at, played)

    def at(self, moment: datetime) -> int:
        """The revision that was played then."""
        return bisect_right(self._changed_at, moment)

    def played(self, revision: int) -> Played | None:
        """What that revision plays; None if it cuts nothing."""
        return self._played.get(revision)

    def length(self, revision: int, uncut: int) -> int:
        """How long a revision is of a recording whose uncut time is so long."""
        played = self._played.get(revision)
        return played.length if played else uncut

    def uncut(self, position: int, revision: int) -> int:
        """The uncut time of what was at that position in that revision."""
        played = self._played.get(revision)
        return played.uncut(position) if played else position

    def position(self, position: int, revision: int) -> int:
        """Where the newest revision plays it."""
        if revision == self.newest:
            return position
        newest, uncut = self._played.get(self.newest), self.uncut(position, revision)
        return newest.position(uncut) if newest else uncut

    def uncut_spans(self, spans: Iterable[Span], revision: int) -> list[Span]:
        """The uncut time of what was played in these spans of that revision."""
        played = self._played.get(revision)
        return [
            piece
            for begins, ends in spans
            for piece in (played.uncut_spans(begins, ends) if played else [(begins, ends)])
        ]

    def spans(self, spans: Iterable[Span], revision: int) -> list[Span]:
        """Where the newest revision plays them, without what it cuts."""
        if revision == self.newest:
            return list(spans)
        newest, uncut = self._played.get(self.newest), self.uncut_spans(spans, revision)
        if newest is None:
            return uncut
        moved = [(newest.position(begins), newest.position(ends)) for begins, ends in uncut]
        return [(begins, ends) for begins, ends in moved if begins < ends]


UNCUT: Final = Revisions((), {})  # of what was never cut, or is not known here


def _played(programme: Contents, chosen: Edition) -> Played:
    """A revision's stretches, of the index alone."""
    whole = shelf.kept(programme).segments
    shown = shelf.shown(programme, chosen)
    starts = [segment.starts for segment in whole]
    before = list(accumulate((segment.duration for segment in whole), initial=0))
    return Played(_joined(_uncut(segment, starts, before) for segment in shown))


def _uncut(segment: Segment, starts: Sequence[int], before: Sequence[int]) -> Span:
    """In ticks; a segment that is cut short lies within the one that it was."""
    number = bisect_right(starts, segment.starts) - 1
    begins = before[number] + segment.starts - starts[number]
    return begins, begins + segment.duration


def _joined(spans: Iterable[Span]) -> list[Span]:
    """From ticks to milliseconds; rounded where a stretch ends, never within."""
    joined: list[Span] = []
    for begins, ends in spans:
        if joined and joined[-1][1] == begins:
            joined[-1] = (joined[-1][0], ends)
        else:
            joined.append((begins, ends))
    return [(begins // _TICKS, ends // _TICKS) for begins, ends in joined]
