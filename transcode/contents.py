"""What is on disk of one rendition: its index as values."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import assert_never

from transcode.index import EndNoted, InitNoted, PartNoted, Record, SegmentNoted, SkippedNoted
from transcode.segments import Init, Part, Segment, Stretch
from transcode.store import media_file, read_index, read_stretch


@dataclass(slots=True)
class Contents:
    """The initialization segments and segments of a rendition, in order."""

    inits: list[Init] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    skipped: SkippedNoted = field(default_factory=lambda: SkippedNoted(0))  # noted last
    noted: dict[int, list[PartNoted]] = field(default_factory=dict)  # by sequence number

    @property
    def next_msn(self) -> int:
        """The number of the segment that comes next."""
        return max(self.skipped.segments, self.segments[-1].msn + 1 if self.segments else 0)

    def parts(self, msn: int) -> list[Part]:
        """Of that segment, without data. Made when asked for: six hours have a hundred thousand."""
        return [_part(part) for part in self.noted[msn]]

    @property
    def ends(self) -> int:
        """Ticks at which the last segment ends; 0 if there is none."""
        return self.segments[-1].ends if self.segments else 0


def read(folder: Path, name: str) -> Contents:
    """As far as index and media agree."""
    return of(read_index(folder, name), folder, name)


def of(records: Iterable[Record], folder: Path, name: str) -> Contents:
    """What these records of its index stand for, as far as the media is there."""
    contents = Contents()
    sizes: dict[str, int] = {}
    for noted, parts, ends in _runs(records, contents, folder):
        if not _is_there(folder, parts[-1], sizes):  # what was written before it is there, too
            break
        msn = contents.next_msn
        contents.segments.append(segment(msn, noted, parts, ends))
        contents.noted[msn] = parts
    own = media_file(name)
    contents.inits = [replace(init, is_adopted=init.stretch.file != own) for init in contents.inits]
    return contents


_Run = tuple[SegmentNoted, list[PartNoted], int]


def _runs(records: Iterable[Record], contents: Contents, folder: Path) -> Iterable[_Run]:
    """Each segment with its parts and its end; inits and skips are read on the way."""
    noted: SegmentNoted | None = None
    parts: list[PartNoted] = []
    ends: int | None = None
    for record in records:
        match record:
            case PartNoted():  # most are
                parts.append(record)
            case InitNoted():
                contents.inits.append(_init(folder, record))
            case EndNoted():
                ends = record.ends
            case SegmentNoted() | SkippedNoted():
                yield from _whole(noted, parts, ends)
                noted, parts, ends = _begun(record, contents), [], None
            case _:
                assert_never(record)
    yield from _whole(noted, parts, ends)


def _whole(noted: SegmentNoted | None, parts: list[PartNoted], ends: int | None) -> Iterator[_Run]:
    if noted and parts:
        yield noted, parts, _end(parts, ends)


def _begun(record: SegmentNoted | SkippedNoted, contents: Contents) -> SegmentNoted | None:
    if isinstance(record, SegmentNoted):
        return record
    contents.skipped = record
    return None


def _end(parts: list[PartNoted], ends: int | None) -> int:
    """Without a note the recorder died before the segment's end: its last part tells."""
    return parts[-1].starts + parts[-1].duration if ends is None else ends


def segment(msn: int, noted: SegmentNoted, parts: Sequence[PartNoted], ends: int) -> Segment:
    """The segment that these records stand for; at least one part."""
    first, last = parts[0], parts[-1]
    return Segment(
        msn=msn,
        starts=noted.starts,
        duration=max(ends - noted.starts, 1),
        init=noted.init,
        is_after_gap=noted.is_after_gap,
        is_independent=first.is_independent,
        frames=sum(part.frames for part in parts),
        stretch=Stretch(first.file, first.offset, last.offset + last.size - first.offset),
    )


def _part(noted: PartNoted) -> Part:
    stretch = Stretch(noted.file, noted.offset, noted.size)
    return Part(noted.starts, noted.duration, noted.frames, noted.is_independent, stretch, b"")


def _init(folder: Path, record: InitNoted) -> Init:
    stretch = Stretch(record.file, record.offset, record.size)
    data = read_stretch(folder, stretch) if stretch.is_kept else b""
    return Init(record.number, record.codec, record.width, record.height, stretch, data)


def _is_there(folder: Path, part: PartNoted, sizes: dict[str, int]) -> bool:
    return not part.file or part.offset + part.size <= _size(folder, part.file, sizes)


def _size(folder: Path, file: str, known: dict[str, int]) -> int:
    if file not in known:
        path = folder / file
        known[file] = path.stat().st_size if path.exists() else 0
    return known[file]
