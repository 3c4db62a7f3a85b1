"""Which media sections an SDP offer of an encoder or a player has: as little as WHIP needs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kernel.errors import Invalid
from live.messages import MediaKind, Source

_MEDIA: Final = re.compile(r"^m=(audio|video) (\d+) ", re.MULTILINE)
_MID: Final = re.compile(r"^a=mid:(\S+)", re.MULTILINE)
_DIRECTION: Final = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """One m= section."""

    mid: str
    kind: MediaKind
    direction: str


def sections(sdp: str) -> tuple[Section, ...]:
    """Invalid when it is no SDP with sound or pictures."""
    found = tuple(_sections(sdp))
    if not sdp.startswith("v=0") or not found:
        raise Invalid("The body is not an SDP offer of audio or video.")
    return found


def _sections(sdp: str) -> Iterator[Section]:
    _, *parts = re.split(r"(?=^m=)", sdp, flags=re.MULTILINE)
    for index, part in enumerate(parts):
        media, mid, direction = _MEDIA.match(part), _MID.search(part), _DIRECTION.search(part)
        if media is not None:
            yield Section(
                mid=mid.group(1) if mid else str(index),
                kind=MediaKind(media.group(1)),
                direction=direction.group(1) if direction else "sendrecv",
            )


def sent_by(sdp: str, *, video: Source = Source.CAMERA) -> dict[str, Source]:
    """What an encoder publishes: one microphone; one camera or screen, or one of each."""
    second = Source.SCREEN if video is Source.CAMERA else Source.CAMERA
    free = {MediaKind.AUDIO: [Source.MICROPHONE], MediaKind.VIDEO: [video, second]}
    send: dict[str, Source] = {}
    for section in sections(sdp):
        if section.direction in {"sendrecv", "sendonly"} and free[section.kind]:
            send[section.mid] = free[section.kind].pop(0)
    if not send:
        raise Invalid("The offer sends nothing.")
    return send


def received_by(sdp: str) -> dict[str, MediaKind]:
    """Which sections of a player's offer want to receive."""
    wanted = {s.mid: s.kind for s in sections(sdp) if s.direction in {"sendrecv", "recvonly"}}
    if not wanted:
        raise Invalid("The offer receives nothing.")
    return wanted
