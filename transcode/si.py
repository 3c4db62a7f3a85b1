"""DVB service information as bytes (ETSI EN 300 468): what FFmpeg's muxer does not write. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

PACKET = 188
NULL_PID, SDT_PID, EIT_PID, TDT_PID = 0x1FFF, 0x11, 0x12, 0x14
SERVICE_ID, TRANSPORT_STREAM_ID, ORIGINAL_NETWORK_ID = 1, 1, 0xFF01

_LANGUAGES = {"kk": b"kaz", "ru": b"rus", "en": b"eng"}  # ISO 639-1 to 639-2
_UTF_8 = b"\x15"  # EN 300 468, annex A.2, table A.4
_LONGEST_NAME, _LONGEST_TEXT = 120, 200  # bytes
_RUNNING, _NOT_RUNNING = 4, 1
_SDT_FLAGS_AT = 13  # of the section: reserved bits, EIT schedule, EIT present/following
_EPOCH = date(1858, 11, 17)  # of the modified Julian day


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the guide; titles and texts by language."""

    id: int  # 16 bits
    starts_at: datetime
    duration: timedelta
    titles: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)


def event_information(event: Event | None, *, is_present: bool, version: int) -> bytes:
    """A section of EIT present/following, actual: section 0 is what is on air, 1 what follows."""
    number = 0 if is_present else 1
    body = _event(event, _RUNNING if is_present else _NOT_RUNNING) if event else b""
    head = bytes((0xC1 | (version & 31) << 1, number, 1))
    ids = TRANSPORT_STREAM_ID.to_bytes(2) + ORIGINAL_NETWORK_ID.to_bytes(2)
    content = SERVICE_ID.to_bytes(2) + head + ids + bytes((1, 0x4E)) + body
    return _section(0x4E, content)


def time_and_date(moment: datetime) -> bytes:
    """The TDT, which has no CRC."""
    return b"\x70\x70\x05" + _mjd_and_bcd(moment)


def with_guide_announced(sdt: bytes) -> bytes:
    """The first service of an SDT section said to have EIT present/following."""
    flagged = bytearray(sdt[:-4])
    flagged[_SDT_FLAGS_AT] |= 0x01
    return bytes(flagged) + crc32(flagged).to_bytes(4)


def packets(section: bytes, pid: int, counter: int) -> Iterator[bytes]:
    """The section in transport packets, continuity counted on from `counter`."""
    data = b"\0" + section  # the pointer field
    for number, at in enumerate(range(0, len(data), PACKET - 4)):
        start = 0x4000 if number == 0 else 0
        head = b"\x47" + (start | pid).to_bytes(2) + bytes((0x10 | (counter + number) & 15,))
        yield head + data[at : at + PACKET - 4].ljust(PACKET - 4, b"\xff")


def text(words: str, longest: int = _LONGEST_TEXT) -> bytes:
    """UTF-8 with its selector byte, cut between letters."""
    if not words:
        return b""
    return _UTF_8 + words.encode()[: longest - 1].decode(errors="ignore").encode()


def crc32(data: Sequence[int]) -> int:
    """CRC-32/MPEG-2: not reflected, no final inversion."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc << 8 & 0xFFFFFFFF) ^ _CRC[crc >> 24 ^ byte]
    return crc


def _event(event: Event, running: int) -> bytes:
    languages = list(dict.fromkeys([*event.titles, *event.texts]))[:4]
    descriptors = b"".join(_short_event(event, language) for language in languages)
    return (
        event.id.to_bytes(2)
        + _mjd_and_bcd(event.starts_at)
        + _bcd(min(event.duration, timedelta(hours=99)))
        + (running << 13 | len(descriptors)).to_bytes(2)
        + descriptors
    )


def _short_event(event: Event, language: str) -> bytes:
    name = text(event.titles.get(language, ""), _LONGEST_NAME)
    about = text(event.texts.get(language, ""), 250 - len(name))
    code = _LANGUAGES.get(language) or (language.encode() if len(language) == 3 else b"und")
    body = code + bytes((len(name),)) + name + bytes((len(about),)) + about
    return bytes((0x4D, len(body))) + body


def _section(table: int, content: bytes) -> bytes:
    head = bytes((table,)) + (0xF000 | len(content) + 4).to_bytes(2)
    return head + content + crc32(head + content).to_bytes(4)


def _mjd_and_bcd(moment: datetime) -> bytes:
    moment = moment.astimezone(UTC)
    since_midnight = timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)
    return (moment.date() - _EPOCH).days.to_bytes(2) + _bcd(since_midnight)


def _bcd(duration: timedelta) -> bytes:
    seconds = int(duration.total_seconds())
    return bytes.fromhex(f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}")


def _crc_entry(value: int) -> int:
    value <<= 24
    for _ in range(8):
        value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


_CRC = [_crc_entry(byte) for byte in range(256)]
