"""The media of one room: who publishes what, who receives it, and the tap of the far tier.

The bottom interface that rooms, WHIP and WHEP build on:
`live.port.MediaPort` (one a process), `live.stage.Stage` (one a room),
`live.peer.Peer` (one connection of a seat), `live.tracks.PublishedTrack`.
All of it belongs to the event loop, except `UnitSink`, which the tap's thread calls.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.clock import Clock
from live.peer import Peer
from live.port import MediaPort
from live.tracks import PublishedTrack
from transcode.access_unit import AccessUnit


class StageListener(Protocol):
    """Told what happens on a stage; called on the event loop and must not block."""

    def track_added(self, track: PublishedTrack) -> None:
        """The track can be received from now on (called from within `Peer.answer`)."""

    def track_removed(self, track: PublishedTrack) -> None: ...

    def connection_ready(self, seat: UUID) -> None:
        """DTLS is done: media flows."""

    def connection_lost(self, seat: UUID) -> None:
        """No authenticated packet for 30 s, DTLS failed, or the other side closed it.

        The peer is closed already; its tracks stay for some seconds, waiting for
        the seat to `connect` and publish again, then `track_removed` follows.
        """


class UnitSink(Protocol):
    """Takes a stage's access units. Every call comes from the one thread of the tap."""

    def take(self, track: PublishedTrack, unit: AccessUnit) -> None:
        """One whole unit; `pts` counts from the tap's epoch. Units of a track come in order."""

    def end(self, track: PublishedTrack) -> None:
        """No more units of this track."""


class Tap(Protocol):
    """A running tap; `contextlib.aclosing` fits."""

    async def aclose(self) -> None:
        """Hand over what is held, end every track, and join the thread."""


class Stage:
    """The media of one room."""

    def __init__(self, port: MediaPort, listener: StageListener, *, clock: Clock) -> None: ...

    @property
    def tracks(self) -> Mapping[UUID, PublishedTrack]:
        """What is published now, by track id."""
        raise NotImplementedError

    def connect(self, seat: UUID) -> Peer:
        """A new connection of a seat; an older one of that seat is closed.

        Tracks of the older one that are published again keep their ids.
        """
        raise NotImplementedError

    def request_keyframe(self, track_id: UUID) -> None:
        """Ask the publisher for a keyframe; requests within 500 ms are folded into one."""
        raise NotImplementedError

    def tap(self, sink: UnitSink, *, epoch: datetime) -> Tap:
        """Hand every access unit of every track to the sink, timed from `epoch`."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close every connection and tap."""
        raise NotImplementedError
