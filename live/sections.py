"""What an offer of an encoder or a player is about: sources that are sent, kinds that are wanted."""

from kernel.errors import Invalid
from live.messages import MediaKind, Source
from live.sdp import read_offer


def sent_by(sdp: str, *, video: Source = Source.CAMERA) -> dict[str, Source]:
    """By mid what an encoder publishes: a microphone; a camera or screen, or one of each."""
    second = Source.SCREEN if video is Source.CAMERA else Source.CAMERA
    free = {"audio": [Source.MICROPHONE], "video": [video, second]}
    send: dict[str, Source] = {}
    for section in read_offer(sdp).sections:
        sources = free.get(section.kind)
        if section.direction in {"sendrecv", "sendonly"} and sources:
            send[section.mid] = sources.pop(0)
    if not send:
        raise Invalid("The offer sends nothing.")
    return send


def received_by(sdp: str) -> dict[str, MediaKind]:
    """By mid what a player wants to receive."""
    wanted = {
        section.mid: MediaKind(section.kind)
        for section in read_offer(sdp).sections
        if section.direction in {"sendrecv", "recvonly"} and section.kind in set(MediaKind)
    }
    if not wanted:
        raise Invalid("The offer receives nothing.")
    return wanted
