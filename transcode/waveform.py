"""The peaks of a voice, four a second: what an editor sees under the picture.

One byte a peak, 255 for full scale, linear. The first is of the first moment recorded; pauses are zeros.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import av

from transcode import contents, manifest, shelf, sound, uncut
from transcode.access_unit import AUDIO_TIMESCALE, VIDEO_TIMESCALE, TrackKind
from transcode.extras import WAVEFORM
from transcode.jobs import Told, untold
from transcode.rungs import PROGRAMME
from transcode.sound import Sound

PER_SECOND: Final = 4
_RATE: Final = 8_000  # samples a second; a voice has its peaks below
_LOUDEST: Final = 1 << 15


def make(folder: Path, told: Told = untold) -> None:
    """Write waveform.bin."""
    programme = shelf.kept(contents.read(folder, PROGRAMME)).segments
    begins, ends = programme[0].starts / VIDEO_TIMESCALE, programme[-1].ends / VIDEO_TIMESCALE
    sounds = sound.decoded(uncut.runs(folder, TrackKind.VOICE), sample_format="s16", rate=_RATE)
    manifest.replace(folder / WAVEFORM, peaks(sounds, begins, ends - begins, told))


def peaks(sounds: Iterable[Sound], begins: float, seconds: float, told: Told = untold) -> bytes:
    """Of what lies within `seconds` from second `begins` since the epoch."""
    found = bytearray(max(1, round(seconds * PER_SECOND)))
    for at, frame in sounds:
        place = int((at / AUDIO_TIMESCALE - begins) * PER_SECOND)
        if 0 <= place < len(found):
            found[place] = max(found[place], _peak(frame))
            told(place / len(found))
    return bytes(found)


def _peak(frame: av.AudioFrame) -> int:
    samples = memoryview(frame.planes[0])[: 2 * frame.samples].cast("B").cast("h")
    loudest = max((max(samples), -min(samples))) if samples else 0
    return min(255, loudest * 256 // _LOUDEST)
