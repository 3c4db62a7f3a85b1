"""A lecture of six hours by a simulated clock: `python -m bench.long_lecture [--json] [--hours 6]`.

Pictures come 30000/1001 a second, with stamps that jitter by some milliseconds as browsers' do; voice every
20 ms. All of it goes through packager and store as fast as they go. Then it is stopped, as often opened
anew as a restart would, and its playlists are held against the clock.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from heapq import merge
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from bench import clips
from bench.report import arguments, show
from transcode.access_unit import AUDIO_TIMESCALE, VIDEO_TIMESCALE, AccessUnit, TrackKind
from transcode.library import Library
from transcode.rungs import PROGRAMME

LECTURE = UUID(int=7)
EPOCH = datetime(2026, 9, 7, 4, tzinfo=UTC)
CLIP = 10  # seconds that are drawn, and repeated
RATE = Fraction(30_000, 1_001)  # pictures a second
JITTER = 270  # ticks of 90 kHz
MEANINGS = {
    "hours": "of lecture",
    "package_cpu_s_per_hour": "CPU to package and store an hour of a camera, a voice and the programme",
    "stop_cpu_s_per_hour": "CPU of stop for each hour of lecture",
    "stop_to_playable_ms": "from stop to playlists that have an end",
    "load_s": "to open it from the disk, as after a restart",
    "drift_ms": "by which pictures or voice end elsewhere than the clock says, at most",
    "apart_ms": "by which the ends of pictures and voice lie apart",
    "worst_stamp_ms": "by which a segment's time of day differs from the lengths before it, at most",
}


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--hours", type=float, default=6, help="length of the lecture")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        figures = measure(Path(folder), options.hours)
    show("A long lecture", figures, MEANINGS, as_json=options.json)


def measure(folder: Path, hours: float) -> dict[str, float | None]:
    seconds = int(hours * 3600)
    opened = Library(folder).open_recording(LECTURE, EPOCH, post=lambda call: call())
    before = time.process_time()
    for kind, unit in units(seconds):
        opened.push(kind, unit)
    opened.sync()  # as it is every second; here the disk is hours behind
    packed = time.process_time()
    began = time.perf_counter()
    opened.finish()
    stopped = time.process_time()
    playable_ms = 1000 * (time.perf_counter() - began)
    assert opened.folder
    ends = [_seconds(opened.folder, name) for name in (PROGRAMME, TrackKind.VOICE)]
    began = time.perf_counter()
    Library(folder).find(LECTURE)
    return {
        "hours": hours,
        "package_cpu_s_per_hour": (packed - before) / hours,
        "stop_cpu_s_per_hour": (stopped - packed) / hours,
        "stop_to_playable_ms": playable_ms,
        "load_s": time.perf_counter() - began,
        "drift_ms": 1000 * max(abs(end - seconds) for end, _ in ends),
        "apart_ms": 1000 * abs(ends[0][0] - ends[1][0]),
        "worst_stamp_ms": 1000 * max(worst for _, worst in ends),
    }


def units(seconds: int) -> Iterator[tuple[TrackKind, AccessUnit]]:
    """In the order of their times."""
    tracks = ((TrackKind.CAMERA, _pictures(seconds)), (TrackKind.VOICE, _voice(seconds)))
    return merge(*(_named(*track) for track in tracks), key=lambda item: item[1].time)


def _named(kind: TrackKind, units: Iterator[AccessUnit]) -> Iterator[tuple[TrackKind, AccessUnit]]:
    return ((kind, unit) for unit in units)


def _pictures(seconds: int) -> Iterator[AccessUnit]:
    drawn = clips.video(CLIP, gop=50)
    chance = random.Random(7)
    for number in range(int(seconds * RATE)):
        pts = round(number * VIDEO_TIMESCALE / RATE) + chance.randint(0, JITTER)
        yield replace(drawn[number % len(drawn)], pts=pts)


def _voice(seconds: int) -> Iterator[AccessUnit]:
    spoken = clips.voice(CLIP)
    for number in range(seconds * 50):
        yield replace(spoken[number % len(spoken)], pts=number * AUDIO_TIMESCALE // 50)


def _seconds(folder: Path, name: str) -> tuple[float, float]:
    """What the playlist plays, and how far a time of day in it is off, at most."""
    played, worst = 0.0, 0.0
    begins: datetime | None = None
    text = (folder / f"{name}.m3u8").read_text()
    assert text.endswith("#EXT-X-ENDLIST\n")
    for tag, _, value in (line.partition(":") for line in text.splitlines()):
        if tag == "#EXT-X-PROGRAM-DATE-TIME":
            at = datetime.fromisoformat(value)
            begins = begins or at
            worst = max(worst, abs((at - begins).total_seconds() - played))
        elif tag == "#EXTINF":
            played += float(value.partition(",")[0])
    assert begins
    return played + (begins - EPOCH).total_seconds(), worst


if __name__ == "__main__":
    main()
