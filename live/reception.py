"""What one publisher sends: its streams told apart, their losses asked for again, their reports."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiortc.rtp import RtcpReceiverInfo, RtcpSrPacket

from live import rtcp
from live.forwarder import Forwarder
from live.health import Health
from live.ice import Drop
from live.layer import Layer
from live.leg import SILENCE
from live.losses import Losses
from live.negotiation import Chosen
from live.picture_order import PictureOrder
from live.rtp import Header, read_extension
from live.rtp_clock import RtpClock, SenderClock
from live.sdp import LEVEL_EXTENSION, MID_EXTENSION, REPAIRED_RID_EXTENSION, RID_EXTENSION, Section

_MOST_STREAMS: Final = 64  # of one publisher
_MOST_BLOCKS: Final = 31  # of a report (RFC 3550 §6.4.2)
_UNLIMITED_BPS: Final = 20_000_000
_RESTART: Final = 3000  # sequence numbers that no loss explains


class Reception:
    """One incoming stream."""

    def __init__(self, ssrc: int, forwarder: Forwarder, layer: Layer, sender: SenderClock) -> None:
        self.ssrc = ssrc
        self.forwarder = forwarder
        self.layer = layer
        self.clock = RtpClock(forwarder.rate, sender, is_sound=not forwarder.is_video)
        self.order = PictureOrder() if forwarder.is_video else None
        self._rate = forwarder.rate
        self._first = self._highest = -1  # unwrapped
        self._received = 0
        self.losses = Losses()
        self._jitter = 0.0
        self._transit: float | None = None
        self._expected_before = self._received_before = 0
        self._last_report = (0, 0.0)  # middle of the NTP time, when it came

    def take(  # noqa: PLR0917 - once a packet
        self,
        sequence: int,
        timestamp: int,
        marker: int,
        pointer: Any,
        payload: memoryview,
        level: int,
        is_repair: bool,
        now: float,
        /,
    ) -> None:
        """A packet of the stream, fresh or resent."""
        self._account(sequence, timestamp, now, is_repair=is_repair)
        ticks = self.clock.ticks(timestamp, now)
        self.forwarder.push(
            self.layer, sequence, timestamp, marker, ticks, pointer, payload, level, now
        )

    def _account(self, sequence: int, timestamp: int, now: float, *, is_repair: bool) -> None:
        self._received += 1
        if self._highest < 0:
            self._first = self._highest = sequence
            return
        ahead = (sequence - self._highest + 0x8000 & 0xFFFF) - 0x8000
        if abs(ahead) > _RESTART:
            self._first = self._highest = sequence
            self.losses.forget()
        elif ahead > 0:
            if self.order is not None:
                self.order.note(timestamp)
            if ahead > 1:
                self.losses.skipped(range(self._highest + 1, self._highest + ahead), now)
            self._highest += ahead
            self._measure(timestamp, now)
        else:
            self.losses.came(self._highest + ahead, now, is_repair=is_repair)

    def _measure(self, timestamp: int, now: float) -> None:
        """RFC 3550 §6.4.1."""
        transit = now * self._rate - timestamp
        if self._transit is not None:
            distance = abs(transit - self._transit)
            if distance < self._rate * 10:
                self._jitter += (distance - self._jitter) / 16
        self._transit = transit

    def lost(self, now: float) -> list[int]:
        """The sequence numbers to ask for again now."""
        return [number & 0xFFFF for number in self.losses.due(now)] if self.losses else []

    def reported(self, report: RtcpSrPacket, now: float) -> None:
        """A sender report of the stream."""
        info = report.sender_info
        self.clock.reported(info.ntp_timestamp, info.rtp_timestamp, now)
        self._last_report = (info.ntp_timestamp >> 16 & 0xFFFFFFFF, now)

    def report(self, now: float) -> RtcpReceiverInfo:
        """The reception report block that is due."""
        expected = self._highest - self._first + 1
        expected_now = expected - self._expected_before
        lost_now = expected_now - (self._received - self._received_before)
        self._expected_before, self._received_before = expected, self._received
        fraction = max(0, min(255, lost_now * 256 // expected_now)) if expected_now > 0 else 0
        middle, came = self._last_report
        return RtcpReceiverInfo(
            ssrc=self.ssrc,
            fraction_lost=fraction,
            packets_lost=max(-0x800000, min(0x7FFFFF, expected - self._received)),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=int(self._jitter) & 0xFFFFFFFF,
            lsr=middle,
            dlsr=int((now - came) * 65536) & 0xFFFFFFFF if middle else 0,
        )


@dataclass(slots=True, eq=False)
class Published:
    """A section that publishes."""

    section: Section
    chosen: Chosen
    forwarder: Forwarder
    receptions: dict[int, Reception] = field(default_factory=dict)

    def owns(self, ssrc: int) -> bool:
        return ssrc in self.section.ssrcs or ssrc in self.section.repairs

    def repaired(self, rid: str) -> Reception | None:
        """The stream that a repair stream of this rid is about; without simulcast the only one."""
        for reception in self.receptions.values():
            if not self.chosen.rids or reception.layer.rid == rid:
                return reception
        return None


class Receptions:
    """All the streams of one publisher, by SSRC. What the offer did not name is told by its mid,
    and the layer by its rid (RFC 8852).
    """

    def __init__(self, ask_keyframe: Callable[[Reception], None]) -> None:
        self.published: dict[str, Published] = {}
        self._streams: dict[int, tuple[Published, Reception]] = {}
        self._told: dict[tuple[int, int], str] = {}  # SSRC and extension -> mid or rid
        self._sender = SenderClock()
        self._ask_keyframe = ask_keyframe
        self._mid = self._rid = self._repaired_rid = self._level = 0  # extension numbers

    def replace(self, published: Mapping[str, Published]) -> None:
        """The sections that publish from now on; unchanged ones keep their streams."""
        kept = {
            mid: old
            for mid, old in self.published.items()
            if mid in published
            and published[mid].forwarder is old.forwarder
            and published[mid].chosen.rids == old.chosen.rids
        }
        for mid, old in kept.items():
            old.section, old.chosen = published[mid].section, published[mid].chosen
        self.published = {**published, **kept}
        self._streams = {
            ssrc: stream
            for ssrc, stream in self._streams.items()
            if self.published.get(stream[0].section.mid) is stream[0]
        }
        self._mid = self._number(MID_EXTENSION)
        self._rid = self._number(RID_EXTENSION)
        self._repaired_rid = self._number(REPAIRED_RID_EXTENSION)
        self._level = self._number(LEVEL_EXTENSION)

    def _number(self, uri: str) -> int:
        """One number for all sections of a bundle (RFC 8285 §6)."""
        return max(
            (one.chosen.extensions.get(uri, 0) for one in self.published.values()), default=0
        )

    def all(self) -> Iterable[Reception]:
        for published in self.published.values():
            yield from published.receptions.values()

    def by_ssrc(self, ssrc: int) -> Reception | None:
        found = self._streams.get(ssrc)
        return found[1] if found is not None else None

    def requests(self, ours: int, now: float) -> Iterator[bytes]:
        """What is to be sent again (RTCP; `ours` is the SSRC that asks)."""
        for reception in self.all():
            lost = reception.lost(now)
            if lost:
                yield rtcp.nack(ours, reception.ssrc, lost)

    def report(self, ours: int, health: Health, now: float) -> bytes:
        """How all of it is received (RTCP), for the publisher and for `health`; empty while nothing is."""
        receptions = list(self.all())
        if not receptions:
            return b""
        blocks = [reception.report(now) for reception in receptions]
        health.told(blocks, self._rate)
        report = rtcp.receiver_report(ours, blocks[:_MOST_BLOCKS])
        if any("goog-remb" in one.chosen.format.feedback for one in self.published.values()):
            ssrcs = [reception.ssrc for reception in receptions]
            report += rtcp.largest_bitrate(ours, _UNLIMITED_BPS, ssrcs)
        return report

    def _rate(self, ssrc: int) -> int | None:
        """Ticks a second of a stream's clock."""
        reception = self.by_ssrc(ssrc)
        return reception.forwarder.rate if reception is not None else None

    def take(self, view: memoryview, header: Header, buffer: Any, now: float, /) -> Drop | None:
        """Send a packet on its way to the forwarder of its section."""
        stream = self._streams.get(header.ssrc) or self._introduce(view, header)
        if stream is None:
            return Drop.UNROUTED
        published, reception = stream
        at, end = header.payload_at, header.payload_at + header.payload_size
        sequence = header.sequence
        is_repair = header.payload_type != published.chosen.format.payload_type
        if is_repair:
            if not self._is_repair(published, header):
                return Drop.UNROUTED
            sequence = view[at] << 8 | view[at + 1]
            at += 2
        level = SILENCE
        if not reception.forwarder.is_video:
            level = self._loudness(view, header, reception, now)
        reception.take(
            sequence,
            header.timestamp,
            header.marker,
            buffer + at,
            view[at:end],
            level,
            is_repair,
            now,
        )
        return None

    def _loudness(self, view: memoryview, header: Header, reception: Reception, now: float) -> int:
        """The audio level of a packet, whose lower seven bits count."""
        value = read_extension(view, header, self._level) if self._level else None
        if not value:
            return SILENCE
        reception.forwarder.loudness.note(value[0] & 0x7F, now)
        return value[0]

    def _is_repair(self, published: Published, header: Header) -> bool:
        repair = published.chosen.repair
        return (
            repair is not None
            and header.payload_type == repair.payload_type
            and header.payload_size >= 2
        )

    def _introduce(self, view: memoryview, header: Header) -> tuple[Published, Reception] | None:
        """Find out to which section and layer an unheard-of SSRC belongs."""
        published = self._owner(view, header)
        if published is None or len(self._streams) >= _MOST_STREAMS:
            return None
        if header.payload_type == published.chosen.format.payload_type:
            rid = self._text(view, header, self._rid)
            layer = self._layer(published, rid)
            reception = None if layer is None else self._begin(published, layer, header.ssrc)
        elif self._is_repair(published, header):
            rid = self._text(view, header, self._repaired_rid)
            repaired = published.section.repairs.get(header.ssrc, 0)
            reception = published.receptions.get(repaired) or published.repaired(rid)
        else:
            return None
        if reception is None:
            return None
        self._streams[header.ssrc] = published, reception
        return published, reception

    def _text(self, view: memoryview, header: Header, number: int) -> str:
        """A mid or rid: acknowledged, senders leave it out (RFC 8852 §3), also after a pause."""
        value = read_extension(view, header, number) if number else None
        if value is None:
            return self._told.get((header.ssrc, number), "")
        text = value.decode("ascii", "replace")
        if len(self._told) < 3 * _MOST_STREAMS:
            self._told[header.ssrc, number] = text
        return text

    def _owner(self, view: memoryview, header: Header) -> Published | None:
        mid = self._text(view, header, self._mid)
        if mid:
            return self.published.get(mid)
        for published in self.published.values():
            if published.owns(header.ssrc):
                return published
        fits = [
            published
            for published in self.published.values()
            if any(header.payload_type == f.payload_type for f in published.chosen.formats)
        ]
        return fits[0] if len(fits) == 1 else None

    def _layer(self, published: Published, rid: str) -> Layer | None:
        """A stream without simulcast is the only layer, whatever it calls itself."""
        layers = published.forwarder.layers
        return published.forwarder.layer(rid) if published.chosen.rids else layers[0]

    def _begin(self, published: Published, layer: Layer, ssrc: int) -> Reception:
        """The stream of a layer begins, or begins anew with another SSRC."""
        for old in [one for one in published.receptions.values() if one.layer is layer]:
            del published.receptions[old.ssrc]
            self._streams = {
                s: stream for s, stream in self._streams.items() if stream[1] is not old
            }
        reception = Reception(ssrc, published.forwarder, layer, self._sender)
        published.receptions[ssrc] = reception
        published.forwarder.begin(layer, reception.clock, lambda: self._ask_keyframe(reception))
        return reception
