"""What reaches one seat: its layers chosen by what its page shows and its line can take."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final
from uuid import UUID

from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket, RtcpSrPacket
from prometheus_client import Counter

from live import rtcp
from live.bandwidth import Bandwidth
from live.forwarder import Forwarder
from live.layers import LARGEST, Want, next_step, share
from live.subscription import Subscription

CONGESTED = Counter("daris_live_congestions_total", "Times that a seat could not take what it got")

_TICK_SECONDS: Final = 0.025  # between two calls of `probes`
_MOST_PROBES: Final = 16  # packets a tick


class Reach:
    """One seat's downlink. Event loop only."""

    def __init__(self) -> None:
        self.bandwidth = Bandwidth()
        self._heights: Mapping[UUID, int] = {}  # by track, as the page tells
        self._known: frozenset[UUID] = frozenset()  # the tracks that the page told about
        self.is_probing = False
        self._octets: dict[int, int] = {}  # by SSRC, at the last review
        self._probed = 0
        self._reviewed_at: float | None = None

    def view(
        self, heights: Mapping[UUID, int], subscriptions: Collection[Subscription], now: float
    ) -> None:
        """How high, in pixels, the page shows each track; one that comes later is shown for now."""
        self._heights = heights
        self._known = frozenset(
            one.forwarder.track.id for one in subscriptions if one.forwarder is not None
        )
        self.arrange(subscriptions, now)

    def heard(self, packet: AnyRtcpPacket, by_ssrc: Mapping[int, Subscription], now: float) -> bool:
        """A control packet of the seat; True when it says that it gets too much."""
        estimate = rtcp.estimate(packet)
        is_congested = estimate is not None and self.bandwidth.estimated(estimate, now)
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            lost = [block.fraction_lost / 256 for block in packet.reports if block.ssrc in by_ssrc]
            is_congested |= bool(lost) and self.bandwidth.lost(max(lost), now)
        if is_congested:
            CONGESTED.inc()
        return is_congested

    def review(self, subscriptions: Iterable[Subscription], now: float) -> None:
        """Once a second: what was sent, and what to send from now on."""
        subscriptions = list(subscriptions)
        self._measure(subscriptions, now)
        self.arrange(subscriptions, now)

    def _measure(self, subscriptions: Iterable[Subscription], now: float) -> None:
        octets = {one.ssrc: sent.octets for one in subscriptions if (sent := one.sent())}
        before, self._octets = self._octets, octets
        since, self._reviewed_at = self._reviewed_at, now
        grown = sum(count - before.get(ssrc, count) for ssrc, count in octets.items())
        grown += self._probed
        self._probed = 0
        if since is not None and now > since:
            self.bandwidth.sent(max(0, grown) * 8 / (now - since))

    def arrange(self, subscriptions: Iterable[Subscription], now: float) -> None:
        """Aim every picture at the layer that it is shown at and that fits."""
        wants = [
            (one, self._want(one, one.forwarder))
            for one in subscriptions
            if one.forwarder is not None and one.forwarder.is_video
        ]
        chosen = share([want for _, want in wants], self.bandwidth.limit)
        for subscription, want in wants:
            choice = chosen[want.track]
            subscription.aim(choice.layer, now)
            for option in {choice.layer, choice.ideal} - {None}:
                assert option is not None
                assert subscription.forwarder is not None
                subscription.forwarder.need(option.index, now)
        self.bandwidth.wish(next_step([want for _, want in wants], chosen), now)
        self.is_probing = self.bandwidth.probing(now) > 0

    def _want(self, subscription: Subscription, forwarder: Forwarder) -> Want:
        track = forwarder.track.id
        height = self._heights.get(track, 0 if track in self._known else LARGEST)
        return Want(track, height, forwarder.options(), subscription.target)

    def probes(self, subscriptions: Iterable[Subscription], now: float) -> Iterator[bytes]:
        """The datagrams that a probe sends in this tick."""
        size = int(self.bandwidth.probing(now) * _TICK_SECONDS / 8)
        self.is_probing = size > 0
        pictures = [one for one in subscriptions if one.forwarder is not None]
        for subscription in pictures:
            for datagram in islice(subscription.probes(size), _MOST_PROBES):
                self._probed += len(datagram)
                size -= len(datagram)
                yield datagram
            if size <= 0:
                return
