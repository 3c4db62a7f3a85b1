"""The guide of the channels as XMLTV and M3U. Pure; the same rundown feeds both and the pages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from schedule.channels import Channel
from schedule.rundown import Programme

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_QUOTED = re.compile(r"[\"\r\n\x00-\x1f]")


def xmltv(
    channels: Sequence[Channel], rundowns: Mapping[str, Sequence[Programme]], *, source: str
) -> bytes:
    """The DTD's `tv`, every time with its offset, no programme over another, no hole between two."""
    tv = Element("tv", {"generator-info-name": "Daris", "source-info-url": source})
    for channel in channels:
        entry = SubElement(tv, "channel", {"id": channel.id})
        SubElement(entry, "display-name").text = printable(channel.name)
        if channel.logo:
            SubElement(entry, "icon", {"src": _logo(channel, source)})
    for channel in channels:
        for programme in _without_holes(channel, rundowns.get(channel.id, ())):
            tv.append(_programme(channel, programme))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n'
    return (head + tostring(tv, encoding="unicode")).encode()


def m3u(channels: Sequence[Channel], *, address: str, catchup_hours: int = 0) -> str:
    """A playlist of the channels for set-top players; `address` is ours, without a slash."""
    lines = [f'#EXTM3U url-tvg="{address}/tv/epg.xml"']
    for channel in channels:
        name = _NOT_QUOTED.sub(" ", channel.name)
        logo = f' tvg-logo="{_logo(channel, address)}"' if channel.logo else ""
        lines.append(
            f'#EXTINF:-1 tvg-id="{channel.id}" tvg-chno="{channel.number}" tvg-name="{name}"{logo} '
            f'group-title="Daris"{_catchup(channel, address, catchup_hours)},{name}'
        )
        lines.append(f"{address}/tv/{channel.id}/index.m3u8")
    return "\n".join(lines) + "\n"


def catchup_query(programme: Programme) -> str:
    """What follows the `?` in the address of a programme that is over, or began."""
    since = int(programme.starts_at.timestamp())
    return f"utc={since}&duration={round(programme.duration.total_seconds())}"


def _catchup(channel: Channel, address: str, hours: int) -> str:
    """The attributes by which set-top players look back; they fill in what is in braces."""
    if not hours:
        return ""
    source = f"{address}/tv/{channel.id}/index.m3u8?utc={{utc}}&duration={{duration}}"
    days = -(-hours // 24)
    return f' catchup="default" catchup-days="{days}" catchup-source="{source}"'


def _logo(channel: Channel, address: str) -> str:
    """Another address for another logo: players keep images for long."""
    return f"{address}/tv/{channel.id}/logo.png?v={channel.logo}"


def _without_holes(channel: Channel, run: Sequence[Programme]) -> Iterator[Programme]:
    """In order; the channel's name stands where nothing is planned. Overlaps were refused before."""
    end: datetime | None = None
    for programme in sorted(run, key=lambda programme: programme.starts_at):
        if end is not None and programme.starts_at > end:
            yield Programme(
                key="",
                starts_at=end,
                ends_at=programme.starts_at,
                source=programme.source,
                titles={next(iter(channel.languages), "en"): channel.name},
            )
        yield programme
        end = programme.ends_at


def _programme(channel: Channel, programme: Programme) -> Element:
    times = {"start": _moment(programme.starts_at), "stop": _moment(programme.ends_at)}
    entry = Element("programme", times | {"channel": channel.id})
    for tag, texts in (("title", programme.titles), ("desc", programme.descriptions)):
        for language, text in texts.items():
            if text:
                SubElement(entry, tag, {"lang": language}).text = printable(text)
    return entry


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S +0000")


def printable(text: str) -> str:
    return _NOT_XML.sub(" ", text)
