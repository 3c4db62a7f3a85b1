"""Control packets read and written (RFC 3550, 4585, 5104), with aiortc's packet classes.

Bytes of strangers become a list of known packets or nothing; the rest of the module writes.
"""

import struct
from collections.abc import Sequence
from typing import Final

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)

_NTP_TO_1970: Final = 2_208_988_800
_CNAME: Final = 1
_MOST_NACKED: Final = 128


def read(data: bytes) -> list[AnyRtcpPacket]:
    """The packets of a compound that we know; none when it is malformed."""
    try:
        return RtcpPacket.parse(data)
    except (ValueError, struct.error, IndexError):
        return []


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
        whole = len(packet.fci) // 8 * 8
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
    info = RtcpSenderInfo(
        ntp_timestamp=ntp,
        rtp_timestamp=rtp,
        packet_count=packets & 0xFFFFFFFF,
        octet_count=octets & 0xFFFFFFFF,
    )
    return bytes(RtcpSrPacket(ssrc=ssrc, sender_info=info))


def description(ssrc: int, cname: str) -> bytes:
    """The SDES that ends a compound."""
    return bytes(RtcpSdesPacket(chunks=[RtcpSourceInfo(ssrc, [(_CNAME, cname.encode())])]))


def ntp_time(unix_seconds: float) -> int:
    """NTP time, 32.32 fixed point."""
    return int((unix_seconds + _NTP_TO_1970) * (1 << 32))
