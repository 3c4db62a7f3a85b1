"""How loud a microphone is, by the audio level that its packets carry (RFC 6464)."""

from typing import Final

from live.leg import SILENCE

_RISE: Final = 0.3  # a packet of 20 ms moves the mean by so much of the difference
_FALL: Final = 0.04
_DECAY_PER_SECOND: Final = 60.0  # when nothing is sent, as with DTX


class Loudness:
    """A mean that rises within some packets and falls within a second, in dB over silence."""

    __slots__ = ("_at", "_is_told", "_mean")

    def __init__(self) -> None:
        self._mean = 0.0
        self._at = 0.0
        self._is_told = False

    def note(self, level: int, now: float) -> None:
        """`level` in -dBov, 127 being silence."""
        loud = SILENCE - level
        self._mean += (loud - self._mean) * (_RISE if loud > self._mean else _FALL)
        self._at = now
        self._is_told = True

    def at(self, now: float) -> float | None:
        """None for a publisher that does not tell."""
        if not self._is_told:
            return None
        quiet = max(0.0, now - self._at - 0.1)
        return max(0.0, self._mean - quiet * _DECAY_PER_SECOND)
