"""How one seat's line fares, by what both ends report of it (RFC 3550 §6.4.1)."""

from collections.abc import Callable, Iterable
from typing import Final

from aiortc.rtp import AnyRtcpPacket, RtcpReceiverInfo, RtcpRrPacket, RtcpSrPacket

_NEWEST: Final = 0.3  # share of the newest report in each mean
_LONGEST_ROUND_TRIP: Final = 30.0  # seconds; what is longer is a lie or a clock that was set
_UNITS: Final = 65_536  # a second, in the middle of NTP time

Rate = Callable[[int], int | None]
"""Ticks a second of the stream of an SSRC; None for one that we do not know."""


class Mean:
    """Moves with each new value; None before the first."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float | None = None

    def take(self, value: float) -> None:
        before = value if self.value is None else self.value
        self.value = before + (value - before) * _NEWEST


class Health:
    """The line of one seat: down to it, by its reports; up from it, by ours. Event loop only."""

    __slots__ = ("down_jitter", "down_loss", "layer", "round_trip", "up_jitter", "up_loss")

    def __init__(self) -> None:
        self.round_trip = Mean()  # seconds
        self.down_loss = Mean()  # 0 to 1, before anything is sent again
        self.down_jitter = Mean()  # seconds
        self.up_loss = Mean()
        self.up_jitter = Mean()
        self.layer: str | None = None
        """Of the largest picture that is sent to it in layers."""

    def heard(self, packet: AnyRtcpPacket, rate: Rate, ntp_now: int) -> None:
        """A report of the seat, at NTP time 32.32 of the clock that our own reports tell."""
        if not isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            return
        known = [(block, ticks) for block in packet.reports if (ticks := rate(block.ssrc))]
        if not known:
            return
        _take(self.down_loss, self.down_jitter, known)
        trips = [_round_trip(block, ntp_now) for block, _ in known]
        measured = [trip for trip in trips if trip is not None]
        if measured:
            self.round_trip.take(min(measured))

    def told(self, blocks: Iterable[RtcpReceiverInfo], rate: Rate) -> None:
        """What we report to the seat of what it sends."""
        known = [(block, ticks) for block in blocks if (ticks := rate(block.ssrc))]
        if known:
            _take(self.up_loss, self.up_jitter, known)


def _take(loss: Mean, jitter: Mean, known: list[tuple[RtcpReceiverInfo, int]]) -> None:
    """The worst of the streams stands for the line."""
    loss.take(max(block.fraction_lost for block, _ in known) / 256)
    jitter.take(max(block.jitter / ticks for block, ticks in known))


def _round_trip(block: RtcpReceiverInfo, ntp_now: int) -> float | None:
    """Now less the moment of our report less the time that it lay at the other end."""
    if not block.lsr:
        return None
    units = ((ntp_now >> 16) - block.lsr - block.dlsr) & 0xFFFFFFFF
    seconds = units / _UNITS
    return seconds if seconds < _LONGEST_ROUND_TRIP else None
