"""The segment of a rendition that still grows, as its viewers see it."""

from dataclasses import dataclass, field

from transcode.segments import Part, Segment, Stretch


@dataclass(slots=True)
class OpenSegment:
    """Event loop only."""

    msn: int
    starts: int
    init: int
    is_after_gap: bool
    parts: list[Part] = field(default_factory=list)

    def closed(self, ends: int) -> Segment:
        """As a whole, until `ends`. It has parts."""
        first, last = self.parts[0], self.parts[-1]
        offset = first.stretch.offset
        return Segment(
            msn=self.msn,
            starts=self.starts,
            duration=max(ends - self.starts, 1),
            init=self.init,
            is_after_gap=self.is_after_gap,
            is_independent=first.is_independent,
            frames=sum(part.frames for part in self.parts),
            stretch=Stretch(first.stretch.file, offset, last.stretch.end - offset),
        )
