"""What a channel's monitor tells, once a second."""

import msgspec


class Sight(msgspec.Struct, frozen=True):
    """Loudness in LUFS, what is wrong by its code, packets lost since the monitor began."""

    momentary: float = -70.0
    short_term: float = -70.0
    integrated: float = -70.0
    faults: tuple[str, ...] = ()
    continuity_errors: int = 0
