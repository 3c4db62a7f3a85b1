"""How large the picture is that begins with a packet: from H.264's SPS and VP8's frame header."""

from typing import Final

from live.rtp import stap_a, vp8_descriptor_size
from transcode.access_unit import Codec
from transcode.h264 import MalformedH264, NalType, parse_sps

_STAP_A: Final = 24
_VP8_START: Final = b"\x9d\x01\x2a"


def height_of(codec: Codec, payload: memoryview) -> int:
    """Pixels; 0 where the packet does not tell."""
    if codec is Codec.H264:
        return _h264(payload)
    return _vp8(payload) if codec is Codec.VP8 else 0


def _h264(payload: memoryview) -> int:
    kind = payload[0] & 0x1F
    nals = [(0, len(payload))] if kind != _STAP_A else stap_a(payload)
    for at, size in nals:
        if payload[at] & 0x1F == NalType.SPS:
            try:
                return parse_sps(bytes(payload[at : at + size])).height
            except MalformedH264:
                return 0
    return 0


def _vp8(payload: memoryview) -> int:
    """RFC 6386 §9.1: the frame tag, the start code, width and height of 14 bits each."""
    at = vp8_descriptor_size(payload)
    if at is None or len(payload) < at + 10 or bytes(payload[at + 3 : at + 6]) != _VP8_START:
        return 0
    return int.from_bytes(payload[at + 8 : at + 10], "little") & 0x3FFF
