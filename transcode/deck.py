"""The renditions of one recording on their stores, and what happens when the disk fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final

import msgspec

from transcode import manifest, recording, rungs, shelf
from transcode.contents import Contents
from transcode.manifest import Keeping, Manifest
from transcode.recording import Recording
from transcode.rendition import Post, Rendition, RungRendition
from transcode.store import Store

SPAN_IN_MEMORY: Final = timedelta(seconds=60)


class Deck:
    """Packager thread, but `sync`."""

    def __init__(
        self,
        opened: Recording,
        stores: Mapping[str, Store],
        post: Post,
        folder: Path | None = None,
    ) -> None:
        """`folder`: where the stores are, if they keep anything."""
        self.has_failed = False
        self._folder = folder
        self._opened = opened
        self._post = post
        self.renditions = {
            name: _kind(name)(store, opened.window(name), post, self.fail)
            for name, store in stores.items()
        }

    def begin_files(self, stores: Mapping[str, Store], folder: Path) -> None:
        """What was shown from memory alone is kept from here on."""
        self._folder = folder
        for name, rendition in self.renditions.items():
            rendition.begin_file(stores[name])

    def keep(self, *, is_kept: bool) -> None:
        """Whether what comes is written, or only shown and noted. No segment may be open."""
        for rendition in self.renditions.values():
            rendition.is_kept = is_kept

    def sync(self) -> None:
        """Make what was written outlive the machine. Any thread; OSError."""
        for rendition in self.renditions.values():
            rendition.sync()

    @property
    def held(self) -> Mapping[str, Contents]:
        """What the files hold, while none has failed."""
        return {name: rendition.held for name, rendition in self.renditions.items()}

    def close(self) -> None:
        for rendition in self.renditions.values():
            rendition.close()

    def fail(self, error: OSError) -> None:
        """The files end here; those who watch live lose nothing."""
        self.has_failed = True
        if self._folder:
            shelf.doubt(self._folder)
        for rendition in self.renditions.values():
            rendition.give_up_file()
        reason = f"The recording stopped: {error.strerror or error}."
        self._post(lambda: self._tell(reason))

    def _tell(self, reason: str) -> None:
        self._opened.fault = self._opened.fault or reason
        for rendition in self.renditions.values():
            rendition.window.limit(SPAN_IN_MEMORY)


def _kind(name: str) -> type[Rendition]:
    return RungRendition if rungs.is_lower(name) else Rendition


@dataclass(slots=True)
class Keeper:
    """Keeps the manifest of a recording that is being made. Packager thread."""

    folder: Path
    noted: Manifest
    opened: Recording
    post: Post

    def note_outage(self, starts: Fraction, ends: Fraction) -> None:
        """Nothing was recorded between these seconds since the epoch. One that begins where another
        did takes its place: whoever came between died before anything was written."""
        if self.noted.keeping is Keeping.ON:  # else the pause covers it
            outage = int(starts * 1_000_000), int(ends * 1_000_000)
            others = (each for each in self.noted.outages if each[0] != outage[0])
            self._write(outages=(*others, outage))

    def note_keeping(self, keeping: Keeping, at: Fraction) -> None:
        """It is paused, stopped or gone on with, `at` seconds since the epoch."""
        now, begun = int(at * 1_000_000), self.noted.paused_at
        if keeping is Keeping.ON and begun is not None:
            pauses = (*self.noted.pauses, (begun, now))
            self._write(keeping=keeping, paused_at=None, pauses=pauses)
        elif keeping is not Keeping.ON:
            self._write(keeping=keeping, paused_at=now if begun is None else begun)

    def _write(self, **changes: object) -> None:
        self.noted = msgspec.structs.replace(self.noted, **changes)
        manifest.write(self.folder, self.noted)
        gaps = recording.gaps(self.noted)
        self.post(lambda: setattr(self.opened, "gaps", gaps))

    def conclude(self, deck: Deck) -> None:
        """Once the stores of the deck are closed."""
        if deck.has_failed:
            shelf.cut_torn_tails(self.folder)
        held = None if deck.has_failed else deck.held
        shelf.conclude(self.folder, self.noted, held)
