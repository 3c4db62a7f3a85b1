"""The house format: the one shape that every programme of a channel has.

At 25 pictures and 48,000 samples a second, 0.96 s is a whole number of both: 24 pictures and 45 AAC
frames. Items are made of such slots. On a channel pictures and AAC frames are counted from the Unix epoch, so
that every node names the same instant by the same number.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

FRAME_RATE = 25
SAMPLE_RATE = 48_000
FRAMES_PER_SLOT = 24  # one closed group of pictures
AAC_FRAME_SAMPLES = 1024
AAC_FRAMES_PER_SLOT = 45
SLOT_SECONDS = Fraction(24, 25)
SLOT = timedelta(milliseconds=960)
PICTURE = timedelta(milliseconds=40)

VIDEO_TIMESCALE = 90_000
FRAME_TICKS = VIDEO_TIMESCALE // FRAME_RATE
FRAME_SAMPLES = SAMPLE_RATE // FRAME_RATE
SLOT_VIDEO_TICKS = FRAMES_PER_SLOT * FRAME_TICKS
SLOT_SAMPLES = AAC_FRAMES_PER_SLOT * AAC_FRAME_SAMPLES

# How sources become house items; whatever was made by a smaller number is conditioned anew. Since 2 the camera
# is an inset of the screen, and the loudness that of the coded sound.
RECIPE = 2

SLOTS_PER_SEGMENT = 4
SEGMENT_SECONDS = SLOTS_PER_SEGMENT * SLOT_SECONDS  # 3.84
FRAMES_PER_SEGMENT = SLOTS_PER_SEGMENT * FRAMES_PER_SLOT

_EARLY_SAMPLES = (
    336  # 7 ms: sound that is early is noticed sooner than sound that is late (EBU R 37)
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Profile:
    """What an encoder needs to make an item of a channel, and what a muxer needs to carry it.

    `max_bps` may be overrun for half a second at most (the decoder buffer), which with the 0.7 s that
    the transport stream runs ahead keeps every picture in time even where two items join.
    """

    name: str
    width: int
    height: int
    level: str
    preset: str
    max_bps: int
    audio_bps: int
    mux_bps: int  # of the whole transport stream, null packets included

    @property
    def buffer_bits(self) -> int:
        return self.max_bps // 2


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("1080p25", 1920, 1080, "4.0", "veryfast", 4_000_000, 128_000, 5_000_000),
        Profile("720p25", 1280, 720, "3.1", "veryfast", 2_500_000, 128_000, 3_300_000),
        Profile("360p25", 640, 360, "3.0", "ultrafast", 800_000, 96_000, 1_300_000),
    )
}
DEFAULT_PROFILE = "720p25"


def slot_at(moment: datetime) -> int:
    """The slot that is on air at `moment`."""
    return (moment - _EPOCH) // SLOT


def slot_from(moment: datetime) -> int:
    """The first slot that begins at `moment` or after it."""
    return -((_EPOCH - moment) // SLOT)


def start_of(slot: int) -> datetime:
    return _EPOCH + slot * SLOT


def picture_at(moment: datetime) -> int:
    """The picture that is shown at `moment`."""
    return (moment - _EPOCH) // PICTURE


def picture_from(moment: datetime) -> int:
    """The first picture that is shown at `moment` or after it."""
    return -((_EPOCH - moment) // PICTURE)


def moment_of(picture: int) -> datetime:
    return _EPOCH + picture * PICTURE


def sound_with(picture: int) -> int:
    """The AAC frame that is heard with a picture: it begins 5.4 ms before it to 13.4 ms after it.

    As many pictures as a slot has are as many frames later wherever they begin, so that nothing adds up.
    """
    return -((_EARLY_SAMPLES - picture * FRAME_SAMPLES) // AAC_FRAME_SAMPLES)


def slots_in(seconds: Fraction) -> int:
    """How many slots hold `seconds` of programme: padded up to the grid, at least one."""
    return max(1, -(-seconds // SLOT_SECONDS))
