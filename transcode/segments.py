"""What a rendition is made of: stretches of a growing file, grouped in parts and segments."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of bytes of one file in the recording's folder."""

    file: str
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size

    @property
    def is_kept(self) -> bool:
        """False for bytes that were shown and never written."""
        return bool(self.file)


@dataclass(frozen=True, slots=True)
class Init:
    """An initialization segment. A rendition may need several, one after another."""

    number: int
    codec: str  # RFC 6381
    width: int  # 0 for sound
    height: int
    stretch: Stretch
    data: bytes
    is_adopted: bool = False  # another rendition stored it


@dataclass(frozen=True, slots=True)
class Part:
    """A partial segment: one fragment."""

    starts: int  # ticks since the epoch
    duration: int  # ticks
    frames: int
    is_independent: bool
    stretch: Stretch
    data: bytes
    is_final: bool = False
    """No other follows in its segment, as far as was known; only where it is live."""

    @property
    def ends(self) -> int:
        return self.starts + self.duration


@dataclass(frozen=True, slots=True)
class Segment:
    """A whole segment; its bytes are those of its parts."""

    msn: int  # media sequence number
    starts: int  # ticks since the epoch
    duration: int  # ticks
    init: int
    is_after_gap: bool
    is_independent: bool
    frames: int
    stretch: Stretch

    @property
    def ends(self) -> int:
        return self.starts + self.duration


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which nothing was recorded: the recorder was not there, or was told to pause."""

    starts_at: datetime
    ends_at: datetime
    is_wanted: bool = False

    @property
    def seconds(self) -> Fraction:
        return Fraction((self.ends_at - self.starts_at).total_seconds())
