"""The writing end of one rendition: stored first, then noted, then told to its viewers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec

from transcode import contents
from transcode.contents import Contents
from transcode.index import EndNoted, InitNoted, PartNoted, Record, SegmentNoted, SkippedNoted
from transcode.packager import InitMade, PartCut
from transcode.segments import Init, Part, Stretch
from transcode.store import MemoryStore, Store, media_file
from transcode.window import Window


class Post(Protocol):
    """Runs the call on the event loop, soon, in order."""

    def __call__(self, call: Callable[[], None], /) -> object: ...


class Rendition:
    """Packager thread only. A full disk is told once, and it goes on in memory."""

    def __init__(
        self,
        store: Store,
        window: Window,
        post: Post,
        on_fault: Callable[[OSError], None],
    ) -> None:
        self.window = window
        self._store = store
        self._post = post
        self._on_fault = on_fault
        self._unkept = MemoryStore()
        self._inits = window.next_init
        self._segments = window.next_msn
        self._discontinuities = window.discontinuities
        self._opened: SegmentNoted | None = None
        self._parts: list[PartNoted] = []  # of the open segment
        self._held = Contents(list(window.inits.values()), list(window.segments))
        self.has_begun = bool(window.inits)  # it holds anything, perhaps from before a crash
        self.is_kept = True  # else it is shown and noted, but not written

    def begin_file(self, store: Store) -> None:
        """What was in memory alone is kept from here on; no segment may be open."""
        self._store, self._held = store, Contents()
        if self._segments:
            self._note(SkippedNoted(self._segments, self._discontinuities))

    def add_init(self, made: InitMade) -> Init:
        """Store an initialization segment."""
        stretch = self._append(made.data)
        return self._number(Init(0, made.codec, made.width, made.height, stretch, made.data))

    def adopt_init(self, init: Init) -> Init:
        """Use one that another rendition stored."""
        return self._number(replace(init, is_adopted=True))

    def open_segment(self, starts: int, init: Init, *, is_after_gap: bool = False) -> None:
        if self._opened:
            self.close_segment(starts)
        self._opened = SegmentNoted(starts, init.number, is_after_gap)
        self._discontinuities += is_after_gap
        self._note(self._opened)
        window = self.window
        self._post(
            lambda: window.open_segment(starts, init.number, is_after_gap=is_after_gap),
        )

    def add(self, cut: PartCut) -> Part:
        """Store a part."""
        stretch = self._append(cut.data)
        part = Part(
            cut.starts,
            cut.duration,
            cut.frames,
            cut.is_independent,
            stretch=stretch,
            data=cut.data,
            is_final=cut.is_final,
        )
        self.refer(part)
        return part

    def refer(self, part: Part) -> None:
        """Take a part that is stored, perhaps by another rendition."""
        at = part.stretch
        noted = PartNoted(
            part.starts,
            part.duration,
            part.frames,
            part.is_independent,
            at.file,
            at.offset,
            at.size,
        )
        self._parts.append(noted)
        self._note(noted)
        self._post(lambda: self.window.add_part(part))

    def close_segment(self, ends: int) -> None:
        if not self._opened:
            return
        opened, parts = self._opened, self._parts
        self._opened, self._parts = None, []
        self._note_end(opened, parts, ends)
        self._post(lambda: self.window.close_segment(ends))
        if parts:
            if self._store.is_kept:
                self._held.segments.append(contents.segment(self._segments, opened, parts, ends))
            self._segments += 1

    @property
    def held(self) -> Contents:
        """What the files hold, as long as none of them failed: as if it were read from them."""
        return self._held

    def give_up_file(self) -> None:
        """Go on in memory."""
        if self._store.is_kept:
            self._store.close()
            self._store = MemoryStore()

    def sync(self) -> None:
        """From any thread, but not after `close`."""
        self._store.sync()

    def close(self) -> None:
        self._store.close()

    def _number(self, made: Init) -> Init:
        init, at = replace(made, number=self._inits), made.stretch
        self._inits += 1
        self.has_begun = True
        if self._store.is_kept:
            self._held.inits.append(init)
        self._note(
            InitNoted(init.number, init.codec, init.width, init.height, at.file, at.offset, at.size)
        )
        self._post(lambda: self.window.add_init(init))
        return init

    def _append(self, data: bytes) -> Stretch:
        if not self.is_kept:
            return self._unkept.append(data)
        try:
            return self._store.append(data)
        except OSError as error:
            self._on_fault(error)  # calls give_up_file
            return self._store.append(data)

    def _note_end(self, opened: SegmentNoted, parts: Sequence[PartNoted], ends: int) -> None:
        """Of a segment that began with `opened` and has these parts."""
        self._note(EndNoted(ends))

    def _note(self, record: Record) -> None:
        try:
            self._store.note(record)
        except OSError as error:
            self._on_fault(error)


class RungRendition(Rendition):
    """Notes whole segments, and only those of its own: the others are noted with the programme."""

    def _note(self, record: Record) -> None:
        if not isinstance(record, SegmentNoted | PartNoted):
            super()._note(record)

    def _note_end(self, opened: SegmentNoted, parts: Sequence[PartNoted], ends: int) -> None:
        own = media_file(self.window.name)
        noted = [part for part in parts if part.file == own]
        if noted:
            whole = msgspec.structs.replace(
                noted[0],
                duration=ends - noted[0].starts,
                frames=sum(part.frames for part in noted),
                size=noted[-1].offset + noted[-1].size - noted[0].offset,
            )
            for record in (opened, whole, EndNoted(ends)):
                super()._note(record)
