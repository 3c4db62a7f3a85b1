"""The recordings of this place: begun, gone on with after a crash, found, finished.

A recording is a folder: `recording.json`; for each track a growing CMAF file with its index;
and once finished HLS playlists over those files, playable from the folder as they are.
"""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Final
from uuid import UUID

import msgspec

from kernel.errors import Conflict, DarisError, PreconditionFailed
from transcode import (
    caption_lines,
    edition,
    extras,
    fresh_numbers,
    manifest,
    marks,
    recording,
    reel,
    shelf,
)
from transcode.access_unit import TrackKind
from transcode.caption_lines import CaptionLines
from transcode.contents import Contents
from transcode.deck import SPAN_IN_MEMORY, Deck, Keeper
from transcode.edition import Edition
from transcode.manifest import Keeping, Manifest
from transcode.packager import PART_TARGET
from transcode.recording import Recording, RecordingState
from transcode.reel import Reel, Shelved
from transcode.rendition import Post
from transcode.rungs import PROGRAMME
from transcode.shelf import AlreadyRecorded
from transcode.store import MemoryStore
from transcode.tape import Position, Tape

_FAREWELL: Final = timedelta(milliseconds=600)  # two parts
_REMEMBERED: Final = 64  # recordings
_GONE: Final = "gone-"  # before the name of a folder that is about to be removed


