"""Which of the stage's tracks is the picture, the screen and the voice of the lecture. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from live.messages import MediaKind, Source


@dataclass(frozen=True, slots=True)
class Cast:
    """The tracks that stand for the lecture; None where there is none."""

    camera: UUID | None = None
    screen: UUID | None = None
    voice: UUID | None = None

    @property
    def programme(self) -> UUID | None:
        """What one picture alone should show: the screen if shared, else the camera."""
        return self.screen or self.camera


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track on the stage, in the order in which they came."""

    track: UUID
    source: Source
    is_host: bool


def cast(candidates: Iterable[Candidate]) -> Cast:
    """A host's before anybody else's, the newest of the same."""
    best: dict[Source, Candidate] = {}
    for candidate in candidates:
        rival = best.get(candidate.source)
        if rival is None or candidate.is_host >= rival.is_host:
            best[candidate.source] = candidate
    return Cast(
        camera=_track(best, Source.CAMERA),
        screen=_track(best, Source.SCREEN),
        voice=_track(best, Source.MICROPHONE),
    )


@dataclass(frozen=True, slots=True)
class Player:
    """A WHEP player: which of its sections show what."""

    programme: str | None = None
    camera: str | None = None
    voice: str | None = None

    @classmethod
    def of(cls, wanted: Mapping[str, MediaKind]) -> Self:
        """The first picture is the programme, a second the camera; the first sound the voice."""
        pictures = [mid for mid, kind in wanted.items() if kind is MediaKind.VIDEO]
        sounds = [mid for mid, kind in wanted.items() if kind is MediaKind.AUDIO]
        return cls(*[*pictures, None, None][:2], *sounds[:1])

    def receive(self, now: Cast) -> dict[str, UUID]:
        """Which track each section gets; a camera that is the programme already is not doubled."""
        camera = None if now.camera == now.programme else now.camera
        pairs = ((self.programme, now.programme), (self.camera, camera), (self.voice, now.voice))
        return {mid: track for mid, track in pairs if mid is not None and track is not None}


def _track(best: Mapping[Source, Candidate], source: Source) -> UUID | None:
    found = best.get(source)
    return None if found is None else found.track
