"""Makes a house item of any media: `python -m transcode.conditioner IN OUT --profile 720p25`.

A child process on purpose: it decodes what strangers made. Progress goes to standard output, one JSON object
a line, the report last; an error is one sentence on standard error and exit code 1. The report stands beside
the item as OUT.json.
"""

import argparse
import hashlib
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import msgspec

from transcode.coded_sound import gain_for, heard_of
from transcode.conform import PictureConformer, SoundConformer
from transcode.house import (
    AAC_FRAMES_PER_SLOT,
    DEFAULT_PROFILE,
    FRAMES_PER_SLOT,
    PROFILES,
    RECIPE,
    SLOT_SECONDS,
    Profile,
    slots_in,
)
from transcode.house_encoder import HouseEncoder
from transcode.levels import FixedLevels
from transcode.logo import Logo, add_options, branding, logo_in
from transcode.loudness import SILENT, measure
from transcode.slate import plain_picture
from transcode.source import Source, SourceError, Timed, open_source
from transcode.subtitles import keep_subtitles

_REACH_SECONDS = 30.0  # how far sound may lie behind the picture in a file, or the other way round
_LONGEST_SECONDS = 12 * 3600.0
_MEMORY_BYTES = 4 << 30
_NICENESS = 15
_PROGRESS_SECONDS = 0.5


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    done_seconds: float
    total_seconds: float


class Report(msgspec.Struct, frozen=True, tag="report"):
    profile: str
    fingerprint: str
    slots: int
    seconds: float
    source_seconds: float
    had_picture: bool
    had_sound: bool
    measured_lufs: float
    gain_db: float
    coded_lufs: float  # of the item itself
    coded_peak_db: float  # true peak
    damaged_packets: int
    sha256: str  # of the item
    recipe: int = 1  # transcode.house.RECIPE when it was made


class Conditioning:
    """One source on its way through the conformers into the encoder."""

    def __init__(
        self, encoder: HouseEncoder, profile: Profile, gain_db: float, logo: Logo | None = None
    ) -> None:
        self._encoder = encoder
        self._branded = branding(logo, profile)
        self._profile = profile
        self._pictures = PictureConformer(profile)
        self._sounds = SoundConformer(FixedLevels(gain_db))
        self._start: float | None = None
        self._end = 0.0
        self.had_picture = self.had_sound = False

    def push(self, timed: Timed) -> float:
        """Return the second of the programme that was reached."""
        if self._start is None:
            self._start = timed.seconds
        timed = replace(timed, seconds=max(0.0, timed.seconds - self._start))
        if timed.seconds > _LONGEST_SECONDS:
            raise SourceError("The media is longer than twelve hours.")
        if isinstance(timed.frame, av.VideoFrame):
            self._push_picture(timed)
        else:
            self._push_sound(timed)
        return timed.seconds

    def finish(self) -> Fraction:
        """Pad to the grid; return the seconds of the source."""
        if not self.had_picture and not self.had_sound:
            raise SourceError("The media holds no picture and no sound that can be decoded.")
        end = max(self._end, self._sounds.seconds)
        slots = slots_in(Fraction(round(end * 1000), 1000))
        if not self.had_picture:
            self._encode_pictures(self._pictures.push(Timed(0.0, plain_picture(self._profile))))
        self._encode_pictures(self._pictures.fill(float(slots * SLOT_SECONDS)))
        self._encode_sounds(self._sounds.fill(float(slots * SLOT_SECONDS)))
        self._encode_sounds(self._sounds.finish())
        assert self._pictures.count == slots * FRAMES_PER_SLOT
        assert self._sounds.count >= slots * AAC_FRAMES_PER_SLOT
        return Fraction(round(end * 1000), 1000)

    def _push_picture(self, timed: Timed) -> None:
        self.had_picture = True
        self._end = max(self._end, timed.seconds + 1 / 25)
        self._encode_pictures(self._pictures.push(timed))
        self._encode_sounds(self._sounds.fill(timed.seconds - _REACH_SECONDS))

    def _push_sound(self, timed: Timed) -> None:
        self.had_sound = True
        self._encode_sounds(self._sounds.push(timed))
        self._encode_pictures(self._pictures.fill(timed.seconds - _REACH_SECONDS))

    def _encode_pictures(self, frames: Iterator[av.VideoFrame]) -> None:
        for frame in frames:
            self._encoder.picture(self._branded(frame))

    def _encode_sounds(self, frames: Iterator[av.AudioFrame]) -> None:
        for frame in frames:
            self._encoder.sound(frame)


def condition(
    source: Path,
    target: Path,
    profile: Profile,
    on_progress: Callable[[Progress], None],
    logo: Logo | None = None,
) -> Report:
    """Raise SourceError when `source` cannot be used; then nothing is left at `target`."""
    media = open_source(source)
    loudness = measure(media.sounds())
    gain_db = gain_for(media.sounds, loudness, profile)
    target.parent.mkdir(parents=True, exist_ok=True)
    with HouseEncoder(target, profile) as encoder:
        conditioning = Conditioning(encoder, profile, gain_db, logo)
        _run(conditioning, media, on_progress)
        seconds = conditioning.finish()
    heard = heard_of(target)
    report = Report(
        profile=profile.name,
        fingerprint=encoder.fingerprint,
        slots=encoder.slots,
        seconds=float(encoder.slots * SLOT_SECONDS),
        source_seconds=float(seconds),
        had_picture=conditioning.had_picture,
        had_sound=conditioning.had_sound,
        measured_lufs=(loudness if conditioning.had_sound else SILENT).integrated_lufs,
        gain_db=round(gain_db, 2),
        coded_lufs=round(heard.integrated_lufs, 2),
        coded_peak_db=round(heard.peak_db, 2),
        damaged_packets=media.damaged,
        sha256=_sha256(target),
        recipe=RECIPE,
    )
    target.with_name(target.name + ".json").write_bytes(msgspec.json.encode(report))
    return report


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(
    conditioning: Conditioning, media: Source, on_progress: Callable[[Progress], None]
) -> None:
    told = time.monotonic()
    for timed in media.frames():
        done = conditioning.push(timed)
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            on_progress(Progress(round(done, 2), round(max(done, media.seconds), 2)))


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    av.logging.set_level(av.logging.PANIC)  # the report counts what is damaged
    try:
        profile = PROFILES[options.profile]
        report = condition(options.source, options.target, profile, _tell, logo_in(options))
        if options.captions is not None:
            with suppress(OSError):  # without them it can be shown, too
                keep_subtitles(options.source, options.captions)
    except (SourceError, OSError, MemoryError) as error:
        sys.exit(str(error) or "The media needs more memory than a conditioner may use.")
    _tell(report)


def _tell(line: Progress | Report) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m transcode.conditioner", description=__doc__)
    parser.add_argument(
        "source", type=Path, help="a media file, or the index.m3u8 of a recording's folder"
    )
    parser.add_argument("target", type=Path, help="the house item to write")
    parser.add_argument("--profile", choices=sorted(PROFILES), default=DEFAULT_PROFILE)
    parser.add_argument("--captions", type=Path, help="the folder for what the file has of them")
    add_options(parser)
    return parser


if __name__ == "__main__":
    main()
