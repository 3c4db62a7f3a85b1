"""Offers read (RFC 8866, 8829, 8839, 8843, 8853); our own, since we forward.

Only what forwarding needs is kept; `Invalid` says in a sentence what is wrong.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from kernel.errors import Invalid

MID_EXTENSION: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID_EXTENSION: Final = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID_EXTENSION: Final = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
LEVEL_EXTENSION: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME_EXTENSION: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC_EXTENSION: Final = (
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
)
MOST_SECTIONS: Final = 100
MOST_LAYERS: Final = 4
MOST_LINES: Final = 8000

_TOKEN: Final = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,32}")
_RID: Final = re.compile(r"[A-Za-z0-9_-]{1,16}")
_ICE_CHARACTERS: Final = re.compile(r"[A-Za-z0-9+/=_-]{1,256}")
_DIRECTIONS: Final = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})


@dataclass(frozen=True, slots=True)
class Format:
    """A payload type and what it stands for."""

    payload_type: int
    name: str  # lower case, as h264
    rate: int
    channels: int = 1
    parameters: Mapping[str, str] = field(default_factory=dict)
    feedback: tuple[str, ...] = ()

    @property
    def repairs(self) -> int | None:
        """The payload type that this RTX format resends."""
        apt = self.parameters.get("apt", "")
        return int(apt) if self.name == "rtx" and apt.isascii() and apt.isdigit() else None


@dataclass(frozen=True, slots=True)
class Section:
    """One m-section of an offer."""

    mid: str
    kind: str
    protocol: str
    direction: str
    is_stopped: bool
    is_muxed: bool
    numbers: tuple[str, ...]  # the formats as they stand in the m-line
    formats: tuple[Format, ...]
    extensions: Mapping[str, int]
    ssrcs: tuple[int, ...]
    repairs: Mapping[int, int]  # RTX ssrc -> the ssrc that it repairs
    rids: tuple[str, ...] = ()  # the layers that it sends, in the order of a=simulcast

    @property
    def sends(self) -> bool:
        return self.direction in {"sendrecv", "sendonly"}

    @property
    def receives(self) -> bool:
        return self.direction in {"sendrecv", "recvonly"}


@dataclass(frozen=True, slots=True)
class Offer:
    """What the other side offers; transport values are those of the bundle."""

    sections: tuple[Section, ...]
    bundle: tuple[str, ...]
    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    setup: str


@lru_cache(maxsize=32)  # who takes an offer looks at it, and so does the peer that answers it
def read_offer(text: str) -> Offer:
    """Read an offer; Invalid says what is wrong with it."""
    lines = text.replace("\r", "\n").split("\n")
    if not lines[0].startswith("v=0") or len(lines) > MOST_LINES:
        raise Invalid("This is not an SDP offer: it does not begin with v=0.")
    head, *blocks = _split(lines)
    if not 1 <= len(blocks) <= MOST_SECTIONS:
        raise Invalid(f"An SDP offer must have between 1 and {MOST_SECTIONS} media sections.")
    sections = tuple(_section(block, at) for at, block in enumerate(blocks))
    if len({section.mid for section in sections}) != len(sections):
        raise Invalid("Two media sections of the SDP offer have the same mid.")
    bundle = _bundle(head, sections)
    lead = blocks[[section.mid for section in sections].index(bundle[0])]
    return Offer(
        sections=sections,
        bundle=bundle,
        ufrag=_ice(lead, head, "ice-ufrag"),
        password=_ice(lead, head, "ice-pwd"),
        fingerprints=_fingerprints(lead, head),
        setup=_setup(lead, head),
    )


class _Block(list[str]):
    """The lines of one section, and its attributes by name: offers of browsers are long."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: dict[str, list[str]] = {}

    def add(self, line: str) -> None:
        self.append(line)
        if line.startswith("a="):
            name, _, value = line[2:].partition(":")
            self.attributes.setdefault(name.rstrip(), []).append(value.strip())


def _split(lines: Sequence[str]) -> list[_Block]:
    blocks = [_Block()]
    for line in lines:
        if line.startswith("m="):
            blocks.append(_Block())
        if line:
            blocks[-1].add(line)
    return blocks


def _values(block: _Block, name: str) -> Sequence[str]:
    return block.attributes.get(name, ())


def _value(name: str, *blocks: _Block) -> str | None:
    for block in blocks:
        for value in _values(block, name):
            return value
    return None


def _section(block: _Block, at: int) -> Section:
    words = block[0][2:].split()
    if len(words) < 4:
        raise Invalid(f"Media section {at + 1} of the SDP offer has an incomplete m-line.")
    kind, port, protocol, *numbers = words
    mid = _value("mid", block) or str(at)
    if not _TOKEN.fullmatch(mid):
        raise Invalid(f"Media section {at + 1} of the SDP offer has an unusable mid.")
    flags = block.attributes
    return Section(
        mid=mid,
        kind=kind,
        protocol=protocol,
        direction=next((flag for flag in flags if flag in _DIRECTIONS), "sendrecv"),
        is_stopped=port == "0" and "bundle-only" not in flags,
        is_muxed="rtcp-mux" in flags,
        numbers=tuple(numbers),
        formats=_formats_of(block, numbers) if kind in {"audio", "video"} else (),
        extensions=dict(_extensions(block)),
        ssrcs=tuple(dict.fromkeys(_ssrcs(block))),
        repairs=dict(_repairs(block)),
        rids=tuple(_rids(block)),
    )


