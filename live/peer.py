"""One seat's connection: offers are answered, DTLS is agreed, packets come and go."""

import asyncio
import secrets
import struct
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, Protocol
from uuid import UUID

from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket

from kernel.errors import Gone, Refused
from live import rtcp
from live.adapter import SRTP_OVERHEAD, Dtls
from live.allowances import Allowances
from live.datagrams import SLOT, ffi
from live.downlink import Downlink
from live.forwarder import Forwarder
from live.health import Health
from live.ice import Drop
from live.ice_path import IcePath
from live.messages import Source
from live.negotiation import Chosen, choose_to_receive
from live.plan import Plan, Wanted, answer_sections, make_plan
from live.port import PEERS, MediaPort
from live.receipts import Receipts
from live.reception import Published, Reception, Receptions
from live.rtp import read_extension, read_header
from live.sdp import TRANSPORT_CC_EXTENSION, Offer, read_offer
from live.sdp_answer import Transport, write_answer
from live.transport_feedback import ArrivalLog

CONSENT_SECONDS: Final = 30.0  # RFC 7675
_HANDSHAKE_SECONDS: Final = 20.0
_REPORT_SECONDS: Final = 1.0
_FEEDBACK_SECONDS: Final = 0.045
_SRTCP_TRAILER: Final = SRTP_OVERHEAD + 4
_SSRC: Final = struct.Struct("!I")
_SSRC_AT: Final = 8  # in RTP
_SENDER_AT: Final = 4  # in RTCP


class PeerStage(Protocol):
    """What a peer needs of its stage."""

    def wanted(self) -> Mapping[UUID, Wanted]: ...
    def forwarder(self, track_id: UUID) -> Forwarder | None: ...
    def publish(self, peer: "Peer", source: Source, chosen: Chosen) -> Forwarder: ...
    def unpublish(self, peer: "Peer", forwarder: Forwarder) -> None: ...
    def mute(self, seat: UUID, source: Source, *, muted: bool) -> None: ...
    def peer_ready(self, peer: "Peer") -> None: ...
    def peer_lost(self, peer: "Peer") -> None: ...
    def peer_closed(self, peer: "Peer") -> None: ...