class Library:
    """Event loop; what reads more than a little from the disk says so."""

    def __init__(self, folder: Path, *, part_target: Fraction = PART_TARGET) -> None:
        self.folder = folder
        self._part_target = part_target
        self._live: dict[UUID, Recording] = {}
        self._opening: set[UUID] = set()
        self._found: OrderedDict[UUID, Recording] = OrderedDict()

    def open_recording(
        self, lecture: UUID, epoch: datetime, *, is_kept: bool = True, post: Post | None = None
    ) -> Recording:
        """Begin, or go on with what a crash interrupted or `finish` ended too early.

        The same item, the same timeline: times of the new `epoch` are mapped to the first.
        `post` brings calls to the event loop, by default to the running one; without any
        loop they are run at once. Reads the index: 0.1 s for an hour. AlreadyRecorded.
        """
        self._check(lecture)
        opened = self._opened(lecture, epoch, post or _running_loop(), is_kept=is_kept)
        return self._begun(opened)

    async def take_up(self, lecture: UUID, epoch: datetime, *, is_kept: bool = True) -> Recording:
        """As `open_recording`, with the disk off the event loop."""
        self._check(lecture)
        self._opening.add(lecture)
        loop = asyncio.get_running_loop()
        call = partial(self._opened, lecture, epoch, _running_loop(), is_kept=is_kept)
        opening = loop.run_in_executor(None, call)
        try:
            return self._begun(await asyncio.shield(opening))
        except asyncio.CancelledError:
            with suppress(DarisError, OSError):  # else its folder would stay locked
                await asyncio.to_thread((await opening).finish)
            raise
        finally:
            self._opening.discard(lecture)

    def is_live(self, lecture: UUID) -> bool:
        """True while it is being recorded here, or shown from memory."""
        return lecture in self._live

    def has_begun(self, lecture: UUID) -> bool:
        """True if something of the lecture was kept already, or is being kept. OSError."""
        return manifest.read(self._folder(lecture)) is not None

    def remembered(self, lecture: UUID) -> Recording | None:
        """The recording if it is in memory: all that are live, and those asked for lately."""
        return self._live.get(lecture) or self._found.get(lecture)

    def find(self, lecture: UUID) -> Recording | None:
        """The recording, live or not; None if there is none. May read an index from disk.

        One whose recorder died is INTERRUPTED: it plays as far as it goes, and its playlists
        do not end, since it may go on. See `finish_interrupted`.
        """
        known = self.remembered(lecture)
        return known or self._keep_at_hand(self._load(lecture))

    async def fetch(self, lecture: UUID) -> Recording | None:
        """As `find`, with the disk off the event loop."""
        known = self.remembered(lecture)
        return known or self._keep_at_hand(await asyncio.to_thread(self._load, lecture))

    def finish_interrupted(self, lecture: UUID) -> Recording | None:
        """End a recording whose recorder died; None if there is none. Blocks on the disk.
        AlreadyRecorded if it lives on in another process."""
        folder = self._folder(lecture)
        noted = manifest.read(folder)
        if noted and not noted.is_finished and lecture not in self._live:
            lock = shelf.lock(folder)
            try:
                held = shelf.cut_torn_tails(folder)
                noted = shelf.conclude(folder, noted, held)
            finally:
                os.close(lock)
            return self._keep_at_hand(self._from_shelf(folder, noted, held))
        return self.find(lecture)

    def edit(self, lecture: UUID, chosen: Edition) -> Edition:
        """Play a finished recording so from now on; files are not touched. The revision is the one
        that was read: PreconditionFailed if there is a newer one. Blocks on the disk."""
        folder = self._folder(lecture)
        noted = manifest.read(folder)
        if noted is None or not noted.is_finished or lecture in self._live:
            raise Conflict("There is no finished recording to edit.")
        lock = shelf.lock(folder)
        try:
            editions = edition.read(folder)
            if editions[-1].revision != chosen.revision:
                raise PreconditionFailed("The recording was edited by somebody else meanwhile.")
            made = msgspec.structs.replace(chosen, revision=chosen.revision + 1)
            edition.write(folder, [*editions, made])
            self._found.pop(lecture, None)  # who asks from now on gets the new edition
            shelf.write_playlists(folder, noted)
        finally:
            os.close(lock)
        self._found.pop(lecture, None)
        return made

    def editions(self, lecture: UUID) -> list[Edition]:
        """All revisions, the newest last. Blocks on the disk."""
        return edition.read(self._folder(lecture))

    def delete(self, lecture: UUID) -> None:
        """Remove all files of a recording that is not live. Blocks on the disk."""
        self.withdraw(lecture)
        self.shred(lecture)

    def withdraw(self, lecture: UUID) -> None:
        """Take a recording that is not live off the shelf: nobody finds it any more, and `shred`
        removes it. Withdrawing twice is withdrawing once. OSError."""
        if lecture in self._live:
            raise AlreadyRecorded("This lecture is being recorded.")
        self._found.pop(lecture, None)
        with suppress(FileNotFoundError):
            self._folder(lecture).rename(self._withdrawn(lecture))

    def withdrawn(self) -> list[UUID]:
        """What was withdrawn and is not removed yet: a crash came between. Blocks on the disk."""
        return [UUID(path.name.removeprefix(_GONE)) for path in self.folder.glob(f"{_GONE}*")]

    def shred(self, lecture: UUID) -> None:
        """Remove all files of a withdrawn recording. Blocks on the disk; OSError."""
        with suppress(FileNotFoundError):
            rmtree(self._withdrawn(lecture))

    def _check(self, lecture: UUID) -> None:
        if lecture in self._live or lecture in self._opening:
            raise AlreadyRecorded("This lecture is being recorded already.")

    def _opened(self, lecture: UUID, epoch: datetime, post: Post, *, is_kept: bool) -> Recording:
        """Any thread."""
        made = self._kept if is_kept else self._unkept
        opened = made(lecture, epoch, post)
        opened.room_epoch = epoch
        return opened

    def _begun(self, opened: Recording) -> Recording:
        self._found.pop(opened.lecture, None)
        self._live[opened.lecture] = opened
        return opened

    def _folder(self, lecture: UUID) -> Path:
        return self.folder / str(lecture)

    def _withdrawn(self, lecture: UUID) -> Path:
        return self.folder / f"{_GONE}{lecture}"

    def _keep_at_hand(self, found: Recording | None) -> Recording | None:
        if found:
            self._found[found.lecture] = found
            while len(self._found) > _REMEMBERED:
                self._found.popitem(last=False)
        return found

    def _load(self, lecture: UUID) -> Recording | None:
        folder = self._folder(lecture)
        noted = manifest.read(folder)
        return self._from_shelf(folder, noted, shelf.load(folder)) if noted else None

    def _from_shelf(
        self, folder: Path, noted: Manifest, loaded: Mapping[str, Contents]
    ) -> Recording:
        windows = recording.windows(noted.epoch, self._part_target)
        chosen = edition.read(folder)[-1]
        shown = shelf.played(loaded, chosen) if noted.is_finished and chosen.cuts else {}
        for name, held in loaded.items():
            windows[name].restore(held)
            windows[name].played = shown[name].segments if name in shown else None
            if noted.is_finished:
                windows[name].end()
        state = RecordingState.FINISHED if noted.is_finished else RecordingState.INTERRUPTED
        found = Recording(noted.lecture, noted.epoch, windows, folder, state)
        found.keeping = noted.keeping
        found.gaps = recording.gaps(noted)
        found.captions = CaptionLines(caption_lines.read(folder))
        made = extras.read(folder) if noted.is_finished else None
        found.aac = made.aac if made else None
        if noted.is_finished:
            found.mark(*marks.of(folder))
        return found

    def _unkept(self, lecture: UUID, epoch: datetime, post: Post) -> Recording:
        windows = recording.windows(
            epoch,
            self._part_target,
            SPAN_IN_MEMORY,
            first=fresh_numbers.unused_segment(epoch),
            discontinuities=fresh_numbers.unused_discontinuity(epoch),
        )
        shelf.doubt(self._folder(lecture))  # what is there, if anything, does not know these
        opened = Recording(lecture, epoch, windows, None, RecordingState.LIVE)
        deck = Deck(opened, {name: MemoryStore() for name in windows}, post)
        ended = partial(self._ended, opened)
        made = Reel(opened, self._folder(lecture), deck, post=post, on_ended=ended)
        made.run(Tape(deck.renditions, self._part_target))
        return opened

    def _kept(self, lecture: UUID, epoch: datetime, post: Post) -> Recording:
        folder = self._folder(lecture)
        lock, noted, held = reel.take(folder, lecture, epoch)
        try:
            opened = self._from_shelf(folder, noted, held)
            opened.spell_out()
            deck = Deck(opened, reel.stores(folder), post, folder)
        except BaseException:
            os.close(lock)
            raise
        deck.keep(is_kept=noted.keeping is Keeping.ON)
        shelved = Shelved(Keeper(folder, noted, opened, post), lock)
        ended = partial(self._ended, opened)
        made = Reel(opened, folder, deck, post=post, on_ended=ended, shelved=shelved)
        opened.state = RecordingState.LIVE
        made.run(self._tape(opened, deck, shelved.keeper, epoch))
        return opened

    def _tape(self, opened: Recording, deck: Deck, keeper: Keeper, epoch: datetime) -> Tape:
        position = _position(opened)
        if position is None:
            seconds = Fraction((epoch - opened.epoch).total_seconds())
            return Tape(deck.renditions, self._part_target, offset=seconds)
        edge = position.edge
        return Tape(
            deck.renditions,
            self._part_target,
            offset=max(Fraction((epoch - opened.epoch).total_seconds()), edge),
            resume=position,
            on_resumed=lambda at: keeper.note_outage(edge, at),
        )

    def _ended(self, ended: Recording) -> None:
        """Playable as a whole from now on; those who watch live are told a little later."""
        ended.state = RecordingState.FINISHED
        self._live.pop(ended.lecture, None)
        if not (ended.fault and ended.folder):  # then only the files know what was kept
            self._keep_at_hand(ended)
        _soon(ended.end)


def _soon(call: Callable[[], None]) -> None:
    """hls.js misses the last part if it learns of it and of the end in one answer."""
    try:
        asyncio.get_running_loop().call_later(_FAREWELL.total_seconds(), call)
    except RuntimeError:
        call()


def _position(opened: Recording) -> Position | None:
    """Where voice and programme ended; None if nothing was recorded."""
    voice, programme = opened.track(TrackKind.VOICE), opened.window(PROGRAMME)
    if not (voice.segments and programme.segments):
        return None
    return Position(
        Fraction(voice.segments[-1].ends, voice.timeline.timescale),
        Fraction(programme.segments[-1].ends, programme.timeline.timescale),
    )


def _running_loop() -> Post:
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        return lambda call: call()
