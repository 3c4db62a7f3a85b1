"""Which microphones are heard when many are open, and who is speaking. Pure."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

MOST_VOICES: Final = 6  # microphones that are forwarded at a time
_SPEECH: Final = 72.0  # dB over silence: -55 dBov
_MARGIN: Final = 6.0  # dB by which a newcomer must be louder than who is heard
_HOLD_SECONDS: Final = 2.0  # whoever spoke stays heard for so long
_PAUSE_SECONDS: Final = 0.8  # a pause in speech that does not end it


class Voices:
    """The loudest of a stage; looked at some times a second. Times are monotonic seconds."""

    def __init__(self, most: int = MOST_VOICES) -> None:
        self._most = most
        self._spoke_at: dict[UUID, float] = {}
        self.heard: frozenset[UUID] = frozenset()
        """The tracks that are forwarded."""
        self.speaking: tuple[UUID, ...] = ()
        """The tracks in which somebody speaks, the loudest first at the time it changed."""

    def look(self, levels: Mapping[UUID, float | None], now: float) -> bool:
        """Choose anew from the loudness of every open microphone; whether anything changed."""
        for track, level in levels.items():
            if level is not None and level >= _SPEECH:
                self._spoke_at[track] = now
        self._spoke_at = {track: at for track, at in self._spoke_at.items() if track in levels}
        before = self.heard, frozenset(self.speaking)
        self.heard = self._choose(levels, now)
        speaking = {t for t, at in self._spoke_at.items() if now - at < _PAUSE_SECONDS}
        if speaking != frozenset(self.speaking):
            self.speaking = tuple(sorted(speaking, key=lambda track: -(levels[track] or 0)))
        return (self.heard, frozenset(self.speaking)) != before

    def _choose(self, levels: Mapping[UUID, float | None], now: float) -> frozenset[UUID]:
        """Who does not tell a level is always heard, and not counted."""
        silent_about_it = {track for track, level in levels.items() if level is None}
        told = [track for track in levels if track not in silent_about_it]
        ranked = sorted(told, key=lambda track: -self._weight(track, levels[track] or 0.0, now))
        return frozenset(silent_about_it.union(ranked[: self._most]))

    def _weight(self, track: UUID, level: float, now: float) -> float:
        if track not in self.heard:
            return level
        is_held = now - self._spoke_at.get(track, float("-inf")) < _HOLD_SECONDS
        return (max(level, _SPEECH) if is_held else level) + _MARGIN
