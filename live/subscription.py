"""One track on its way to one seat: its leg, what is sent again, its sender reports."""

import secrets
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from prometheus_client import Counter

from live import rtcp
from live.adapter import Dtls, Srtp
from live.datagrams import SLOT, ffi
from live.forwarder import JOIN_PATIENCE_SECONDS, LOSS_PATIENCE_SECONDS, Forwarder
from live.layers import Choice, sorted_by_size
from live.leg import NO_LAYER, Leg, Run, Sent, send_time
from live.negotiation import Chosen
from live.packet_cache import Cached
from live.rtp import HEADER_BYTES, write_elements
from live.sdp import LEVEL_EXTENSION, MID_EXTENSION, SEND_TIME_EXTENSION, Section
from live.sdp_answer import Outgoing

RESENT = Counter("daris_live_packets_resent_total", "Packets sent again because of a NACK")
PROBED = Counter("daris_live_probe_packets_total", "Packets sent to find out what a seat can take")
CHANGES = Counter("daris_live_layer_changes_total", "Layers chosen anew for a seat")

_HEADER: Final = struct.Struct("!BBHII")
_HANDSHAKE_SECONDS: Final = 0.1  # from the answer until packets may flow, mostly less
_PROBE_REACH: Final = 64  # packets back that a probe repeats
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
        self.target = 0
        """The index of the layer that is aimed at, or NO_LAYER."""
        self._timestamp_offset = secrets.randbits(32)
        self._repair_sequence = secrets.randbits(15)

    def choose(self, section: Section, forwarder: Forwarder, chosen: Chosen) -> None:
        """Carry this track from now on; `connect` follows."""
        if forwarder is not self.forwarder or chosen != self._chosen:
            self.disconnect()
            self.target = _first_layer(forwarder)
        self.section, self.forwarder, self._chosen = section, forwarder, chosen

    def expect(self, now: float) -> None:
        """Ask for a keyframe already, unless the last one can still be replayed after the handshake."""
        forwarder = self.forwarder
        if self._leg is not None or forwarder is None:
            return
        if not forwarder.has_entry(self.target, now + _HANDSHAKE_SECONDS):
            self._want_target(forwarder, now, JOIN_PATIENCE_SECONDS)

    def connect(self, dtls: Dtls, name: bytes, now: float) -> None:
        """Let packets flow, from the next keyframe on, which is asked for."""
        forwarder, chosen = self.forwarder, self._chosen
        if self._leg is not None or forwarder is None or chosen is None:
            return
        numbers = chosen.extensions
        mid = numbers.get(MID_EXTENSION)
        elements = write_elements(
            (mid, self.section.mid) if mid else None,
            time=numbers.get(SEND_TIME_EXTENSION, 0),
            level=0 if forwarder.is_video else numbers.get(LEVEL_EXTENSION, 0),
        )
        leg = Leg(
            outbound=dtls.outbound,
            outbound_address=dtls.outbound_address,
            name=name,
            ssrc=self.ssrc,
            payload_type=chosen.format.payload_type,
            timestamp_offset=self._timestamp_offset,
            extension=elements.data,
            time_at=elements.time_at,
            level_at=elements.level_at,
            target=self.target,
        )
        self._continue(leg)
        forwarder.add(leg)
        self._leg = leg
        if forwarder.replay(leg, now):
            forwarder.need(self.target, now)
        else:
            self._want_target(forwarder, now, JOIN_PATIENCE_SECONDS)

    def _continue(self, leg: Leg) -> None:
        """Libsrtp wants a first sequence number in the lower half (its rollover counter)."""
        before = self._last
        leg.highest = before.highest if before else secrets.randbits(15)
        if before:
            leg.packets, leg.octets = before.packets, before.octets
            leg.last_timestamp = before.last_timestamp

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

    # ------------------------------------------------------------ layers

    def aim(self, choice: Choice, now: float) -> None:
        """Change over to the chosen layer at its next keyframe; without one nothing is sent."""
        if self.forwarder is not None and choice.ideal is not None:
            self.forwarder.need(choice.ideal.index, now)
        if self.forwarder is not None and choice.layer is not None:
            self.forwarder.need(choice.layer.index, now)
        target = NO_LAYER if choice.layer is None else choice.layer.index
        if target == self.target:
            return
        self.target = target
        CHANGES.inc()
        if self._leg is not None and self.forwarder is not None:
            self.forwarder.fan.aim(self._leg, target)
            self._want_target(self.forwarder, now, JOIN_PATIENCE_SECONDS)

    def _want_target(self, forwarder: Forwarder, now: float, patience: float) -> None:
        if self.target < len(forwarder.layers):
            forwarder.need(self.target, now)
            forwarder.want_keyframe(now, patience, self.target)

    @property
    def layer(self) -> str | None:
        """The rid of the layer that flows; None while none does."""
        sent = self.sent()
        if sent is None or self.forwarder is None or sent.accepts >= len(self.forwarder.layers):
            return None
        return self.forwarder.layers[sent.accepts].rid

    def sent(self) -> Sent | None:
        leg, forwarder = self._leg, self.forwarder
        return None if leg is None or forwarder is None else forwarder.fan.sent(leg)

    # ------------------------------------------------------------ feedback

    def keyframe_wanted(self, now: float) -> None:
        sent = self.sent()
        if sent is None or self.forwarder is None:
            return
        layer = sent.accepts if sent.accepts != NO_LAYER else self.target
        self.forwarder.want_keyframe(now, LOSS_PATIENCE_SECONDS, layer)

    def resends(self, lost: Sequence[int]) -> list[bytes]:
        """The encrypted packets that answer a NACK, as far as they are cached."""
        leg, forwarder, sent = self._leg, self.forwarder, self.sent()
        if leg is None or forwarder is None or sent is None:
            return []
        found: list[bytes] = []
        for sequence in lost:
            origin = sent.origin(sequence)
            if origin is None:
                continue
            run, theirs = origin
            cached = forwarder.cached(run.layer, theirs)
            if cached is not None:
                found.append(self._resend(leg, run, sequence, cached))
        RESENT.inc(len(found))
        return found

    def probes(self, size: int) -> Iterator[bytes]:
        """Recent packets once more, about `size` bytes of them; none without RFC 4588.

        A receiver drops them as doubled, after they have shown what its path can take.
        """
        leg, forwarder, sent = self._leg, self.forwarder, self.sent()
        if leg is None or forwarder is None or sent is None or not self._can_probe:
            return
        for back in range(_PROBE_REACH):
            sequence = sent.highest - back & 0xFFFF
            origin = sent.origin(sequence)
            cached = forwarder.cached(origin[0].layer, origin[1]) if origin is not None else None
            if size <= 0 or origin is None:
                return
            if cached is not None:
                PROBED.inc()
                size -= cached.size
                yield self._resend(leg, origin[0], sequence, cached)

    @property
    def _can_probe(self) -> bool:
        return self._chosen is not None and self._chosen.repair is not None

    def _resend(self, leg: Leg, run: Run, sequence: int, cached: Cached) -> bytes:
        """RFC 4588 where negotiated, else the packet as it was."""
        assert self._chosen is not None
        repair, original = self._chosen.repair, b""
        kind, ssrc = leg.payload_type, leg.ssrc
        if repair is not None:
            original = sequence.to_bytes(2, "big")
            self._repair_sequence = sequence = (self._repair_sequence + 1) & 0xFFFF
            kind, ssrc = repair.payload_type, self.repair_ssrc
        timestamp = (cached.timestamp + run.timestamp_offset) & 0xFFFFFFFF
        first = 0x90 if leg.extension else 0x80
        head = leg.extension + original
        at = HEADER_BYTES + len(head)
        _HEADER.pack_into(
            _scratch_view, 0, first, cached.marker << 7 | kind, sequence, timestamp, ssrc
        )
        _scratch_view[HEADER_BYTES:at] = head
        if leg.time_at:
            stamp = send_time(time.monotonic()).to_bytes(3, "big")
            _scratch_view[HEADER_BYTES + leg.time_at : HEADER_BYTES + leg.time_at + 3] = stamp
        ffi.memmove(_scratch + at, cached.payload, cached.size)
        size = self._srtp.protect(leg.outbound, _scratch, at + cached.size)
        return bytes(_scratch_view[: max(size, 0)])

    def report(self, now: float, ntp: int) -> bytes:
        """The sender report that is due; empty before the publisher's first or without media."""
        forwarder, sent = self.forwarder, self.sent()
        if forwarder is None or sent is None or not sent.packets or sent.now.layer == NO_LAYER:
            return b""
        timestamp = forwarder.timestamp_at(sent.now.layer, now)
        if timestamp is None:
            return b""
        rtp = (timestamp + sent.now.timestamp_offset) & 0xFFFFFFFF
        return rtcp.sender_report(self.ssrc, ntp, rtp, sent.packets, sent.octets)


def _first_layer(forwarder: Forwarder) -> int:
    """The best layer that is there already: who joins sees something at once."""
    options = sorted_by_size(forwarder.options())
    awake = [option for option in options if option.is_awake] or options
    return awake[-1].index