def _formats_of(block: _Block, numbers: Sequence[str]) -> tuple[Format, ...]:
    named = (tuple(_values(block, name)) for name in ("rtpmap", "fmtp", "rtcp-fb"))
    return _formats(tuple(dict.fromkeys(numbers)), *named)


@lru_cache(maxsize=64)
def _formats(
    numbers: tuple[str, ...],
    rtpmap: tuple[str, ...],
    fmtp: tuple[str, ...],
    rtcp_fb: tuple[str, ...],
) -> tuple[Format, ...]:
    """Browsers of one make offer the same dozens of formats: read once, and kept once for all."""
    return tuple(_each_format(numbers, _numbered(rtpmap), _numbered(fmtp), _numbered(rtcp_fb)))


def _each_format(
    numbers: tuple[str, ...],
    maps: Mapping[str, list[str]],
    parameters: Mapping[str, list[str]],
    feedback: Mapping[str, list[str]],
) -> Iterator[Format]:
    for number in numbers:
        name, hertz, channels, *_ = (*maps.get(number, [""])[0].split("/"), "", "")
        rate, payload_type = _number(hertz, 0xFFFFFF), _number(number, 127)
        if not _TOKEN.fullmatch(name) or not rate or payload_type is None:
            continue
        yield Format(
            payload_type,
            name.lower(),
            rate,
            _number(channels, 255) or 1,
            _parameters(parameters.get(number, [""])[0]),
            (*feedback.get(number, ()), *feedback.get("*", ())),
        )


def _numbered(values: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for value in values:
        number, _, rest = value.partition(" ")
        found.setdefault(number, []).append(rest.strip())
    return found


def _parameters(text: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return {name.lower(): value for name, equals, value in pairs if equals}


def _number(text: str, largest: int) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return number if (number := int(text)) <= largest else None


def _extensions(block: _Block) -> Iterator[tuple[str, int]]:
    for value in _values(block, "extmap"):
        number, _, uri = value.partition(" ")
        identifier = _number(number.partition("/")[0], 14)
        if identifier and uri:
            yield uri.split()[0], identifier


def _ssrcs(block: _Block) -> Iterator[int]:
    for value in _values(block, "ssrc"):
        ssrc = _number(value.partition(" ")[0], 0xFFFFFFFF)
        if ssrc is not None:
            yield ssrc


def _repairs(block: _Block) -> Iterator[tuple[int, int]]:
    for value in _values(block, "ssrc-group"):
        semantics, *numbers = value.split()
        ssrcs = [_number(number, 0xFFFFFFFF) for number in numbers]
        if semantics == "FID" and len(ssrcs) == 2 and ssrcs[0] and ssrcs[1]:
            yield ssrcs[1], ssrcs[0]


def _rids(block: _Block) -> Iterator[str]:
    """The simulcast streams that the offer sends (RFC 8853 §5.1): the first of each alternatives."""
    declared = {
        rid for rid, direction, *_ in map(_two_words, _values(block, "rid")) if direction == "send"
    }
    words = (_value("simulcast", block) or "").split()
    for direction, streams in zip(words[::2], words[1::2], strict=False):
        if direction == "send":
            named = [stream.split(",")[0].lstrip("~") for stream in streams.split(";")]
            usable = [
                rid for rid in dict.fromkeys(named) if rid in declared and _RID.fullmatch(rid)
            ]
            yield from usable[:MOST_LAYERS]


def _two_words(value: str) -> list[str]:
    return [*value.split(), "", ""][:2]


def _bundle(head: _Block, sections: Sequence[Section]) -> tuple[str, ...]:
    """The mids of the first bundle that can be used; a lone section is its own."""
    usable = {section.mid for section in sections if not section.is_stopped}
    for value in _values(head, "group"):
        semantics, *mids = value.split() or [""]
        bundled = tuple(mid for mid in mids if mid in usable)
        if semantics == "BUNDLE" and bundled:
            return bundled
    if not usable:
        return (sections[0].mid,)
    return (next(section.mid for section in sections if section.mid in usable),)


def _ice(lead: _Block, head: _Block, name: str) -> str:
    value = _value(name, lead, head)
    if value is None or not _ICE_CHARACTERS.fullmatch(value):
        raise Invalid(f"The SDP offer has no usable {name}: WebRTC needs ICE.")
    return value


def _fingerprints(lead: _Block, head: _Block) -> tuple[tuple[str, str], ...]:
    found = [
        value.partition(" ") for block in (lead, head) for value in _values(block, "fingerprint")
    ]
    prints = tuple((name.lower(), value.strip().upper()) for name, _, value in found)
    known = {"sha-256", "sha-384", "sha-512"}
    if not any(name in known for name, _ in prints):
        raise Invalid("The SDP offer has no sha-256 fingerprint: WebRTC needs DTLS.")
    return prints


def _setup(lead: _Block, head: _Block) -> str:
    setup = _value("setup", lead, head) or "actpass"
    if setup not in {"actpass", "active", "passive"}:
        raise Invalid("The SDP offer has an unknown a=setup.")
    return setup
