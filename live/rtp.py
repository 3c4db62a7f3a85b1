"""RTP packets as they come (RFC 3550, 8285): where what stands in the buffer."""

import struct
from typing import Final, NamedTuple

from transcode.access_unit import Codec

HEADER_BYTES: Final = 12
_FIXED: Final = struct.Struct("!BBHII")
_EXTENSION: Final = struct.Struct("!HH")
_ONE_BYTE: Final = 0xBEDE
_TWO_BYTE: Final = 0x1000

_FU_A: Final = 28
_STAP_A: Final = 24
_KEY_NALS: Final = frozenset({5, 7})  # an IDR picture, or the parameter set before it


class Header(NamedTuple):
    """The fields of a packet's header, and where its payload stands, without padding."""

    marker: int
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload_at: int
    payload_size: int
    extension_at: int
    extension_size: int


def read_header(view: memoryview, size: int) -> Header | None:
    """Read the header of the packet that fills `size` bytes; None when it is malformed."""
    if size < HEADER_BYTES:
        return None
    first, kind, sequence, timestamp, ssrc = _FIXED.unpack_from(view)
    if first >> 6 != 2:
        return None
    at, extension_at, extension_size = HEADER_BYTES + 4 * (first & 0x0F), 0, 0
    if first & 0x10:
        if at + 4 > size:
            return None
        extension_at, extension_size = at, 4 * _EXTENSION.unpack_from(view, at)[1]
        at += 4 + extension_size
    payload_size = size - at - (view[size - 1] if first & 0x20 else 0)
    if payload_size < 0:
        return None
    return Header(
        kind >> 7,
        kind & 0x7F,
        sequence,
        timestamp,
        ssrc,
        at,
        payload_size,
        extension_at,
        extension_size,
    )


def read_extension(view: memoryview, header: Header, wanted: int) -> bytes | None:
    """The value of the header extension element `wanted`; None when it is not there."""
    if not header.extension_size:
        return None
    profile = _EXTENSION.unpack_from(view, header.extension_at)[0]
    at = header.extension_at + 4
    end = at + header.extension_size
    if profile == _ONE_BYTE:
        return _one_byte(view, at, end, wanted)
    return _two_byte(view, at, end, wanted) if profile & 0xFFF0 == _TWO_BYTE else None


def _one_byte(view: memoryview, at: int, end: int, wanted: int) -> bytes | None:
    while at < end:
        identifier, size = view[at] >> 4, (view[at] & 0x0F) + 1
        if identifier == 0:
            at += 1
            continue
        if identifier == 15 or at + 1 + size > end:
            return None
        if identifier == wanted:
            return bytes(view[at + 1 : at + 1 + size])
        at += 1 + size
    return None


def _two_byte(view: memoryview, at: int, end: int, wanted: int) -> bytes | None:
    while at + 1 < end:
        identifier, size = view[at], view[at + 1]
        if identifier == 0:
            at += 1
            continue
        if at + 2 + size > end:
            return None
        if identifier == wanted:
            return bytes(view[at + 2 : at + 2 + size])
        at += 2 + size
    return None


class Elements(NamedTuple):
    """A whole one-byte header extension, and where in it the changing values stand (0: nowhere)."""

    data: bytes
    time_at: int = 0
    level_at: int = 0


def write_elements(mid: tuple[int, str] | None, time: int = 0, level: int = 0) -> Elements:
    """The extension of a stream of ours; `mid` is its number and 1 to 16 ASCII characters.

    `time` and `level` are the numbers of abs-send-time (3 bytes) and audio level (1 byte), whose
    values are filled in when a packet leaves; 0 leaves them out.
    """
    elements, time_at, level_at = bytearray(), 0, 0
    if time:
        time_at = _EXTENSION.size + 1
        elements += bytes([time << 4 | 2, 0, 0, 0])
    if level:
        level_at = _EXTENSION.size + len(elements) + 1
        elements += bytes([level << 4, 0])
    if mid is not None:
        value = mid[1].encode("ascii")
        elements += bytes([mid[0] << 4 | len(value) - 1]) + value
    if not elements:
        return Elements(b"")
    elements += bytes(-len(elements) % 4)
    head = _EXTENSION.pack(_ONE_BYTE, len(elements) // 4)
    return Elements(head + bytes(elements), time_at, level_at)


def starts_key(codec: Codec, payload: memoryview) -> bool:
    """Whether a decoder can begin with this packet."""
    if codec is Codec.H264:
        return _starts_h264_key(payload)
    if codec is Codec.VP8:
        return _starts_vp8_key(payload)
    return True


def _starts_h264_key(payload: memoryview) -> bool:
    if len(payload) < 2:
        return False
    kind = payload[0] & 0x1F
    if kind == _FU_A:
        return payload[1] & 0x9F in {0x80 | nal for nal in _KEY_NALS}
    if kind == _STAP_A:
        return any(payload[at] & 0x1F in _KEY_NALS for at, _ in stap_a(payload))
    return kind in _KEY_NALS


def stap_a(payload: memoryview) -> list[tuple[int, int]]:
    """Position and size of each NAL unit in a STAP-A; a broken rest is left out."""
    found: list[tuple[int, int]] = []
    at = 1
    while at + 2 < len(payload):
        size = payload[at] << 8 | payload[at + 1]
        at += 2
        if not size or at + size > len(payload):
            break
        found.append((at, size))
        at += size
    return found


def _starts_vp8_key(payload: memoryview) -> bool:
    at = vp8_descriptor_size(payload)
    if at is None or len(payload) <= at or payload[0] & 0x17 != 0x10:
        return False
    return not payload[at] & 1


def vp8_descriptor_size(payload: memoryview) -> int | None:
    """RFC 7741 §4.2; None when the payload is too short for its own flags."""
    if not payload:
        return None
    size = 1
    if payload[0] & 0x80:
        if len(payload) < 2:
            return None
        flags = payload[1]
        size = 2
        if flags & 0x80:
            if len(payload) < 3:
                return None
            size += 2 if payload[2] & 0x80 else 1
        size += bool(flags & 0x40) + bool(flags & 0x30)
    return size if size <= len(payload) else None
