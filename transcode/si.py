"""What all tables of DVB service information are made of (ETSI EN 300 468). Pure."""

import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

PACKET = 188
NULL_PID, NIT_PID, SDT_PID, EIT_PID, TDT_PID = 0x1FFF, 0x10, 0x11, 0x12, 0x14
SERVICE_ID, TRANSPORT_STREAM_ID, ORIGINAL_NETWORK_ID = 1, 1, 0xFF01

_EPOCH = date(1858, 11, 17)  # of the modified Julian day
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_NEAREST = str.maketrans("ӘәҒғҚқҢңӨөҰұҮүҺһ", "АаГгКкНнОоУуУуХх")  # letters that ISO 8859-5 lacks


class Charset(StrEnum):
    """How texts are coded; its selector is their first byte (EN 300 468, annex A.2)."""

    UTF_8 = "utf-8"
    CYRILLIC = "iso-8859-5"


def packets(
    section: bytes, pid: int, counter: int, *, begins_anew: bool = False
) -> Iterator[bytes]:
    """The section in transport packets, continuity counted on from `counter`; or it `begins_anew` there, which
    the first packet says (discontinuity_indicator, ISO/IEC 13818-1, 2.4.3.5)."""
    data = b"\0" + section  # the pointer field
    start, field = 0x4000, b"\x01\x80" if begins_anew else b""
    while data:
        flags = 0x30 if field else 0x10
        head = b"\x47" + (start | pid).to_bytes(2) + bytes((flags | counter & 15,)) + field
        room = PACKET - len(head)
        yield head + data[:room].ljust(room, b"\xff")
        data, start, field, counter = data[room:], 0, b"", counter + 1


def text(words: str, longest: int, charset: Charset = Charset.UTF_8) -> bytes:
    """The words with their selector byte, cut between letters to `longest` bytes."""
    if not words or longest < 2:
        return b""
    if charset is Charset.CYRILLIC:
        return b"\x01" + words.translate(_NEAREST).encode(charset, "replace")[: longest - 1]
    return b"\x15" + words.encode()[: longest - 1].decode(errors="ignore").encode()


def descriptor(tag: int, body: bytes) -> bytes:
    return bytes((tag, len(body))) + body


def counted(body: bytes, flags: int = 0xF) -> bytes:
    """A loop with its length in twelve bits, behind four `flags`."""
    return (flags << 12 | len(body)).to_bytes(2) + body


def section(table: int, content: bytes) -> bytes:
    """With its head and its checksum; `content` begins behind the length."""
    head = bytes((table,)) + (0xF000 | len(content) + 4).to_bytes(2)
    return head + content + crc32(head + content).to_bytes(4)


def numbers(version: int, number: int, last: int) -> bytes:
    """Version, "is in force", the section's number and that of the last."""
    return bytes((0xC1 | (version & 31) << 1, number, last))


def crc32(data: bytes | bytearray) -> int:
    """CRC-32/MPEG-2: as that of zlib, which reads and writes its bits the other way round."""
    mirrored = zlib.crc32(bytes(data).translate(_REVERSED)) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED))


def mjd_and_bcd(moment: datetime) -> bytes:
    moment = moment.astimezone(UTC)
    since_midnight = timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)
    return (moment.date() - _EPOCH).days.to_bytes(2) + bcd(since_midnight)


def bcd(duration: timedelta) -> bytes:
    seconds = int(duration.total_seconds())
    return bytes.fromhex(f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}")
