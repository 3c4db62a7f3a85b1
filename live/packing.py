"""Units of the stage on their way to the packager thread: which of them are recorded as what."""

import asyncio
from collections.abc import Callable, Mapping
from uuid import UUID

from kernel.clock import Clock
from live.tracks import PublishedTrack
from transcode.access_unit import AccessUnit, Codec, Rung, TrackKind
from transcode.manifest import Keeping
from transcode.recording import Recording
from transcode.writer import RecordingWriter


class Packing:
    """A UnitSink before a recording's writer.

    `take` and `end` are called by the one thread of the tap, which alone puts units into the
    writer; all else belongs to the event loop.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        clock: Clock,
        on_key_wanted: Callable[[TrackKind], None],
        on_fault: Callable[[str], None],
    ) -> None:
        self._writer = RecordingWriter(recording, clock.now, on_key_wanted=on_key_wanted)
        self._loop = asyncio.get_running_loop()
        self._on_key_wanted = on_key_wanted
        self._on_fault = on_fault
        self._roles: Mapping[UUID, TrackKind] = {}
        self._shown: dict[TrackKind, PublishedTrack] = {}  # tap's thread: what feeds a picture
        self._was_late = False

    def cast(self, roles: Mapping[UUID, TrackKind]) -> None:
        """Which track is recorded as what, from now on."""
        self._roles = dict(roles)

    async def switch(self, keeping: Keeping) -> None:
        """Keep what comes, or only show it; see the writer."""
        await self._writer.switch(keeping)

    async def finish(self) -> None:
        """Pack what waits, and end the recording."""
        await self._writer.finish()

    # ------------------------------------------------------------ the tap's thread

    def take(self, track: PublishedTrack, unit: AccessUnit) -> None:
        """Pictures of another track begin with its key frame."""
        kind = self._roles.get(track.id)
        if track.rung is not Rung.BEST:
            self._take_lower(kind, track, unit)
            return
        if kind is None or (kind.is_video and not self._is_shown(kind, track, unit)):
            return
        self._writer.push(kind, unit, source=str(track.id), codec=track.codec)
        if self._writer.refused and not self._was_late:
            self._was_late = True
            sentence = "The disk does not keep up: parts of the recording are missing."
            self._loop.call_soon_threadsafe(self._on_fault, sentence)

    def key_ahead(self, track: PublishedTrack, pts: int) -> None:
        kind = self._roles.get(track.id)
        if kind is not None and track.rung is Rung.BEST and self._feeds(kind, track):
            self._writer.key_ahead(kind, pts)

    def end(self, track: PublishedTrack) -> None:
        self._writer.stop_track(TrackKind.VOICE, source=str(track.id))
        for kind, shown in tuple(self._shown.items()):
            if shown.id == track.id:
                del self._shown[kind]
                self._writer.stop_track(kind)

    def _take_lower(self, kind: TrackKind | None, track: PublishedTrack, unit: AccessUnit) -> None:
        """A smaller layer goes with its track; to make H.264 of it would be one more encoder."""
        if kind is not None and track.codec is Codec.H264 and self._feeds(kind, track):
            self._writer.push(kind, unit, rung=track.rung)

    def _feeds(self, kind: TrackKind, track: PublishedTrack) -> bool:
        shown = self._shown.get(kind)
        return shown is not None and shown.id == track.id

    def _is_shown(self, kind: TrackKind, track: PublishedTrack, unit: AccessUnit) -> bool:
        if self._feeds(kind, track):
            return True
        if not unit.is_key:
            self._loop.call_soon_threadsafe(self._on_key_wanted, kind)
            return False
        shown = self._shown.get(kind)
        if shown is not None and shown.codec is not track.codec:
            self._writer.stop_track(kind)
        self._shown[kind] = track
        return True
