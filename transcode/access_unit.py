"""One coded picture or one packet of sound, with its exact time on the room's timeline."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

VIDEO_TIMESCALE: Final = 90_000
AUDIO_TIMESCALE: Final = 48_000
COMMON_TIMESCALE: Final = 720_000
"""In which both count whole ticks: a Fraction for each packet costs more than to store it."""


class Codec(StrEnum):
    """How the bytes of an access unit are coded."""

    H264 = "h264"
    VP8 = "vp8"
    OPUS = "opus"
    AAC = "aac"


class TrackKind(StrEnum):
    """What a recorded track shows or lets hear."""

    CAMERA = "camera"
    SCREEN = "screen"
    VOICE = "voice"

    @property
    def is_video(self) -> bool:
        return self is not TrackKind.VOICE


class Rung(StrEnum):
    """One of the sizes in which a picture is sent and shown."""

    BEST = "best"
    MID = "mid"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """H.264: Annex B, all NAL units of one picture, parameter sets in band before each IDR.
    VP8: one frame. Opus: one packet.

    `pts` counts ticks of `timescale` since the room's epoch, which is the same for all
    tracks of a lecture. There are no B-frames: the decode time is the presentation time.
    """

    data: bytes
    pts: int
    timescale: int
    is_key: bool

    @property
    def time(self) -> Fraction:
        """Seconds since the room's epoch."""
        return Fraction(self.pts, self.timescale)

    @property
    def instant(self) -> int:
        """The same in ticks of `COMMON_TIMESCALE`."""
        return self.pts * (COMMON_TIMESCALE // self.timescale)