class Peer:
    """Made by `Stage.connect`. Event loop only."""

    def __init__(self, seat: UUID, port: MediaPort, stage: PeerStage) -> None:
        self.seat = seat
        self.last_heard: float = port.clock.monotonic()
        """Clock.monotonic() of the last authenticated packet; of `connect` before the first."""
        self.health = Health()
        self.receipts = Receipts()
        self.is_ready = False
        self.is_closed = False
        self._port = port
        self._stage = stage
        self._ssrc = secrets.randbits(31) + 1
        self._cname = secrets.token_hex(8)
        self.path = IcePath(port, self)
        self._dtls: Dtls | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._fingerprints: tuple[tuple[str, str], ...] = ()
        self._setup = ""
        self._version = 0
        self._session = secrets.randbits(62)
        self._reachable = asyncio.Event()
        self._receptions = Receptions(self._ask_keyframe)
        self.downlink = Downlink(port.srtp)
        self._arrivals = ArrivalLog()
        self._arrival_extension = 0
        self._report_at = self.last_heard + secrets.randbelow(1000) / 1000
        self._feedback_at = self.last_heard
        self._buffer = ffi.new("char[]", SLOT)
        self._allowances = Allowances()
        port.opening += 1
        PEERS.inc()

    # ------------------------------------------------------------ signalling

    async def answer(
        self, offer: str, *, send: Mapping[str, Source], receive: Mapping[str, UUID]
    ) -> str:
        """The SDP answer. May be called again on the same connection: each call is the whole truth.

        `send` says which source an m-section (by mid) publishes, `receive` which track it wants;
        sections in neither are answered inactive, and so is a wanted track that is gone or whose
        codec the offer cannot take. Raises Invalid (malformed), Refused (unusable), or Gone when
        this peer is closed or the offer comes from another connection: connect the seat again.
        """
        read = read_offer(offer)
        self._recognise(read)
        plan = make_plan(read, send, receive, self._stage.wanted())
        self._publish(plan)
        self._subscribe(plan, {section.mid for section in read.sections})
        self._start(read)
        self._version += 1
        return write_answer(
            read,
            answer_sections(read, plan, self.downlink.outgoing(self._cname)),
            self._transport(),
            session=self._session,
            version=self._version,
        )

    def _recognise(self, offer: Offer) -> None:
        if self.is_closed:
            raise Gone("This media connection is closed: connect again.")
        if self._fingerprints and offer.fingerprints != self._fingerprints:
            raise Gone("The offer comes from another media connection: connect again.")
        self.path.offered(offer.ufrag)

    def _publish(self, plan: Plan) -> None:
        before = {id(one.forwarder): one.forwarder for one in self._receptions.published.values()}
        published: dict[str, Published] = {}
        for mid, (section, source, chosen) in plan.published.items():
            forwarder = self._stage.publish(self, source, chosen)
            published[mid] = Published(section, chosen, forwarder)
            before.pop(id(forwarder), None)
        self._receptions.replace(published)
        for forwarder in before.values():
            self._stage.unpublish(self, forwarder)
        choices = [chosen for _, _, chosen in plan.published.values()]
        numbers = [chosen.extensions.get(TRANSPORT_CC_EXTENSION, 0) for chosen in choices]
        self._arrival_extension = max(numbers, default=0)

    def _subscribe(self, plan: Plan, offered: Collection[str]) -> None:
        self.downlink.keep(plan.received.keys(), offered=offered)
        for section, track_id, chosen in plan.received.values():
            forwarder = self._stage.forwarder(track_id)
            if forwarder is not None:
                self.downlink.of(section).choose(section, forwarder, chosen)
        self._connect_all()

    def _connect_all(self) -> None:
        dtls, remote, now = self._dtls, self.path.remote, self._port.clock.monotonic()
        if dtls is not None and dtls.is_ready and remote is not None:
            self.downlink.connect(dtls, remote, now)
        else:
            self.downlink.expect(now)

    def switch(self, mid: str, track_id: UUID) -> bool:
        """Feed a receiving section from another track of the same codec, without a new offer."""
        subscription, forwarder = self.downlink.get(mid), self._stage.forwarder(track_id)
        if subscription is None or subscription.chosen is None or forwarder is None:
            return False
        wanted = self._stage.wanted()[track_id]
        chosen = choose_to_receive(subscription.section, wanted.codec, wanted.profile)
        if chosen != subscription.chosen or wanted.kind != subscription.section.kind:
            return False
        subscription.choose(subscription.section, forwarder, chosen)
        self._connect_all()
        return True

    def view(self, heights: Mapping[UUID, int]) -> None:
        """How high, in pixels, each track's picture is shown; what is not there is not shown."""
        self.downlink.view(heights, self._port.clock.monotonic())

    def set_muted(self, source: Source, *, muted: bool) -> None:
        """Keep a source from being forwarded and tapped, published or yet to be.

        It holds for the seat on this stage, also after a new `connect`.
        """
        self._stage.mute(self.seat, source, muted=muted)

    # ------------------------------------------------------------ transport

    def restart_ice(self, ufrag: str) -> Transport:
        """Our half of a new ICE session of the same connection; what flows goes on meanwhile.

        `ufrag` is the other side's. Gone when this peer is closed, Refused when it is no new one.
        """
        if self.is_closed:
            raise Gone("This media connection is closed: connect again.")
        if not self.path.offered(ufrag):
            raise Refused("An ICE restart needs an ice-ufrag that is new.")
        return self._transport()

    def _transport(self) -> Transport:
        return Transport(
            ufrag=self.path.credentials.ufrag,
            password=self.path.credentials.password,
            fingerprint=self._port.certificate.fingerprint,
            setup=self._setup,
            endpoints=self._port.endpoints,
        )

    def _start(self, offer: Offer) -> None:
        """Begin the handshake with the first offer. We are its server unless the other must be."""
        if self._dtls is not None:
            return
        self._fingerprints = offer.fingerprints
        is_server = offer.setup != "passive"
        self._setup = "passive" if is_server else "active"
        self._dtls = Dtls(self._port.certificate, is_server=is_server, send=self._send_raw)
        self._dtls.on_close(self._lose)
        self._handshake = self._port.start(self._shake_hands(self._dtls), "dtls-handshake")

    async def _shake_hands(self, dtls: Dtls) -> None:
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                await self._reachable.wait()
                is_done = await dtls.handshake(self._fingerprints)
        except TimeoutError:
            is_done = False
        if not is_done or self.is_closed:
            self._lose()
            return
        self.is_ready = True
        self._port.opening -= 1
        self._connect_all()
        self._stage.peer_ready(self)

    def _send_raw(self, datagram: bytes) -> None:
        if self.path.remote is not None:
            self._port.send(datagram, self.path.remote)

    def _send_all(self, datagrams: Iterable[bytes]) -> None:
        for datagram in datagrams:
            self._send_raw(datagram)

    def proved(self) -> None:
        """A connectivity check with our password came."""
        self.last_heard = self._port.now

    def moved(self, name: bytes) -> None:
        """Everything goes to this raw address from now on."""
        self.downlink.redirect(name)
        self._reachable.set()

    def dtls_came(self, datagram: bytes) -> Drop | None:
        if self._dtls is None:
            return Drop.UNREADABLE
        if not self._allowances.record(self._port.now):
            return Drop.TOO_OFTEN
        self._dtls.feed(datagram)
        return None

    # ------------------------------------------------------------ packets

    def rtp_came(self, buffer: Any, view: memoryview, size: int) -> Drop | None:
        """A media packet, decrypted in place and handed on."""
        dtls, now = self._dtls, self._port.arrived
        if dtls is None or not dtls.is_ready:
            return Drop.UNREADABLE
        ssrc = _SSRC.unpack_from(view, _SSRC_AT)[0]
        if not self._receptions.published or not self._allowances.may_speak(ssrc):
            return Drop.UNROUTED
        if not self._allowances.media(now):
            return Drop.TOO_OFTEN
        size = self._port.srtp.unprotect(dtls.inbound, buffer, size)
        if size < 0:
            return Drop.UNREADABLE
        self._allowances.spoke(ssrc)
        self.last_heard = now
        header = read_header(view, size)
        if header is None:
            return Drop.MALFORMED
        if self._arrival_extension:
            number = read_extension(view, header, self._arrival_extension)
            if number is not None and len(number) == 2:
                self._arrivals.note(int.from_bytes(number, "big"), now)
        return self._receptions.take(view, header, buffer, now)

    def rtcp_came(self, buffer: Any, view: memoryview, size: int) -> Drop | None:
        """A control packet: reports, losses, keyframe requests."""
        dtls, now = self._dtls, self._port.arrived
        if dtls is None or not dtls.is_ready:
            return Drop.UNREADABLE
        ssrc = _SSRC.unpack_from(view, _SENDER_AT)[0]
        if not self._allowances.may_speak(ssrc):
            return Drop.UNROUTED
        if not self._allowances.control(now, size):
            return Drop.TOO_OFTEN
        size = self._port.srtp.unprotect_rtcp(dtls.inbound, buffer, size)
        if size < 0:
            return Drop.UNREADABLE
        self._allowances.spoke(ssrc)
        self.last_heard = now
        packets = rtcp.read(bytes(view[:size]))
        for packet in packets:
            self._take_report(packet, now)
        return None if packets else Drop.MALFORMED

    def _take_report(self, packet: AnyRtcpPacket, now: float) -> None:
        self.health.heard(packet, self.downlink.rate, rtcp.ntp_time(self._unix_now()))
        self.receipts.heard(packet, self.downlink.rate, now)
        if isinstance(packet, RtcpSrPacket):
            reception = self._receptions.by_ssrc(packet.ssrc)
            if reception is not None:
                reception.reported(packet, now)
        self._send_all(self.downlink.heard(packet, self._allowances, now))

    # ------------------------------------------------------------ what is due

    def tick(self, now: float) -> None:
        """About every 25 ms; who only receives has nothing to do but once a second."""
        if self.downlink.is_probing:
            self._send_all(self.downlink.probes(now))
        if now < self._report_at and not self._receptions.published:
            return
        if now - self.last_heard > CONSENT_SECONDS:
            self._lose()
        elif self.is_ready:
            for request in self._receptions.requests(self._ssrc, now):
                self._send_rtcp(request)
            if now >= self._feedback_at:
                self._feedback_at = now + _FEEDBACK_SECONDS
                self._feed_back()
            if now >= self._report_at:
                self._report(now)

    def _feed_back(self) -> None:
        some = next((reception.ssrc for reception in self._receptions.all()), 0)
        for feedback in self._arrivals.reports(self._ssrc, some):
            self._send_rtcp(feedback)

    def _report(self, now: float) -> None:
        self._report_at = now + _REPORT_SECONDS
        report = self._receptions.report(self._ssrc, self.health, now)
        if report:
            self._send_rtcp(report)
        self.downlink.review(now)
        self.receipts.sent(now, is_flowing=self.downlink.is_flowing)
        self.health.layer = self.downlink.layer
        for sent in self.downlink.reports(now, rtcp.ntp_time(self._unix_now()), self._cname):
            self._send_rtcp(sent)

    def _unix_now(self) -> float:
        return self._port.clock.now().timestamp()

    def _ask_keyframe(self, reception: Reception) -> None:
        self._send_rtcp(rtcp.picture_loss(self._ssrc, reception.ssrc))

    def _send_rtcp(self, packet: bytes) -> None:
        dtls, remote = self._dtls, self.path.remote
        if dtls is None or not dtls.is_ready or remote is None or self.is_closed:
            return
        if len(packet) + _SRTCP_TRAILER > SLOT:
            return
        ffi.memmove(self._buffer, packet, len(packet))
        size = self._port.srtp.protect_rtcp(dtls.outbound, self._buffer, len(packet))
        if size > 0:
            self._port.send(bytes(ffi.buffer(self._buffer, size)), remote)

    # ------------------------------------------------------------ the end

    def shuffled(self) -> Iterable[Source]:
        """Published sources whose encoder sends B-frames."""
        for reception in self._receptions.all():
            if reception.order is not None and reception.order.is_shuffled:
                yield reception.forwarder.track.source

    def published(self) -> Iterable[Forwarder]:
        return [one.forwarder for one in self._receptions.published.values()]

    def _lose(self) -> None:
        if not self.is_closed:
            dtls = self._close()
            self._stage.peer_lost(self)
            if dtls is not None:
                self._port.start(dtls.aclose(), "dtls-close")

    def retire(self) -> None:
        """Close without telling the stage; the goodbye is said in the background."""
        if not self.is_closed:
            dtls = self._close()
            if dtls is not None:
                self._port.start(dtls.aclose(), "dtls-close")

    async def aclose(self) -> None:
        """Close the connection and remove its tracks at once. Harmless twice."""
        if self.is_closed:
            return
        dtls = self._close()
        self._stage.peer_closed(self)
        if dtls is not None:
            await dtls.aclose()

    def _close(self) -> Dtls | None:
        self._port.opening -= not self.is_ready
        self.is_closed, self.is_ready = True, False
        PEERS.dec()
        if self._handshake is not None:
            self._handshake.cancel()
        self.downlink.disconnect()
        self.path.close()
        return self._dtls
