"""What one seat receives: its subscriptions, and the layer of each that its page shows and its line
can take.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final
from uuid import UUID

from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket, RtcpSrPacket
from prometheus_client import Counter

from live import rtcp
from live.adapter import Dtls, Srtp
from live.allowances import Allowances
from live.bandwidth import Bandwidth
from live.forwarder import Forwarder
from live.layers import LARGEST, Want, next_step, share
from live.sdp import Section
from live.sdp_answer import Outgoing
from live.subscription import Subscription

CONGESTED = Counter("daris_live_congestions_total", "Times that a seat could not take what it got")

_TICK_SECONDS: Final = 0.025  # between two calls of `probes`
_MOST_PROBES: Final = 16  # packets a tick
_REPORTS_IN_A_DATAGRAM: Final = 16


class Downlink:
    """Event loop only."""

    def __init__(self, srtp: Srtp) -> None:
        self.bandwidth = Bandwidth()
        self.is_probing = False
        self.is_flowing = False
        """Media was sent between the last two reviews."""
        self._srtp = srtp
        self._by_mid: dict[str, Subscription] = {}
        self._by_ssrc: dict[int, Subscription] = {}
        self._heights: Mapping[UUID, int] = {}  # by track, as the page tells
        self._known: frozenset[UUID] = frozenset()  # the tracks that the page told about
        self._octets: dict[int, int] = {}  # by SSRC, at the last review
        self._probed = 0
        self._reviewed_at: float | None = None

    # ------------------------------------------------------------ subscriptions

    def of(self, section: Section) -> Subscription:
        """The subscription of a section that receives."""
        found = self._by_mid.get(section.mid)
        if found is None:
            found = self._by_mid[section.mid] = Subscription(section, self._srtp)
            self._by_ssrc[found.ssrc] = found
        return found

    def get(self, mid: str) -> Subscription | None:
        return self._by_mid.get(mid)

    def keep(self, mids: Collection[str], *, offered: Collection[str]) -> None:
        """The other sections receive nothing any more; those not offered will not come again."""
        for mid, subscription in tuple(self._by_mid.items()):
            if mid not in mids:
                subscription.forget()
            if mid not in offered:
                del self._by_mid[mid], self._by_ssrc[subscription.ssrc]

    def connect(self, dtls: Dtls, name: bytes, now: float) -> None:
        """Let flow what does not yet."""
        for subscription in self._by_mid.values():
            subscription.connect(dtls, name, now)

    def expect(self, now: float) -> None:
        """The handshake goes on: have pictures ready that one can begin with."""
        for subscription in self._by_mid.values():
            subscription.expect(now)

    def redirect(self, name: bytes) -> None:
        for subscription in self._by_mid.values():
            subscription.redirect(name)

    def disconnect(self) -> None:
        for subscription in self._by_mid.values():
            subscription.disconnect()

    def outgoing(self, cname: str) -> dict[str, Outgoing | None]:
        """By mid, what the answer says of our streams."""
        return {mid: one.outgoing(cname) for mid, one in self._by_mid.items()}

    def rate(self, ssrc: int) -> int | None:
        """Ticks a second of a stream of ours."""
        subscription = self._by_ssrc.get(ssrc)
        forwarder = subscription.forwarder if subscription is not None else None
        return forwarder.rate if forwarder is not None else None

    def reports(self, now: float, ntp: int, cname: str) -> Iterator[bytes]:
        """The sender reports that are due, as few compounds as hold them."""
        reports = {
            ssrc: report for ssrc, one in self._by_ssrc.items() if (report := one.report(now, ntp))
        }
        for at in range(0, len(reports), _REPORTS_IN_A_DATAGRAM):
            ssrcs = list(reports)[at : at + _REPORTS_IN_A_DATAGRAM]
            whole = b"".join(reports[ssrc] for ssrc in ssrcs)
            yield whole + rtcp.description(ssrcs, cname)

    # ------------------------------------------------------------ feedback

    def heard(self, packet: AnyRtcpPacket, allowances: Allowances, now: float) -> list[bytes]:
        """A control packet of the seat; the datagrams that answer it."""
        if self._is_too_much(packet, now):
            CONGESTED.inc()
            self.arrange(now)
        for ssrc in rtcp.keyframe_ssrcs(packet):
            if ssrc in self._by_ssrc and allowances.keyframe(ssrc, now):
                self._by_ssrc[ssrc].keyframe_wanted(now)
        lost = rtcp.nacked(packet)
        subscription = self._by_ssrc.get(getattr(packet, "media_ssrc", 0)) if lost else None
        if subscription is None:
            return []
        return subscription.resends(allowances.resends(lost, now))

    def _is_too_much(self, packet: AnyRtcpPacket, now: float) -> bool:
        estimate = rtcp.estimate(packet)
        is_congested = estimate is not None and self.bandwidth.estimated(estimate, now)
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            ours = (block for block in packet.reports if block.ssrc in self._by_ssrc)
            worst = max((block.fraction_lost for block in ours), default=None)
            is_congested |= worst is not None and self.bandwidth.lost(worst / 256, now)
        return is_congested

    # ------------------------------------------------------------ layers

    def view(self, heights: Mapping[UUID, int], now: float) -> None:
        """How high, in pixels, the page shows each track; one that comes later is shown for now."""
        self._heights = heights
        self._known = frozenset(forwarder.track.id for _, forwarder in self._pictures())
        self.arrange(now)

    def review(self, now: float) -> None:
        """Once a second: what was sent, and what to send from now on."""
        octets = {ssrc: sent.octets for ssrc, one in self._by_ssrc.items() if (sent := one.sent())}
        before, self._octets = self._octets, octets
        since, self._reviewed_at = self._reviewed_at, now
        media = sum(n - before.get(ssrc, n) for ssrc, n in octets.items())
        grown, self._probed = media + self._probed, 0
        self.is_flowing = media > 0
        if since is not None and now > since:
            self.bandwidth.sent(max(0, grown) * 8 / (now - since))
        self.arrange(now)

    def arrange(self, now: float) -> None:
        """Aim every picture at the layer that it is shown at and that fits."""
        pictures = [(one, self._want(one, forwarder)) for one, forwarder in self._pictures()]
        wants = [want for _, want in pictures]
        chosen = share(wants, self.bandwidth.limit)
        for subscription, want in pictures:
            subscription.aim(chosen[want.track], now)
        self.bandwidth.wish(next_step(wants, chosen), now)
        self.is_probing = self.bandwidth.probing(now) > 0

    def _pictures(self) -> Iterable[tuple[Subscription, Forwarder]]:
        for one in self._by_mid.values():
            if one.forwarder is not None and one.forwarder.is_video:
                yield one, one.forwarder

    def _want(self, subscription: Subscription, forwarder: Forwarder) -> Want:
        track = forwarder.track.id
        height = self._heights.get(track, 0 if track in self._known else LARGEST)
        return Want(track, height, forwarder.options(), subscription.target)

    @property
    def layer(self) -> str | None:
        """The rid of the layer in which the largest picture of several layers is sent now."""
        layered = [(one, f) for one, f in self._pictures() if len(f.layers) > 1]
        shown = [one for one, f in layered if self._heights.get(f.track.id, 1)]
        largest = max(shown, key=lambda one: self._heights.get(_track(one), LARGEST), default=None)
        return None if largest is None else largest.layer

    def probes(self, now: float) -> Iterator[bytes]:
        """The datagrams that a probe sends in this tick."""
        size = int(self.bandwidth.probing(now) * _TICK_SECONDS / 8)
        self.is_probing = size > 0
        for subscription, _ in self._pictures():
            for datagram in islice(subscription.probes(size), _MOST_PROBES):
                self._probed += len(datagram)
                size -= len(datagram)
                yield datagram
            if size <= 0:
                return


def _track(subscription: Subscription) -> UUID:
    assert subscription.forwarder is not None
    return subscription.forwarder.track.id
