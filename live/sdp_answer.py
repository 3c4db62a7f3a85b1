"""Answers to offers, written (RFC 8866, 8839, 8843, 8853): the numbers of the offer are echoed, so that
packets need not be renumbered twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from live.endpoint import Endpoint
from live.sdp import Format, Offer, Section


@dataclass(frozen=True, slots=True)
class Transport:
    """Our half of the transport."""

    ufrag: str
    password: str
    fingerprint: str
    setup: str
    endpoints: Sequence[Endpoint]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The stream that a section of ours sends."""

    ssrc: int
    repair_ssrc: int | None
    cname: str
    stream: str
    track: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Our half of one section; an empty one is inactive."""

    section: Section
    direction: str = "inactive"
    formats: tuple[Format, ...] = ()
    extensions: Mapping[str, int] = field(default_factory=dict)
    outgoing: Outgoing | None = None
    rids: tuple[str, ...] = ()  # the layers that we take


def write_answer(
    offer: Offer, answered: Sequence[Answered], transport: Transport, *, session: int, version: int
) -> str:
    """The answer, in the order of the offer."""
    live = [one.section.mid for one in answered if not _is_rejected(offer, one)]
    lines = [
        "v=0",
        f"o=- {session} {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        *([f"a=group:BUNDLE {' '.join(live)}"] if live else []),
        "a=msid-semantic: WMS *",
        "a=ice-lite",
    ]
    for one in answered:
        lines += _rejected(one) if _is_rejected(offer, one) else _answered(one, transport)
    return "\r\n".join(lines) + "\r\n"


def _is_rejected(offer: Offer, one: Answered) -> bool:
    """Sections that are stopped, no media, outside the bundle, or without rtcp-mux."""
    section = one.section
    return (
        section.is_stopped
        or section.mid not in offer.bundle
        or not section.formats
        or not section.is_muxed
    )


def _rejected(one: Answered) -> list[str]:
    section = one.section
    head = f"m={section.kind} 0 {section.protocol} {' '.join(section.numbers)}"
    return [head, "c=IN IP4 0.0.0.0", f"a=mid:{section.mid}", "a=inactive"]


def _answered(one: Answered, transport: Transport) -> list[str]:
    section = one.section
    formats = one.formats or section.formats[:1]
    numbers = " ".join(str(format_.payload_type) for format_ in formats)
    return [
        f"m={section.kind} {transport.endpoints[0].port} {section.protocol} {numbers}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        *_transport(transport),
        f"a=mid:{section.mid}",
        f"a={one.direction}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        *(f"a=extmap:{number} {uri}" for uri, number in one.extensions.items()),
        *(line for format_ in formats for line in _format(format_)),
        *(f"a=rid:{rid} recv" for rid in one.rids),
        *([f"a=simulcast:recv {';'.join(one.rids)}"] if one.rids else []),
        *_outgoing(one.outgoing),
    ]


def _transport(transport: Transport) -> Iterator[str]:
    yield f"a=ice-ufrag:{transport.ufrag}"
    yield f"a=ice-pwd:{transport.password}"
    yield f"a=fingerprint:{transport.fingerprint}"
    yield f"a=setup:{transport.setup}"
    yield from candidates(transport)


def candidates(transport: Transport) -> Iterator[str]:
    """A line for each of our endpoints (RFC 8839 §5.1, RFC 6544 §4.5), best first."""
    for at, endpoint in enumerate(transport.endpoints):
        where = f"{endpoint.host} {endpoint.port} typ host"
        if endpoint.is_tcp:
            priority = (90 << 24) + ((4 << 13 | 8191 - at) << 8) + 255
            yield f"a=candidate:{at + 1} 1 tcp {priority} {where} tcptype passive"
        else:
            priority = (126 << 24) + ((65535 - at) << 8) + 255
            yield f"a=candidate:{at + 1} 1 udp {priority} {where}"
    yield "a=end-of-candidates"


def _format(format_: Format) -> Iterator[str]:
    channels = f"/{format_.channels}" if format_.channels > 1 else ""
    yield f"a=rtpmap:{format_.payload_type} {_spelt(format_.name)}/{format_.rate}{channels}"
    if format_.parameters:
        pairs = ";".join(f"{name}={value}" for name, value in format_.parameters.items())
        yield f"a=fmtp:{format_.payload_type} {pairs}"
    for feedback in format_.feedback:
        yield f"a=rtcp-fb:{format_.payload_type} {feedback}"


def _spelt(name: str) -> str:
    return name if name in {"opus", "rtx"} else name.upper()


def _outgoing(stream: Outgoing | None) -> Iterator[str]:
    if stream is None:
        return
    yield f"a=msid:{stream.stream} {stream.track}"
    if stream.repair_ssrc is not None:
        yield f"a=ssrc-group:FID {stream.ssrc} {stream.repair_ssrc}"
    yield f"a=ssrc:{stream.ssrc} cname:{stream.cname}"  # Chromium takes the first for the main one
    if stream.repair_ssrc is not None:
        yield f"a=ssrc:{stream.repair_ssrc} cname:{stream.cname}"
