"""For how long media reached a seat, by its own reports (RFC 3550 §6.4.1)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from aiortc.rtp import AnyRtcpPacket, RtcpReceiverInfo, RtcpRrPacket, RtcpSrPacket

from live.health import Rate

_LONGEST_PAUSE: Final = 10.0  # seconds; browsers report of audio every 5, up to half as much more
_LOOK: Final = 1.0  # seconds between two calls of `sent`


@dataclass(frozen=True, slots=True)
class _Mark:
    """A moment, and for how long media had been sent by then."""

    at: float  # monotonic seconds
    flowed: float  # seconds


class Receipts:
    """Time counts between two reports of a stream if the second knows of newer packets than the
    first, as far as anything was sent then; of streams at the same time once. Event loop only.

    Audio is reported so rarely that by the reports alone seconds of a pause would count.
    """

    __slots__ = ("_flow", "_is_flowing", "_length", "_streams", "_until")

    def __init__(self) -> None:
        self._streams: dict[int, tuple[int, _Mark]] = {}  # by SSRC: highest number, when told
        self._until = _Mark(0.0, 0.0)  # up to here it is counted
        self._flow = _Mark(0.0, 0.0)  # at the last look at what is sent
        self._is_flowing = False
        self._length = 0.0  # seconds since the last `take`

    def sent(self, now: float, *, is_flowing: bool) -> None:
        """Whether media was sent since the last call, about a second ago."""
        passed = min(now - self._flow.at, 2 * _LOOK) if is_flowing else 0.0
        self._flow = _Mark(now, self._flow.flowed + passed)
        self._is_flowing = is_flowing

    def heard(self, packet: AnyRtcpPacket, rate: Rate, now: float) -> None:
        """A report of the seat, at this monotonic second; of others' streams it tells nothing."""
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for block in packet.reports:
                if rate(block.ssrc):
                    self._take(block, self._mark(now))

    def take(self) -> timedelta:
        """How long it was since the last call."""
        length, self._length = self._length, 0.0
        return timedelta(seconds=length)

    def _mark(self, now: float) -> _Mark:
        """What flowed at the last look is thought to flow until the next."""
        since = min(now - self._flow.at, _LOOK) if self._is_flowing else 0.0
        return _Mark(now, self._flow.flowed + since)

    def _take(self, block: RtcpReceiverInfo, here: _Mark) -> None:
        if block.ssrc not in self._streams:
            self._forget(here.at)
        before, then = self._streams.get(block.ssrc, (block.highest_sequence, here))
        self._streams[block.ssrc] = (block.highest_sequence, here)
        if block.highest_sequence == before or here.at - then.at > _LONGEST_PAUSE:
            return
        passed = here.at - max(then.at, self._until.at)
        flowed = here.flowed - max(then.flowed, self._until.flowed)
        self._length += max(0.0, min(passed, flowed))
        self._until = here

    def _forget(self, now: float) -> None:
        """Streams that nobody reports of any more."""
        for ssrc, (_, then) in tuple(self._streams.items()):
            if now - then.at > _LONGEST_PAUSE:
                del self._streams[ssrc]
