"""What a packager must know of Opus: how long a packet lasts, and what silence is (RFC 6716)."""

from typing import Final

SILENCE: Final = b"\xf8\xff\xfe"  # 20 ms of CELT fullband that decode to nothing
SILENCE_TICKS: Final = 960
_LONGEST_TICKS: Final = 5760  # 120 ms, section 3.4 [R5]
_SILK_TICKS: Final = (480, 960, 1920, 2880)
_HYBRID_TICKS: Final = (480, 960)
_CELT_TICKS: Final = (120, 240, 480, 960)


class MalformedOpus(ValueError):
    """The bytes are not an Opus packet."""


def ticks(packet: bytes) -> int:
    """How long the packet lasts in ticks of 48 kHz (3.1, 3.2). Raises MalformedOpus."""
    if not packet:
        raise MalformedOpus("an Opus packet has at least one byte")
    duration = _frame_ticks(packet[0] >> 3) * _frames(packet)
    if not 0 < duration <= _LONGEST_TICKS:
        raise MalformedOpus("an Opus packet lasts at most 120 ms")
    return duration


def _frame_ticks(configuration: int) -> int:
    if configuration < 12:
        return _SILK_TICKS[configuration % 4]
    if configuration < 16:
        return _HYBRID_TICKS[configuration % 2]
    return _CELT_TICKS[configuration % 4]


def _frames(packet: bytes) -> int:
    code = packet[0] & 3
    if code == 0:
        return 1
    if code < 3:
        return 2
    if len(packet) < 2:
        raise MalformedOpus("the number of frames is missing")
    return packet[1] & 0x3F
