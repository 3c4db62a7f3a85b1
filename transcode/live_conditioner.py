"""Brings a live lecture into the house format: `python -m transcode.live_conditioner FOLDER --epoch TIME …`.

A child process on purpose: it decodes what strangers send. Media comes by standard input (see
transcode.live_feed) and leaves as slots in FOLDER, each before a channel decides about it. What happened in
the room is on air `DELAY` later. What has not come by then is the last picture, and silence; after
`HOLD_SECONDS` no slot is written, which is the slate.
"""

import argparse
import os
import resource
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, Queue

import av
import structlog

from transcode import live_feed
from transcode.conform import PictureConformer, SoundConformer
from transcode.drift import Drift
from transcode.house import (
    DEFAULT_PROFILE,
    PROFILES,
    SLOT,
    SLOT_SECONDS,
    Profile,
    slot_from,
    start_of,
)
from transcode.house_encoder import Slot, SlotEncoder
from transcode.house_item import fingerprint, pack
from transcode.levels import LiveLevels
from transcode.live_feed import FeedBroken, Record
from transcode.live_slots import DELAY, KEPT, LiveSlots
from transcode.live_source import LiveSource
from transcode.logo import Logo, add_options, branding, logo_in
from transcode.slate import plain_picture
from transcode.source import SourceError, Timed

log = structlog.get_logger()

HOLD_SECONDS = 2.0
_NOTICE = timedelta(seconds=5)  # the first slot is so far ahead
_CODERS_SECONDS = (
    2.6  # a picture goes into the coders so long before its time on air, at the latest
)
_MOST_LATE = 4  # slots in a row; then begin anew
_TICK_SECONDS = 0.2
_WAITING = 256  # records; who feeds waits then
_MEMORY_BYTES = 4 << 30
_NICENESS = 5


class FellBehind(Exception):
    """The machine is too slow, or was stopped: join the clock anew."""


class LiveConditioning:
    """One lecture on its way into slots. One thread."""

    def __init__(
        self,
        folder: Path,
        profile: Profile,
        epoch: datetime,
        now: datetime,
        logo: Logo | None = None,
    ) -> None:
        self._first = slot_from(now + _NOTICE)
        self._epoch = epoch
        self._origin = (start_of(self._first) - DELAY - epoch).total_seconds()  # since the epoch
        self._drift = Drift()
        self._made = self._late = 0
        self._heard_of = -HOLD_SECONDS  # the second up to which something came
        self._pictures = PictureConformer(profile)
        self._branded = branding(logo, profile)
        self._levels = LiveLevels()
        self._sounds = SoundConformer(self._levels)
        self._encoder = SlotEncoder(profile, self._keep)
        self._slots = LiveSlots(folder, fingerprint(self._encoder.init))
        self._slots.sweep(self._first - KEPT)
        self._show(self._pictures.push(Timed(0.0, plain_picture(profile))))

    def push(self, timed: Timed, now: datetime) -> None:
        """`timed.seconds` count from the epoch. FellBehind."""
        since_epoch = (now - self._epoch).total_seconds()
        self._drift.arrived(since_epoch - timed.seconds, since_epoch)
        self._drift.settle(is_pause=not self._levels.speaks)
        seconds = timed.seconds + self._drift.shift - self._origin
        self._heard_of = max(self._heard_of, seconds)
        moved = replace(timed, seconds=max(0.0, seconds))
        if isinstance(timed.frame, av.VideoFrame):
            self._show(self._pictures.push(moved))
        elif seconds >= 0:
            self._hear(self._sounds.push(moved))

    def tick(self, now: datetime) -> None:
        """Go on without what should have come by now. FellBehind."""
        due = (now - start_of(self._first)).total_seconds() + _CODERS_SECONDS
        self._show(self._pictures.fill(due))
        self._hear(self._sounds.fill(max(0.0, due)))

    def _keep(self, slot: Slot) -> None:
        number, starts = self._first + self._made, self._made * float(SLOT_SECONDS)
        if starts < self._heard_of + HOLD_SECONDS:
            self._write(number, slot)
        self._made += 1
        is_late = datetime.now(UTC) > start_of(number) - SLOT
        self._late = self._late + 1 if is_late else 0
        if self._late > _MOST_LATE:
            raise FellBehind

    def _write(self, number: int, slot: Slot) -> None:
        try:
            self._slots.write(number, pack(self._made, *slot))
        except OSError as error:
            log.error("live_conditioner.slot_not_written", slot=number, reason=str(error))

    def _show(self, frames: Iterator[av.VideoFrame]) -> None:
        for frame in frames:
            self._encoder.picture(self._branded(frame))

    def _hear(self, frames: Iterator[av.AudioFrame]) -> None:
        for frame in frames:
            self._encoder.sound(frame)


def run(conditioning: LiveConditioning, records: "Queue[Record | None]") -> None:
    """Until the feed ends. FellBehind."""
    source = LiveSource()
    while True:
        try:
            record = records.get(timeout=_TICK_SECONDS)
        except Empty:
            conditioning.tick(datetime.now(UTC))
            continue
        if record is None:
            return
        for timed in source.push(record):
            conditioning.push(timed, datetime.now(UTC))
        conditioning.tick(datetime.now(UTC))


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    av.logging.set_level(av.logging.PANIC)
    records: Queue[Record | None] = Queue(_WAITING)
    threading.Thread(target=_read, args=(records,), name="feed", daemon=True).start()
    profile, epoch = PROFILES[options.profile], datetime.fromisoformat(options.epoch)
    try:
        now, logo = datetime.now(UTC), logo_in(options)
        run(LiveConditioning(options.folder, profile, epoch, now, logo), records)
    except FellBehind:
        sys.exit("The live lecture could not be conditioned in time.")
    except (SourceError, OSError, MemoryError) as error:
        sys.exit(str(error) or "The live lecture needs more memory than a conditioner may use.")


def _read(records: "Queue[Record | None]") -> None:
    with suppress(FeedBroken, OSError):
        while record := live_feed.read(sys.stdin.buffer):
            records.put(record)
    records.put(None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m transcode.live_conditioner", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="where the slots are written")
    parser.add_argument("--epoch", required=True, help="of the media's times, RFC 3339")
    parser.add_argument("--profile", choices=sorted(PROFILES), default=DEFAULT_PROFILE)
    add_options(parser)
    return parser


if __name__ == "__main__":
    main()
