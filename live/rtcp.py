"""Control packets read and written (RFC 3550, 4585, 5104), with aiortc's packet classes.

Bytes of strangers become a list of known packets or nothing, and never more of them than they are
worth; the rest of the module writes.
"""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from aiortc.rtp import (
    RTCP_BYE,
    RTCP_PSFB,
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RR,
    RTCP_RTPFB,
    RTCP_RTPFB_NACK,
    RTCP_SR,
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSourceInfo,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)

_SENDER_REPORT: Final = struct.Struct("!BBHIQIII")
_NTP_TO_1970: Final = 2_208_988_800
_CNAME: Final = 1
_MOST_PACKETS: Final = 40  # read of one compound
_MOST_NACKED: Final = 128
_MOST_REQUESTS: Final = 32  # in one FIR
_KINDS: Final[Mapping[int, Callable[[bytes, int], AnyRtcpPacket]]] = {
    RTCP_SR: RtcpSrPacket.parse,
    RTCP_RR: RtcpRrPacket.parse,
    RTCP_BYE: RtcpByePacket.parse,
    RTCP_PSFB: RtcpPsfbPacket.parse,
}


def read(data: bytes) -> list[AnyRtcpPacket]:
    """The packets of a compound that we act upon; none when it is malformed."""
    try:
        read_ = (_packet(kind, count, body) for kind, count, body in _split(data))
        return [packet for packet in read_ if packet is not None]
    except (ValueError, struct.error, IndexError):
        return []


def _split(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, count and body of each packet (RFC 3550 §6.1)."""
    at = 0
    for _ in range(_MOST_PACKETS):
        if at >= len(data):
            return
        first, kind, words = struct.unpack_from("!BBH", data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            raise ValueError
        padding = data[end - 1] if first & 0x20 else 0
        if padding > 4 * words:
            raise ValueError
        yield kind, first & 0x1F, data[at + 4 : end - padding]
        at = end


def _packet(kind: int, count: int, body: bytes) -> AnyRtcpPacket | None:
    if kind == RTCP_RTPFB:
        own, media = struct.unpack_from("!II", body)
        lost = _lost(body[8:]) if count == RTCP_RTPFB_NACK else []
        return RtcpRtpfbPacket(fmt=count, ssrc=own, media_ssrc=media, lost=lost)
    read_body = _KINDS.get(kind)
    return None if read_body is None else read_body(body, count)


def _lost(fci: bytes) -> list[int]:
    """The sequence numbers of a generic NACK (RFC 4585 §6.2.1), so many and no more."""
    found: list[int] = []
    for first, mask in struct.iter_unpack("!HH", fci[: len(fci) // 4 * 4]):
        found.append(first)
        found += [(first + 1 + bit) & 0xFFFF for bit in range(16) if mask >> bit & 1]
        if len(found) >= _MOST_NACKED:
            break
    return found[:_MOST_NACKED]


def nacked(packet: AnyRtcpPacket) -> list[int]:
    """The sequence numbers that a generic NACK asks for."""
    if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
        return packet.lost[:_MOST_NACKED]
    return []


def keyframe_ssrcs(packet: AnyRtcpPacket) -> list[int]:
    """Whose keyframe a PLI or FIR asks for."""
    if not isinstance(packet, RtcpPsfbPacket):
        return []
    if packet.fmt == RTCP_PSFB_PLI:
        return [packet.media_ssrc]
    if packet.fmt == RTCP_PSFB_FIR:
        whole = min(len(packet.fci) // 8, _MOST_REQUESTS) * 8
        return [entry[0] for entry in struct.iter_unpack("!II", packet.fci[:whole])]
    return []


def estimate(packet: AnyRtcpPacket) -> int | None:
    """Bits a second that a REMB says its sender can take (draft-alvestrand-rmcat-remb)."""
    if not isinstance(packet, RtcpPsfbPacket) or packet.fmt != RTCP_PSFB_APP:
        return None
    try:
        bps, _ = unpack_remb_fci(packet.fci)
    except (ValueError, struct.error, IndexError):
        return None
    return int(bps)


def picture_loss(own: int, media: int) -> bytes:
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=own, media_ssrc=media))


def nack(own: int, media: int, lost: Sequence[int]) -> bytes:
    """Ask again for the sequence numbers `lost`, in ascending order."""
    return bytes(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=own, media_ssrc=media, lost=list(lost)))


def receiver_report(own: int, reports: Sequence[RtcpReceiverInfo]) -> bytes:
    return bytes(RtcpRrPacket(ssrc=own, reports=list(reports)))


def largest_bitrate(own: int, bps: int, ssrcs: Sequence[int]) -> bytes:
    """REMB: what the publisher may send in all."""
    fci = pack_remb_fci(bps, list(ssrcs))
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=own, media_ssrc=0, fci=fci))


def sender_report(ssrc: int, ntp: int, rtp: int, packets: int, octets: int) -> bytes:
    """Without reception blocks (RFC 3550 §6.4.1); once a second and stream."""
    return _SENDER_REPORT.pack(
        0x80, RTCP_SR, 6, ssrc, ntp, rtp, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
    )


def description(ssrcs: Sequence[int], cname: str) -> bytes:
    """The SDES that ends a compound of reports about these streams."""
    named = [(_CNAME, cname.encode())]
    return bytes(RtcpSdesPacket(chunks=[RtcpSourceInfo(ssrc, named) for ssrc in ssrcs]))


def ntp_time(unix_seconds: float) -> int:
    """NTP time, 32.32 fixed point."""
    return int((unix_seconds + _NTP_TO_1970) * (1 << 32))
