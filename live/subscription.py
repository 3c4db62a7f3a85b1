"""One track on its way to one seat: its leg, what is sent again, its sender reports."""

import secrets
import struct
from collections.abc import Sequence
from typing import Any, Final

from prometheus_client import Counter

from live import rtcp
from live.adapter import Dtls, Srtp
from live.datagrams import SLOT, ffi
from live.forwarder import JOIN_PATIENCE_SECONDS, LOSS_PATIENCE_SECONDS, Forwarder
from live.ice import Allowance
from live.leg import Leg, Sent, Waits
from live.negotiation import Chosen
from live.packet_cache import Cached
from live.rtp import HEADER_BYTES, write_mid_extension
from live.sdp import MID_EXTENSION, Outgoing, Section

RESENT = Counter("daris_live_packets_resent_total", "Packets sent again because of a NACK")

_HEADER: Final = struct.Struct("!BBHII")
_RESENDS_PER_SECOND: Final = 400
_scratch: Final[Any] = ffi.new("char[]", SLOT)  # the event loop's only
_scratch_view: Final = memoryview(ffi.buffer(_scratch))


class Subscription:
    """A receiving section of a seat. Its SSRC stays when the track behind it changes."""

    def __init__(self, section: Section, srtp: Srtp) -> None:
        self.section = section
        self.ssrc = secrets.randbits(31) + 1
        self.repair_ssrc = secrets.randbits(31) + 1
        self.forwarder: Forwarder | None = None
        self._chosen: Chosen | None = None
        self._srtp = srtp
        self._leg: Leg | None = None
        self._last: Leg | None = None  # where to go on
        self._timestamp_offset = secrets.randbits(32)
        self._repair_sequence = secrets.randbits(15)
        self._allowance = Allowance(_RESENDS_PER_SECOND, _RESENDS_PER_SECOND)

    def choose(self, section: Section, forwarder: Forwarder, chosen: Chosen) -> None:
        """Carry this track from now on; `connect` follows."""
        if forwarder is not self.forwarder or chosen != self._chosen:
            self.disconnect()
        self.section, self.forwarder, self._chosen = section, forwarder, chosen

    def connect(self, dtls: Dtls, name: bytes, now: float) -> None:
        """Let packets flow, from the next keyframe on, which is asked for."""
        forwarder, chosen = self.forwarder, self._chosen
        if self._leg is not None or forwarder is None or chosen is None:
            return
        mid = chosen.extensions.get(MID_EXTENSION)
        leg = Leg(
            outbound=dtls.outbound,
            outbound_address=dtls.outbound_address,
            name=name,
            ssrc=self.ssrc,
            payload_type=chosen.format.payload_type,
            timestamp_offset=self._timestamp_offset,
            extension=write_mid_extension(mid, self.section.mid) if mid else b"",
            waits=Waits.KEY if forwarder.is_video else Waits.ANY,
        )
        self._continue(leg)
        forwarder.add(leg)
        self._leg = leg
        forwarder.want_keyframe(now, JOIN_PATIENCE_SECONDS)

    def _continue(self, leg: Leg) -> None:
        """Libsrtp wants a first sequence number in the lower half (its rollover counter)."""
        before = self._last
        leg.last_sequence = before.last_sequence if before else secrets.randbits(15)
        if before:
            leg.packets, leg.octets = before.packets, before.octets

    def disconnect(self) -> None:
        """Stop the flow; `connect` goes on with the same numbers."""
        leg, self._leg = self._leg, None
        if leg is not None and self.forwarder is not None:
            self.forwarder.remove(leg)
            self._last = leg

    def forget(self) -> None:
        """Carry nothing until the next `choose`."""
        self.disconnect()
        self.forwarder = self._chosen = None

    def redirect(self, name: bytes) -> None:
        if self._leg is not None and self.forwarder is not None:
            self.forwarder.fan.redirect(self._leg, name)

    def outgoing(self, cname: str) -> Outgoing | None:
        """What the answer says of this stream."""
        if self.forwarder is None or self._chosen is None:
            return None
        track = self.forwarder.track
        repair = self.repair_ssrc if self._chosen.repair else None
        stream = str(track.seat) if track.source != "screen" else f"{track.seat}-screen"
        return Outgoing(self.ssrc, repair, cname, stream, str(track.id))

    @property
    def chosen(self) -> Chosen | None:
        return self._chosen

    # ------------------------------------------------------------ feedback

    def keyframe_wanted(self, now: float) -> None:
        if self.forwarder is not None:
            self.forwarder.want_keyframe(now, LOSS_PATIENCE_SECONDS)

    def resends(self, lost: Sequence[int], now: float) -> list[bytes]:
        """The encrypted packets that answer a NACK, as far as they are cached and allowed."""
        leg, forwarder = self._leg, self.forwarder
        if leg is None or forwarder is None:
            return []
        sent = forwarder.fan.sent(leg)
        found: list[bytes] = []
        for sequence in lost:
            if (sent.last_sequence - sequence) & 0xFFFF >= sent.packets - sent.packets_before:
                continue  # of another track, before a switch
            cached = forwarder.cached((sequence - sent.sequence_offset) & 0xFFFF)
            if cached is not None and self._allowance.take(now):
                found.append(self._resend(leg, sequence, cached))
        RESENT.inc(len(found))
        return found

    def _resend(self, leg: Leg, sequence: int, cached: Cached) -> bytes:
        """RFC 4588 where negotiated, else the packet as it was."""
        assert self._chosen is not None
        repair, original = self._chosen.repair, b""
        kind, ssrc = leg.payload_type, leg.ssrc
        if repair is not None:
            original = sequence.to_bytes(2, "big")
            self._repair_sequence = sequence = (self._repair_sequence + 1) & 0xFFFF
            kind, ssrc = repair.payload_type, self.repair_ssrc
        timestamp = (cached.timestamp + leg.timestamp_offset) & 0xFFFFFFFF
        first = 0x90 if leg.extension else 0x80
        head = leg.extension + original
        at = HEADER_BYTES + len(head)
        _HEADER.pack_into(
            _scratch_view, 0, first, cached.marker << 7 | kind, sequence, timestamp, ssrc
        )
        _scratch_view[HEADER_BYTES:at] = head
        ffi.memmove(_scratch + at, cached.payload, cached.size)
        size = self._srtp.protect(leg.outbound, _scratch, at + cached.size)
        return bytes(_scratch_view[: max(size, 0)])

    def report(self, now: float, unix_now: float) -> bytes:
        """The sender report that is due; empty before the publisher's first or without media."""
        leg, forwarder = self._leg, self.forwarder
        if leg is None or forwarder is None:
            return b""
        timestamp = forwarder.timestamp_at(now)
        sent: Sent = forwarder.fan.sent(leg)
        if timestamp is None or not sent.packets:
            return b""
        rtp = (timestamp + leg.timestamp_offset) & 0xFFFFFFFF
        return rtcp.sender_report(
            self.ssrc, rtcp.ntp_time(unix_now), rtp, sent.packets, sent.octets
        )
