"""One unbroken line of Opus packets: silence where nobody speaks or packets were lost.

A player waits when its audio ends before its video, so the voice of a lecture never ends.
"""

from collections.abc import Iterator

from transcode import opus
from transcode.access_unit import AUDIO_TIMESCALE, AccessUnit


class VoiceLine:
    """Puts each packet where the one before ends. Clocks that drift apart cost a packet of
    silence, or a packet, once they are 20 ms apart."""

    def __init__(self, position: int) -> None:
        self.position = position  # ticks of 48 kHz at which the line ends
        self.late = 0

    def push(self, unit: AccessUnit) -> Iterator[AccessUnit]:
        """The packet, after the silence before it; nothing if its time is past."""
        duration = opus.ticks(unit.data)
        if unit.pts <= self.position - opus.SILENCE_TICKS:
            self.late += 1
            return
        yield from self.fill(unit.pts)
        yield self._placed(unit.data, duration)

    def fill(self, until: int) -> Iterator[AccessUnit]:
        """Whole packets of silence up to `until`."""
        while self.position + opus.SILENCE_TICKS <= until:
            yield self._placed(opus.SILENCE, opus.SILENCE_TICKS)

    def _placed(self, data: bytes, duration: int) -> AccessUnit:
        unit = AccessUnit(data, self.position, AUDIO_TIMESCALE, is_key=True)
        self.position += duration
        return unit
