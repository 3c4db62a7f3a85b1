"""The files of a recording that is being made: begun when it shall be kept, paused, concluded."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import msgspec

from transcode import manifest, shelf
from transcode.contents import Contents
from transcode.deck import Deck, Keeper
from transcode.manifest import Keeping, Manifest
from transcode.recording import Recording
from transcode.rendition import Post
from transcode.store import FileStore
from transcode.tape import Tape


@dataclass(slots=True)
class Shelved:
    """A recording's folder, held against all others."""

    keeper: Keeper
    lock: int


class Reel:
    """Packager thread, but `sync`. Without a folder all is shown from memory."""

    def __init__(
        self,
        opened: Recording,
        folder: Path,
        deck: Deck,
        *,
        post: Post,
        on_ended: Callable[[], None],
        shelved: Shelved | None = None,
    ) -> None:
        self._opened = opened
        self._folder = folder
        self._deck = deck
        self._post = post
        self._on_ended = on_ended
        self._shelved = shelved
        self._tape: Tape | None = None

    def run(self, tape: Tape) -> None:
        """From now on this is cut."""
        self._tape = tape
        self._opened.feed_by(tape, self)

    def sync(self) -> None:
        self._deck.sync()

    def fail(self, error: OSError) -> None:
        self._deck.fail(error)

    def switch(self, keeping: Keeping) -> None:
        """Cut here, and keep what comes or only show it. OSError, AlreadyRecorded."""
        assert self._tape
        if keeping is not Keeping.ON and self._shelved is None:
            return
        at = self._tape.split() or Fraction(0)
        if keeping is not Keeping.ON:
            self._deck.keep(is_kept=False)
        if self._shelved is None:
            self._shelved = self._begun()
        else:
            self._shelved.keeper.note_keeping(keeping, at)
        self._deck.keep(is_kept=keeping is Keeping.ON)
        self._post(lambda: self._tell(keeping))

    def conclude(self) -> None:
        """Close the files: it is playable as a whole when this returns."""
        if self._shelved is None:
            self._post(self._on_ended)
            return
        deck = self._deck
        if not deck.has_failed:  # it plays from memory and files while these are concluded
            self._post(self._on_ended)
        try:
            deck.sync()
            deck.close()
            self._shelved.keeper.conclude(deck)
        except OSError as error:
            deck.fail(error)
        finally:
            os.close(self._shelved.lock)
            if deck.has_failed:
                self._post(self._on_ended)

    def _begun(self) -> Shelved:
        lock, noted, _ = take(self._folder, self._opened.lecture, self._opened.epoch)
        try:
            self._deck.begin_files(stores(self._folder), self._folder)
        except BaseException:
            os.close(lock)
            raise
        return Shelved(Keeper(self._folder, noted, self._opened, self._post), lock)

    def _tell(self, keeping: Keeping) -> None:
        self._opened.keeping = keeping
        if self._opened.folder is None:
            self._opened.folder = self._folder
            for name in shelf.RENDITIONS:
                self._opened.window(name).limit(None)


def take(folder: Path, lecture: UUID, epoch: datetime) -> tuple[int, Manifest, dict[str, Contents]]:
    """Hold the folder, new or with what a crash has left; its manifest says that it goes on. The lock,
    the manifest and what is recorded so far. AlreadyRecorded."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = shelf.lock(folder)
    try:
        known = manifest.read(folder)
        noted = known or Manifest(lecture=lecture, epoch=epoch)
        noted = msgspec.structs.replace(noted, is_finished=False)
        held = shelf.cut_torn_tails(folder)
        if known and not shelf.is_certain(folder):
            shelf.skip_numbers(folder, epoch, held)
        shelf.vouch(folder)
        manifest.write(folder, noted)
    except BaseException:
        os.close(lock)
        raise
    return lock, noted, held


def stores(folder: Path) -> dict[str, FileStore]:
    return {name: FileStore(folder, name) for name in shelf.RENDITIONS}
