"""A schedule as partners send it: JSON, a table or XMLTV; all end in the same programmes and findings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from kernel.errors import Invalid, Unsupported
from schedule.drafts import MOST_PROGRAMMES, Reading
from schedule.rundown import Finding, Programme
from schedule.table import read_table
from schedule.xmltv import read_xmltv

# What a file's name ends in, and how its content is named.
MEDIA_TYPES: Final = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".xml": "application/xml",
    ".xmltv": "application/xml",
}
_CHARSETS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "windows-1251": "windows-1251",
    "cp1251": "windows-1251",
}

Read = tuple[list[Programme], list[Finding]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A schedule as it came. `language` is that of titles which do not tell their own."""

    body: bytes
    media_type: str
    charset: str | None = None
    channel: str = ""
    language: str = "en"
    zone: ZoneInfo | None = None  # of times without an offset; XMLTV has none of those


class PushedSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a push. Each programme is read by itself, so that each can have its finding."""

    programmes: list[msgspec.Raw]


def read_schedule(parcel: Parcel) -> Read:
    """The programmes that can be understood, and a finding for each that cannot.

    Invalid when the body as a whole is no schedule, Unsupported when nothing reads its type.
    """
    reader = _READERS.get(parcel.media_type)
    if reader is None:
        raise Unsupported("Send the schedule as application/json, text/csv or application/xml.")
    if parcel.charset is not None and parcel.charset.lower() not in _CHARSETS:
        raise Unsupported("Send the schedule in UTF-8 or windows-1251.")
    return reader(parcel)


def read_json(body: bytes, zone: ZoneInfo | None = None) -> Read:
    try:
        pushed = msgspec.json.decode(body, type=PushedSchedule)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"The schedule can't be read: {error}.") from error
    if len(pushed.programmes) > MOST_PROGRAMMES:
        raise Invalid(f"A push holds at most {MOST_PROGRAMMES} programmes.")
    reading = Reading(zone)
    for raw in pushed.programmes:
        reading.add(raw)
    return reading.programmes, reading.findings


def _json(parcel: Parcel) -> Read:
    return read_json(parcel.body, parcel.zone)


def _table(parcel: Parcel) -> Read:
    charset = _CHARSETS[(parcel.charset or "utf-8").lower()]
    try:
        text = parcel.body.decode("utf-8-sig" if charset == "utf-8" else charset)
    except UnicodeDecodeError as error:
        raise Invalid(
            f"The table is not {charset}: byte {error.start + 1} does not belong there. "
            "Name another encoding in Content-Type, as in text/csv; charset=windows-1251."
        ) from error
    return read_table(text, language=parcel.language, zone=parcel.zone)


def _xmltv(parcel: Parcel) -> Read:
    charset = _CHARSETS[parcel.charset.lower()] if parcel.charset else None
    return read_xmltv(
        parcel.body, charset=charset, channel=parcel.channel, language=parcel.language
    )


_READERS: Final[Mapping[str, Callable[[Parcel], Read]]] = {
    "application/json": _json,
    "text/csv": _table,
    "application/xml": _xmltv,
    "text/xml": _xmltv,
}
