"""One rendition as its viewers see it: its segments, its live edge, who waits for more.

Event loop only. The packager thread sends each change through `call_soon_threadsafe`.
"""

import asyncio
import gzip
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import timedelta
from fractions import Fraction
from hashlib import blake2b
from operator import attrgetter
from typing import Final

from transcode import playlist, rungs
from transcode.contents import Contents
from transcode.cutting import written
from transcode.open_segment import OpenSegment
from transcode.playlist import ByteRanges, OwnFiles, Report, Timeline, Variant
from transcode.segments import Init, Part, Segment

_DATA_KEPT: Final = 2 * playlist.SKIP_BOUNDARY  # seconds from the edge, in memory
_GZIP_LEVEL: Final = 4
_NUMBER: Final = attrgetter("msn")


class Rendered:
    """A playlist as bytes, made once for all who wait for it; gzipped once, when asked."""

    def __init__(self, text: str) -> None:
        self.plain = text.encode()
        self.answers: dict[bool, bytes] = {}  # for whoever sends it, zipped or not, with headers
        self._gzipped: bytes | None = None
        self._tag = ""

    @property
    def gzipped(self) -> bytes:
        if self._gzipped is None:
            self._gzipped = gzip.compress(self.plain, _GZIP_LEVEL, mtime=0)
        return self._gzipped

    @property
    def tag(self) -> str:
        """Another text has another one."""
        if not self._tag:
            self._tag = blake2b(self.plain, digest_size=9).hexdigest()
        return self._tag


class Window:
    """All segments of a recorded rendition; the last minutes of one that is not recorded."""

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        part_target: Fraction,
        span: timedelta | None = None,
        *,
        first: int = 0,
        discontinuities: int = 0,
    ) -> None:
        """`first`: where segments and initialization segments are counted from."""
        self.name = name
        self.timeline = timeline
        self.siblings: tuple[Window, ...] = ()
        self.inits: dict[int, Init] = {}
        self.segments: list[Segment] = []
        self.is_ended = False
        self.reads = 0  # of the live playlist
        self.watchers: set[Callable[[], None]] = set()  # called whenever it has changed
        self.played: Sequence[Segment] | None = None  # of a recording that was edited
        self._addresses = OwnFiles(name)
        self._part_target = part_target
        self._span = span
        self._is_lower = rungs.is_lower(name)
        self._first = first
        self._discontinuities = discontinuities  # before the first that is listed
        self._listed = 0  # index of that segment: numbers that were skipped lie before it
        self._is_independent = True
        self._open: OpenSegment | None = None
        self._parts: dict[int, tuple[Part, ...]] = {}
        self._texts: list[str] = []
        self._rendered: dict[bool, Rendered] = {}
        self._recorded: Rendered | None = None
        self._marks = ""
        self._measured: tuple[tuple[int, int], Variant | None] | None = None
        self._grown = asyncio.Event()

    # what happened, in order

    def add_init(self, init: Init) -> None:
        self.inits[init.number] = init

    def open_segment(self, starts: int, init: int, *, is_after_gap: bool) -> None:
        if self._open:
            self.close_segment(starts)
        self._open = OpenSegment(self.next_msn, starts, init, is_after_gap)

    def add_part(self, part: Part) -> None:
        assert self._open
        self._open.parts.append(part)
        self._wake()

    def close_segment(self, ends: int) -> None:
        """The open segment lasts until `ends`; without parts it never was."""
        opened, self._open = self._open, None
        if opened and opened.parts:
            self._append(opened.closed(ends), tuple(opened.parts))
            self._wake()

    def limit(self, span: timedelta | None) -> None:
        """From now on only the last `span` can be seen: it is not kept any more; None: it is."""
        self._span = span

    def restore(self, held: Contents) -> None:
        """Begin with what was recorded earlier. Where numbers were skipped, the live playlist begins
        behind that, since it can't tell of it; the recording has all."""
        self._first = held.skipped.segments
        self.inits = {init.number: init for init in held.inits}
        self.segments = list(held.segments)
        self._is_independent = all(segment.is_independent for segment in self.segments)
        self._listed = bisect_left(self.segments, self._first, key=_NUMBER)
        before = sum(segment.is_after_gap for segment in self.segments[: self._listed])
        self._discontinuities = max(held.skipped.discontinuities, before)
        self._wake()

    def spell_out(self) -> None:
        """Make the text of what was restored, from any thread; else it is made when it is asked for."""
        missing = range(len(self._texts), len(self.segments))
        self._texts += [self._text_of(index) for index in missing]

    def end(self) -> None:
        """Nothing will come any more."""
        if self._open:
            parts = self._open.parts
            self.close_segment(parts[-1].ends if parts else self._open.starts)
        self.is_ended = True
        self._wake()

    # what is there

    @property
    def next_msn(self) -> int:
        return max(self._first, self.segments[-1].msn + 1 if self.segments else 0)

    @property
    def next_init(self) -> int:
        return max(self._first, *(number + 1 for number in self.inits), 0)

    @property
    def discontinuities(self) -> int:
        """That came so far."""
        return self._discontinuities + sum(segment.is_after_gap for segment in self.listed)

    @property
    def discontinuities_before(self) -> int:
        """That came before the first segment that is listed."""
        return self._discontinuities

    @property
    def listed(self) -> Sequence[Segment]:
        """The segments of the live playlist, which have consecutive numbers."""
        return self.segments[self._listed :] if self._listed else self.segments

    @property
    def has_listed(self) -> bool:
        return len(self.segments) > self._listed

    @property
    def edge(self) -> int:
        """Ticks at which the last part ends."""
        if self._open and self._open.parts:
            return self._open.parts[-1].ends
        return self.segments[-1].ends if self.segments else 0

    @property
    def is_empty(self) -> bool:
        return not self.segments and not (self._open and self._open.parts)

    def segment(self, msn: int) -> Segment | None:
        index = bisect_left(self.segments, msn, key=_NUMBER)
        found = self.segments[index] if index < len(self.segments) else None
        return found if found and found.msn == msn else None

    def parts(self, msn: int) -> Sequence[Part] | None:
        """The parts of a segment near the edge, with their bytes."""
        if self._open and self._open.msn == msn:
            return self._open.parts
        return self._parts.get(msn)

    def init_of(self, msn: int) -> Init | None:
        """The initialization segment of a segment that is listed or still grows."""
        if self._open and self._open.msn == msn:
            return self.inits[self._open.init]
        segment = self.segment(msn)
        return self.inits[segment.init] if segment else None

    def lists(self, msn: int, part: int | None = None) -> bool:
        """True if the playlist holds that part, or that whole segment, or what comes after it: a part
        beyond a segment's last is the first of the next (RFC 8216bis 6.2.5.2)."""
        parts = self._parts.get(msn, ())
        is_beyond = part is not None and 0 < len(parts) <= part
        return self.has(msn + 1, 0) if is_beyond else self.has(msn, part)

    def has(self, msn: int, part: int | None = None) -> bool:
        """True if that part, or that whole segment, is there, or past."""
        if msn < self.next_msn:
            return bool(self.segments)  # else it was there before a restart
        return bool(
            part is not None
            and self._open
            and self._open.msn == msn
            and len(self._open.parts) > part
        )

    async def reach(self, msn: int, part: int | None, patience: timedelta) -> bool:
        """Wait until `has(msn, part)` or the end; False when `patience` runs out."""
        return await self._wait(lambda: self.has(msn, part), patience)

    async def reach_listed(self, msn: int, part: int | None, patience: timedelta) -> bool:
        """Wait until `lists(msn, part)` or the end; False when `patience` runs out."""
        return await self._wait(lambda: self.lists(msn, part), patience)

    async def _wait(self, is_there: Callable[[], bool], patience: timedelta) -> bool:
        try:
            async with asyncio.timeout(patience.total_seconds()):
                while not is_there() and not self.is_ended:
                    await self._grown.wait()
        except TimeoutError:
            return False
        return True

    async def begin(self, patience: timedelta) -> bool:
        """Wait for the first whole segment; False when `patience` runs out.

        hls.js takes a playlist that has parts only for an empty one.
        """
        await self._wait(lambda: self.has_listed, patience)
        return self.has_listed

    # as text

    def live(self, *, can_skip: bool = False) -> Rendered:
        """The playlist with the live edge; `can_skip` leaves out what the client knows."""
        self.reads += 1
        rendered = self._rendered.get(can_skip)
        if rendered is None:
            rendered = self._rendered[can_skip] = Rendered(self._text(can_skip=can_skip))
        return rendered

    def mark(self, marks: str) -> None:
        """Put these lines into the playlist of the recording (`transcode.marks`)."""
        self._marks, self._recorded = marks, None

    def recorded(self) -> Rendered:
        """The playlist of byte ranges of the recording's files. Once it is ended."""
        if self._recorded is None:
            segments = written(self.segments) if self.played is None else self.played
            form = self.inits, self.timeline, ByteRanges(), self._marks
            self._recorded = Rendered(playlist.recorded(segments, *form))
        return self._recorded

    @property
    def is_listed(self) -> bool:
        """False of a lower rung that has nothing of its own."""
        return not self._is_lower or any(not init.is_adopted for init in self.inits.values())

    def variant(self) -> Variant | None:
        """None while there is nothing to say; the size of a lower rung is that of its own pictures."""
        if not self.is_listed:
            return None
        known = len(self.inits), self.next_msn
        if self._measured is None or self._measured[0] != known:
            inits, ticks = self.inits.values(), self.timeline.timescale
            made = playlist.variant(self.segments, inits, ticks, is_lower=self._is_lower)
            self._measured = known, made
        return self._measured[1]

    def report(self) -> Report | None:
        if self._open and self._open.parts:
            return Report(self.name, self._open.msn, len(self._open.parts) - 1)
        if not self.has_listed:
            return None
        last = self.segments[-1].msn
        parts = self._parts.get(last)
        return Report(self.name, last, len(parts) - 1 if parts else None)

    def _text(self, *, can_skip: bool) -> str:
        self.spell_out()
        begins = self._listed
        listed_whole = max(begins, self._first_after(playlist.PARTS_SPAN))
        known = max(begins, self._first_after(playlist.SKIP_BOUNDARY)) if can_skip else begins
        first = self.segments[begins].msn if self.has_listed else self.next_msn
        return "".join(
            (
                playlist.header(first, self._discontinuities, is_independent=self._is_independent),
                playlist.server_control(self._part_target),
                playlist.skipped(known - begins) if known > begins else "",
                *self._texts[known:listed_whole],
                *(self._entry(index) for index in range(listed_whole, len(self.segments))),
                self._tail(),
            )
        )

    def _tail(self) -> str:
        if self.is_ended:
            return "#EXT-X-ENDLIST\n"
        reports = filter(None, (sibling.report() for sibling in self.siblings if sibling.is_listed))
        return self._open_entry() + playlist.rendition_reports(reports)

    def _open_entry(self) -> str:
        opened = self._open
        if not opened:
            return ""
        tags = playlist.opening(
            opened.starts,
            self._changed_init(opened.init, len(self.segments)),
            self.timeline,
            self._addresses,
            is_after_gap=opened.is_after_gap,
        )
        lines = playlist.part_lines(opened.msn, opened.parts, self.timeline, self._addresses)
        if opened.parts and opened.parts[-1].is_final:
            return tags + lines  # that the next part begins another segment is known, and no more
        address = self._addresses.part(opened.msn, len(opened.parts))
        return tags + lines + playlist.hint(address)

    def _entry(self, index: int) -> str:
        """A whole segment near the edge, with its parts."""
        segment = self.segments[index]
        parts = self._parts.get(segment.msn, ())
        init = self._changed_init(segment.init, index)
        lines = playlist.part_lines(segment.msn, parts, self.timeline, self._addresses)
        return playlist.entry(segment, init, self.timeline, self._addresses, lines)

    def _changed_init(self, number: int, index: int) -> Init | None:
        """The init of the segment at `index`, if the one before has another."""
        is_same = index > 0 and self.segments[index - 1].init == number
        return None if is_same else self.inits[number]

    def _first_after(self, seconds: int) -> int:
        """Index of the first segment that ends less than `seconds` before the edge."""
        limit = self.edge - seconds * self.timeline.timescale
        index = len(self.segments)
        while index and self.segments[index - 1].ends > limit:
            index -= 1
        return index

    # keeping

    def _append(self, segment: Segment, parts: tuple[Part, ...]) -> None:
        self._list(segment)
        self._parts[segment.msn] = parts
        self._forget()

    def _list(self, segment: Segment) -> None:
        self.spell_out()
        self._is_independent = self._is_independent and segment.is_independent
        self.segments.append(segment)
        self._texts.append(self._text_of(len(self.segments) - 1))

    def _text_of(self, index: int) -> str:
        segment = self.segments[index]
        init = self._changed_init(segment.init, index)
        is_lost = self._span is None and not segment.stretch.is_kept
        return playlist.entry(segment, init, self.timeline, self._addresses, is_lost=is_lost)

    def _forget(self) -> None:
        """Drop bytes that the file has, and segments that only memory had."""
        if self._span:
            old = self._first_after(int(self._span.total_seconds()))
            self._slide(min(old, len(self.segments) - 1))
        elif not self.segments[0].stretch.is_kept:  # shown before it began to be kept
            old = self._first_after(playlist.PARTS_SPAN)
            self._slide(next((n for n in range(old) if self.segments[n].stretch.is_kept), old))
        kept = _DATA_KEPT + (2 * int(self._span.total_seconds()) if self._span else 0)
        limit = self.edge - kept * self.timeline.timescale
        for msn in [msn for msn, parts in self._parts.items() if parts[-1].ends < limit]:
            del self._parts[msn]

    def _slide(self, count: int) -> None:
        """The first `count` segments leave the playlist; their bytes stay a while."""
        if not count:
            return
        gone = self.segments[self._listed : count]
        self._discontinuities += sum(segment.is_after_gap for segment in gone)
        self._listed = max(0, self._listed - count)
        del self.segments[:count], self._texts[:count]
        if self.segments:
            first = self.segments[0]
            init = self.inits[first.init]
            self._texts[0] = playlist.entry(first, init, self.timeline, self._addresses)

    def _wake(self) -> None:
        self._rendered.clear()
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()
        for watcher in tuple(self.watchers):
            watcher()
