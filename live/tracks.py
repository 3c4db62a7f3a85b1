"""A published track, as the rest of the program knows it."""

from dataclasses import dataclass
from uuid import UUID

from live.messages import MediaKind, Source
from transcode.access_unit import Codec, Rung


@dataclass(frozen=True, slots=True)
class PublishedTrack:
    """One source of one seat. The id survives a reconnection of the seat with the same codec."""

    id: UUID
    seat: UUID
    source: Source
    kind: MediaKind
    codec: Codec
    rung: Rung = Rung.BEST
    """Of a tap: which of its sizes this is."""
