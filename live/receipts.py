"""For how long media reached a seat, by its own reports (RFC 3550 §6.4.1)."""

from datetime import timedelta
from typing import Final

from aiortc.rtp import AnyRtcpPacket, RtcpReceiverInfo, RtcpRrPacket, RtcpSrPacket

from live.health import Rate

_LONGEST_PAUSE: Final = (
    10.0  # seconds; browsers report of audio alone every 5, up to half as much more
)


class Receipts:
    """Time counts between two reports of a stream if the second knows of newer packets than the
    first; of streams at the same time once. Event loop only."""

    __slots__ = ("_length", "_streams", "_until")

    def __init__(self) -> None:
        self._streams: dict[
            int, tuple[int, float]
        ] = {}  # by SSRC: the highest number, and when told
        self._until = 0.0  # monotonic seconds up to which it is counted
        self._length = 0.0

    def heard(self, packet: AnyRtcpPacket, rate: Rate, now: float) -> None:
        """A report of the seat, at this monotonic second; what is about no stream of ours is nothing."""
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for block in packet.reports:
                if rate(block.ssrc):
                    self._take(block, now)

    def take(self) -> timedelta:
        """How long it was since the last call."""
        length, self._length = self._length, 0.0
        return timedelta(seconds=length)

    def _take(self, block: RtcpReceiverInfo, now: float) -> None:
        if block.ssrc not in self._streams:
            self._forget(now)
        before, at = self._streams.get(block.ssrc, (block.highest_sequence, now))
        self._streams[block.ssrc] = (block.highest_sequence, now)
        if block.highest_sequence == before or now - at > _LONGEST_PAUSE:
            return
        self._length += max(0.0, now - max(at, self._until))
        self._until = now

    def _forget(self, now: float) -> None:
        """Streams that nobody reports of any more."""
        for ssrc, (_, at) in tuple(self._streams.items()):
            if now - at > _LONGEST_PAUSE:
                del self._streams[ssrc]
