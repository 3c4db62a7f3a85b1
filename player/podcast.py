"""Recordings as RSS 2.0, with the MP4 of each as its enclosure, for podcast players."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from schedule.guide import printable
from schedule.lifecycle import Lecture

CONTENT_TYPE: Final = "application/rss+xml"
_ATOM, _DC = "http://www.w3.org/2005/Atom", "http://purl.org/dc/elements/1.1/"
register_namespace("atom", _ATOM)
register_namespace("dc", _DC)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file to play."""

    url: str
    length: int  # bytes


@dataclass(frozen=True, slots=True)
class Item:
    """A recording; without an enclosure while its file is being made."""

    lecture: Lecture
    enclosure: Enclosure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Podcast:
    """A feed: what it is called, where its page is, and where it is itself."""

    title: str
    summary: str
    page: str
    url: str
    items: Iterable[Item]


def rss(podcast: Podcast, address: str) -> bytes:
    """The feed; `address` leads to the pages of the lectures."""
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    _add(channel, "title", podcast.title)
    _add(channel, "link", podcast.page)
    _add(channel, "description", podcast.summary or podcast.title)
    SubElement(channel, f"{{{_ATOM}}}link", rel="self", href=podcast.url, type=CONTENT_TYPE)
    _add(channel, "ttl", "60")  # minutes
    for item in podcast.items:
        channel.append(_item(item, address))
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _item(item: Item, address: str) -> Element:
    lecture, element = item.lecture, Element("item")
    _add(element, "title", lecture.title)
    _add(element, "link", f"{address}/lectures/{lecture.id}")
    if lecture.summary:
        _add(element, "description", lecture.summary)
    _add(element, f"{{{_DC}}}creator", lecture.lecturer_name)
    _add(element, "guid", _urn(lecture.id)).set("isPermaLink", "false")
    _add(element, "pubDate", format_datetime(_published(lecture)))
    if item.enclosure is not None:
        length = str(item.enclosure.length)
        SubElement(element, "enclosure", url=item.enclosure.url, length=length, type="video/mp4")
    return element


def _urn(lecture: UUID) -> str:
    """Stable, wherever the service moves."""
    return f"urn:uuid:{lecture}"


def _published(lecture: Lecture) -> datetime:
    return lecture.ended_at or lecture.ends_at


def _add(parent: Element, name: str, text: str) -> Element:
    element = SubElement(parent, name)
    element.text = printable(text)
    return element
