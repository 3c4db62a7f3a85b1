"""An offer and what the room wants of it, made a plan: all choices before anything changes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from kernel.errors import Invalid
from live.messages import Source
from live.negotiation import Chosen, choose_to_publish, choose_to_receive, left_open
from live.sdp import Offer, Section
from live.sdp_answer import Answered, Outgoing
from transcode.access_unit import Codec


@dataclass(frozen=True, slots=True)
class Wanted:
    """A track that may be received, as far as the choice of formats needs it."""

    codec: Codec
    profile: str
    kind: str


@dataclass(frozen=True, slots=True)
class Plan:
    """By mid: what is published and what is received. The rest is inactive."""

    published: Mapping[str, tuple[Section, Source, Chosen]]
    received: Mapping[str, tuple[Section, UUID, Chosen]]


def make_plan(
    offer: Offer,
    send: Mapping[str, Source],
    receive: Mapping[str, UUID],
    tracks: Mapping[UUID, Wanted],
) -> Plan:
    """Raises Invalid for mids that are not offered, Refused for sources that cannot be taken."""
    sections = {section.mid: section for section in offer.sections}
    for mid in (*send, *receive):
        if mid not in sections:
            raise Invalid(f"The offer has no media section with mid {mid!r}.")
    if len(set(send.values())) != len(send):
        raise Invalid("One source cannot be sent in two media sections.")
    usable = {section.mid for section in _usable(offer)}
    published = {
        mid: (sections[mid], source, choose_to_publish(sections[mid], source))
        for mid, source in send.items()
        if mid in usable and sections[mid].sends
    }
    received = {
        mid: (sections[mid], track_id, chosen)
        for mid, track_id in receive.items()
        if mid in usable and (chosen := _receivable(sections[mid], tracks.get(track_id)))
    }
    return Plan(published, received)


def _usable(offer: Offer) -> list[Section]:
    return [s for s in offer.sections if s.mid in offer.bundle and s.is_muxed and not s.is_stopped]


def _receivable(section: Section, track: Wanted | None) -> Chosen | None:
    if track is None or section.kind != track.kind or not section.receives:
        return None
    return choose_to_receive(section, track.codec, track.profile)


def answer_sections(
    offer: Offer, plan: Plan, outgoing: Mapping[str, Outgoing | None]
) -> list[Answered]:
    """Our half of every section, in the order of the offer."""
    return [_answered(section, plan, outgoing.get(section.mid)) for section in offer.sections]


def _answered(section: Section, plan: Plan, outgoing: Outgoing | None) -> Answered:
    published = plan.published.get(section.mid)
    received = plan.received.get(section.mid) if outgoing is not None else None
    if published is None and received is None:
        extensions, rids = left_open(section)
        return Answered(section, extensions=extensions, rids=rids)
    chosen = published[2] if published is not None else received[2] if received else None
    assert chosen is not None
    direction = {
        (True, True): "sendrecv",
        (True, False): "recvonly",
        (False, True): "sendonly",
    }[published is not None, received is not None]
    rids = published[2].rids if published is not None else ()
    return Answered(section, direction, chosen.formats, chosen.extensions, outgoing, rids)
