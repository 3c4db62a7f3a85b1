"""The index beside a growing media file: one record a line of bytes, each with its checksum.

A record is a length (2 bytes), a CRC-32 (4 bytes) and MessagePack. What was written when
the machine stopped may be torn: reading ends at the first record that is not whole.
"""

from collections.abc import Iterator
from struct import Struct as Layout
from typing import Final
from zlib import crc32

import msgspec

_HEAD: Final = Layout(">HI")


class InitNoted(msgspec.Struct, frozen=True, array_like=True, tag="i"):
    """An initialization segment, and where it lies."""

    number: int
    codec: str
    width: int
    height: int
    file: str
    offset: int
    size: int


class SegmentNoted(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    """A segment begins; the one before ends here unless a gap lies between."""

    starts: int
    init: int
    is_after_gap: bool


class PartNoted(msgspec.Struct, frozen=True, array_like=True, tag="p"):
    """A part of the segment that began last, and where it lies."""

    starts: int
    duration: int
    frames: int
    is_independent: bool
    file: str
    offset: int
    size: int


class EndNoted(msgspec.Struct, frozen=True, array_like=True, tag="e"):
    """The segment that began last ends here, exactly."""

    ends: int


class SkippedNoted(msgspec.Struct, frozen=True, array_like=True, tag="k"):
    """The next segment has this number, or a later one, and so has the next initialization segment: what
    was shown before under smaller ones is not known here. So with discontinuities."""

    segments: int
    discontinuities: int = 0


Record = InitNoted | SegmentNoted | PartNoted | EndNoted | SkippedNoted

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Record).decode


def pack(record: Record) -> bytes:
    """The record as it is appended."""
    body = _encode(record)
    return _HEAD.pack(len(body), crc32(body)) + body


def unpack(data: bytes) -> Iterator[tuple[int, Record]]:
    """Each whole record with the offset at which it ends."""
    at, head, length = 0, _HEAD.size, len(data)
    while (body_at := at + head) <= length:
        size, checksum = _HEAD.unpack_from(data, at)
        at = body_at + size
        body = data[body_at:at]
        if at > length or crc32(body) != checksum:
            return
        try:
            record = _decode(body)
        except msgspec.MsgspecError:
            return
        yield at, record
