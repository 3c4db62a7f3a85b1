"""What a recording costs and loses: `python -m bench.recording [--json]`.

An hour of 25 pictures and 50 packets of voice a second is pushed through packager and store as
fast as they go, then stopped and asked for over HTTP. FFmpeg copies the same hour to HLS beside it.
Then recorders are killed with SIGKILL, and what they had been given is compared with what plays.
"""

import asyncio
import os
import random
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bench import clips
from bench.report import arguments, show
from player.delivery import LIBRARY, add_routes
from transcode import aac, shelf, single_file
from transcode.access_unit import AccessUnit, Rung, TrackKind
from transcode.library import Library
from transcode.manifest import Manifest
from transcode.recording import Recording
from transcode.rungs import LOWER
from transcode.writer import RecordingWriter

LECTURE = UUID(int=7)
EPOCH = datetime(2026, 9, 7, 4, tzinfo=UTC)
HOUR = 3600
CLIP = 10  # seconds that are drawn, and repeated
KILLS = 3
LOWER_SIZE = (160, 96)
RUNG_SECONDS = 600
MEANINGS = {
    "stop_to_playable_ms": "from stop to playlist and first segment over HTTP, after an hour",
    "index_cpu_s_per_hour": "CPU to make the playlists of an hour from its index",
    "package_cpu_s_per_hour": "CPU to package and store an hour of two tracks and the programme",
    "rung_cpu_s_per_hour": "CPU more to package and store a lower rung of the picture for an hour",
    "ffmpeg_copy_cpu_s_per_hour": "CPU of ffmpeg -c copy -f hls over the same hour",
    "single_file_cpu_s_per_hour": "CPU to copy the pictures of an hour, with AAC, into one MP4",
    "ffmpeg_mp4_cpu_s_per_hour": "CPU of ffmpeg -c copy -movflags +faststart over the same hour",
    "aac_cpu_s_per_hour": "CPU to encode the voice of an hour as AAC, once, in the background",
    "lost_ms_after_kill": f"most that was missing after SIGKILL, of {KILLS} times",
}


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    with TemporaryDirectory() as folder:
        figures = asyncio.run(_hour(Path(folder)))
    figures["lost_ms_after_kill"] = max(_lost_ms() for _ in range(KILLS))
    show("Recording", figures, MEANINGS, as_json=options.json)


async def _hour(folder: Path) -> dict[str, float | None]:
    library = Library(folder)
    opened = library.open_recording(
        LECTURE, EPOCH, post=asyncio.get_running_loop().call_soon_threadsafe
    )
    units = clips.interleaved(camera=clips.video(CLIP), voice=clips.voice(CLIP))
    before = time.process_time()
    for at in range(0, HOUR, CLIP):
        for kind, unit in units:
            opened.push(kind, _later(unit, at))
        await asyncio.sleep(0)  # viewers are told
    package_cpu = time.process_time() - before
    stop_ms = await _stop_to_playable_ms(library, opened)
    assert opened.folder
    before = time.process_time()
    shelf.conclude(opened.folder, Manifest(lecture=LECTURE, epoch=EPOCH))
    return {
        "stop_to_playable_ms": stop_ms,
        "index_cpu_s_per_hour": time.process_time() - before,
        "package_cpu_s_per_hour": package_cpu,
        "rung_cpu_s_per_hour": await _rung_cpu(folder),
        "ffmpeg_copy_cpu_s_per_hour": _ffmpeg_cpu(opened.folder),
        **_single_file_cpu(opened.folder),
    }


async def _rung_cpu(folder: Path) -> float:
    """Of one of two lower rungs."""
    best, lower = clips.video(CLIP), {rung: clips.video(CLIP, size=LOWER_SIZE) for rung in LOWER}
    voice = clips.voice(CLIP)
    spent = []
    for number, rungs in enumerate(({}, lower)):
        opened = Library(folder).open_recording(
            UUID(int=8 + number), EPOCH, post=asyncio.get_running_loop().call_soon_threadsafe
        )
        units = clips.laddered({Rung.BEST: best, **rungs}, voice=voice)
        before = time.process_time()
        for at in range(0, RUNG_SECONDS, CLIP):
            for kind, unit, rung in units:
                opened.push(kind, _later(unit, at), rung)
            await asyncio.sleep(0)
        spent.append(time.process_time() - before)
        opened.finish()
    return (spent[1] - spent[0]) / len(LOWER) * HOUR / RUNG_SECONDS


