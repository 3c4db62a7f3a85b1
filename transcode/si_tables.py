"""Tables that say what network and service this is, and what time: NIT, SDT, TDT, TOT. Pure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from transcode.si import (
    ORIGINAL_NETWORK_ID,
    SERVICE_ID,
    TRANSPORT_STREAM_ID,
    Charset,
    bcd,
    counted,
    crc32,
    descriptor,
    mjd_and_bcd,
    numbers,
    section,
    text,
)

SD_SERVICE, HD_SERVICE = 0x16, 0x19  # coded with H.264 (EN 300 468, table 87)
_RUNNING = 4
_LOOK_AHEAD = timedelta(days=366)
_LONGEST_NAME, _LONGEST_PROVIDER = 80, 40  # bytes: the tables stay in one packet


def network_information(network: str, kind: int, charset: Charset = Charset.UTF_8) -> bytes:
    """NIT, actual. It has no delivery system: that is the headend's, who transmits."""
    name = descriptor(0x40, text(network, _LONGEST_PROVIDER, charset))
    services = descriptor(0x41, SERVICE_ID.to_bytes(2) + bytes((kind,)))
    ids = TRANSPORT_STREAM_ID.to_bytes(2) + ORIGINAL_NETWORK_ID.to_bytes(2)
    body = counted(name) + counted(ids + counted(services))
    return section(0x40, ORIGINAL_NETWORK_ID.to_bytes(2) + numbers(crc32(body), 0, 0) + body)


def service_description(
    service: str, provider: str, kind: int, charset: Charset = Charset.UTF_8
) -> bytes:
    """SDT, actual: one running service with EIT present/following and schedule."""
    told = [text(provider, _LONGEST_PROVIDER, charset), text(service, _LONGEST_NAME, charset)]
    names = b"".join(bytes((len(name),)) + name for name in told)
    has_guide = b"\xff"  # reserved bits, EIT schedule, EIT present/following
    loop = counted(descriptor(0x48, bytes((kind,)) + names), _RUNNING << 1)
    body = ORIGINAL_NETWORK_ID.to_bytes(2) + b"\xff" + SERVICE_ID.to_bytes(2) + has_guide + loop
    return section(0x42, TRANSPORT_STREAM_ID.to_bytes(2) + numbers(crc32(body), 0, 0) + body)


def time_and_date(moment: datetime) -> bytes:
    """The TDT, which has no CRC."""
    return b"\x70\x70\x05" + mjd_and_bcd(moment)


def time_offset(moment: datetime, zone: ZoneInfo, country: str) -> bytes:
    """The TOT: the offset of local time now, and what it will be after its next change.

    `country` has three letters (ISO 3166). Where none comes within a year, the change is to the same.
    """
    now = _offset(moment, zone)
    change = next_change(moment, zone) or moment + _LOOK_AHEAD
    then = _offset(change, zone)
    polarity = int((now or then) < timedelta())
    body = (
        country.encode("ascii")
        + bytes((0x02 | polarity,))
        + bcd(abs(now))[:2]
        + mjd_and_bcd(change)
        + bcd(abs(then))[:2]
    )
    content = mjd_and_bcd(moment) + counted(descriptor(0x58, body))
    head = b"\x73" + (0x7000 | len(content) + 4).to_bytes(2)
    return head + content + crc32(head + content).to_bytes(4)


def next_change(moment: datetime, zone: ZoneInfo) -> datetime | None:
    """When local time is next set to another offset, to the second; None if not within a year."""
    first = moment.astimezone(UTC).replace(microsecond=0)
    low = next(
        (
            day
            for day in (first + timedelta(days=n) for n in range(_LOOK_AHEAD.days))
            if _offset(day, zone) != _offset(day + timedelta(days=1), zone)
        ),
        None,
    )
    if low is None:
        return None
    before, step = _offset(low, zone), 24 * 3600
    while step > 1:
        step = -(-step // 2)
        if _offset(low + timedelta(seconds=step), zone) == before:
            low += timedelta(seconds=step)
    return low + timedelta(seconds=1)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset
