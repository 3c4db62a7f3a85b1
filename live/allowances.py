"""What one connection may cost us a second, whoever it says it is.

It is asked before anything is decrypted or read. An honest browser stays far below; what is beyond
is dropped and counted, and nobody else notices.
"""

from typing import Final

from live.ice import Allowance

_MEDIA: Final = 4000  # packets a second: three layers of a camera, a screen and sound are 1500
_CONTROL: Final = 1000  # small packets a second: two dozen pictures that all lose are 600
_CONTROL_BYTES: Final = 256  # of a control packet cost as much as another packet
_RECORDS: Final = (20, 100)  # DTLS: a handshake is some twenty, then there is next to nothing
_RESENDS: Final = 400  # packets a second
_KEYFRAMES: Final = (0.5, 6)  # of one stream: each of them costs all who watch it
_MOST_SSRCS: Final = 256  # libsrtp walks a list of them, and forgets none


class Allowances:
    """Of one peer. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._media = Allowance(_MEDIA, _MEDIA)
        self._control = Allowance(_CONTROL, _CONTROL)
        self._records = Allowance(*_RECORDS)
        self._resends = Allowance(_RESENDS, _RESENDS)
        self._keyframes: dict[int, Allowance] = {}
        self._ssrcs: set[int] = set()

    def media(self, now: float) -> bool:
        return self._media.take(now)

    def control(self, now: float, size: int) -> bool:
        """A control packet of `size` bytes: reading it costs by its length."""
        return self._control.take(now, 1 + size / _CONTROL_BYTES)

    def record(self, now: float) -> bool:
        """A DTLS record."""
        return self._records.take(now)

    def resends(self, wanted: list[int], now: float) -> list[int]:
        """As many of the packets that are asked for as may be sent again."""
        return [sequence for sequence in wanted if self._resends.take(now)]

    def keyframe(self, ssrc: int, now: float) -> bool:
        """A request for a keyframe of a stream of ours."""
        if ssrc not in self._keyframes:
            self._keyframes[ssrc] = Allowance(*_KEYFRAMES)
        return self._keyframes[ssrc].take(now)

    def may_speak(self, ssrc: int) -> bool:
        """Whether libsrtp may hear of this sender: one that was authentic, or one of not too many."""
        return ssrc in self._ssrcs or len(self._ssrcs) < _MOST_SSRCS

    def spoke(self, ssrc: int) -> None:
        """An authentic packet of this sender came."""
        self._ssrcs.add(ssrc)