def _later(unit: AccessUnit, seconds: int) -> AccessUnit:
    pts = unit.pts + seconds * unit.timescale
    return AccessUnit(unit.data, pts, unit.timescale, unit.is_key)


async def _stop_to_playable_ms(library: Library, opened: Recording) -> float:
    async def anybody(*_: object) -> None:
        pass

    app = web.Application()
    app[LIBRARY] = library
    add_routes(app, anybody)
    async with TestClient(TestServer(app)) as client:
        before = time.perf_counter()
        finishing = asyncio.get_running_loop().run_in_executor(None, opened.finish)
        text = ""
        while not text.endswith("#EXT-X-ENDLIST\n"):
            answer = await client.get(f"/hls/{LECTURE}/programme.m3u8")
            text = await answer.text()
        ranged = {"Range": f"bytes=0-{opened.programme.segments[0].stretch.size}"}
        answer = await client.get(f"/hls/{LECTURE}/camera.mp4", headers=ranged)
        assert answer.status == 206
        playable_ms = 1000 * (time.perf_counter() - before)
        await finishing
        return playable_ms


def _ffmpeg_cpu(folder: Path) -> float | None:
    """Of a second copy; None if there is no ffmpeg."""
    inputs = [word for name in ("camera", "voice") for word in ("-i", str(folder / f"{name}.mp4"))]
    form = ["-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_segment_type", "fmp4"]
    target = ["-hls_list_size", "0", str(folder / "copy.m3u8")]
    before = _children_cpu()
    try:
        command = ["ffmpeg", "-v", "error", "-y", *inputs, *form, "-strict", "-2", *target]
        subprocess.run(command, check=True, cwd=folder)
    except FileNotFoundError:
        return None
    return _children_cpu() - before


def _single_file_cpu(folder: Path) -> dict[str, float | None]:
    """Of the file to take away, and of FFmpeg making the same of the same inputs."""
    before = time.process_time()
    aac.encode(folder)
    encoded = time.process_time()
    single_file.make(folder)
    copied = time.process_time()
    return {
        "single_file_cpu_s_per_hour": copied - encoded,
        "ffmpeg_mp4_cpu_s_per_hour": _ffmpeg_mp4_cpu(folder),
        "aac_cpu_s_per_hour": encoded - before,
    }


def _ffmpeg_mp4_cpu(folder: Path) -> float | None:
    inputs = [word for name in ("camera", "aac") for word in ("-i", str(folder / f"{name}.mp4"))]
    form = ["-c", "copy", "-movflags", "+faststart", str(folder / "copy.mp4")]
    before = _children_cpu()
    try:
        subprocess.run(["ffmpeg", "-v", "error", "-y", *inputs, *form], check=True, cwd=folder)
    except FileNotFoundError:
        return None
    return _children_cpu() - before


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _lost_ms() -> float:
    """Between what a recorder had taken when it was killed and what its files hold."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-c", "from bench.recording import record; record()", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as recorder:
            pushed = _read_until(recorder, random.uniform(3, 9))
        found = Library(Path(folder)).find(LECTURE)
        assert found
        windows = (found.programme, found.track(TrackKind.VOICE))
        kept = [each.segments[-1].ends / each.timeline.timescale for each in windows]
        return max(0.0, 1000 * (pushed - min(kept)))


def _read_until(recorder: "subprocess.Popen[str]", seconds: float) -> float:
    assert recorder.stdout
    pushed = 0.0
    while pushed < seconds:
        pushed = float(recorder.stdout.readline())
    recorder.kill()
    return max([pushed, *map(float, recorder.stdout.read().split())])


def record() -> None:
    """The child: a lecture in real time, until it is killed. Prints what it pushed."""
    asyncio.run(_record(Path(sys.argv[1])))


async def _record(folder: Path) -> None:
    epoch = datetime.now(UTC)
    units = clips.interleaved(camera=clips.video(CLIP), voice=clips.voice(CLIP))
    opened = Library(folder).open_recording(LECTURE, epoch)
    began = time.monotonic()
    writer = RecordingWriter(opened, lambda: epoch + timedelta(seconds=time.monotonic() - began))
    for kind, unit in units:
        await asyncio.sleep(float(unit.time) - (time.monotonic() - began))
        writer.push(kind, unit)
        os.write(1, f"{float(unit.time)}\n".encode())


if __name__ == "__main__":
    main()
