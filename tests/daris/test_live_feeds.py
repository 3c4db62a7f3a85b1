"""What goes from a room to its conditioner: the camera beside the screen, and only then."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from bench import clips
from daris.live_feeds import Pump
from transcode import live_feed
from transcode.inset import AHEAD_SECONDS
from transcode.library import Library
from transcode.live_source import LiveSource
from transcode.source import Layer

EPOCH = datetime(2026, 9, 7, 4, tzinfo=UTC)


@pytest.fixture
async def opened(tmp_path):
    post = asyncio.get_running_loop().call_soon_threadsafe
    return Library(tmp_path / "media").open_recording(uuid4(), EPOCH, post=post)


async def test_the_camera_comes_beside_the_screen_and_only_then(opened, tmp_path):
    async with fed(opened, tmp_path / "feed"):
        await asyncio.to_thread(taught, opened, asyncio.get_running_loop(), screen=4)
    times: dict[Layer, list[float]] = {layer: [] for layer in Layer}
    for layer, seconds in decoded(tmp_path / "feed"):
        times[layer].append(seconds)
    assert min(times[Layer.ALONE]) < 0.5
    assert 1.9 < min(times[Layer.UNDER]) < 2.2
    assert max(times[Layer.UNDER]) > 5.5
    assert min(times[Layer.INSET]) < 4.5  # from the first key picture on
    assert len(times[Layer.INSET]) > 30


async def test_what_was_there_before_comes_by_its_time(opened, tmp_path):
    await asyncio.to_thread(taught, opened, asyncio.get_running_loop(), screen=6)
    async with fed(opened, tmp_path / "feed"):
        pass
    screen, late = 0.0, []
    for layer, seconds in decoded(tmp_path / "feed"):
        if layer is Layer.UNDER:
            screen = max(screen, seconds)
        elif screen:
            late.append(screen - seconds)
    assert len(late) > 10
    assert max(late) < AHEAD_SECONDS  # no picture of the screen had to go on air without its camera


@contextlib.asynccontextmanager
async def fed(opened, feed):
    """What the recording gets meanwhile, and had before, is in the file afterwards."""
    with feed.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            "cat", stdin=asyncio.subprocess.PIPE, stdout=file
        )
        assert process.stdin
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Pump(opened, process.stdin).run())
            yield
        process.stdin.close()
        await process.wait()


def taught(opened, loop, *, screen: float) -> None:
    """Not faster than the loop takes it."""
    tracks = clips.interleaved(
        camera=clips.video(8, gop=25),
        screen=clips.video(screen, starts=2.0, size=(640, 360), rate=10, gop=10, shade=120),
        voice=clips.voice(8),
    )
    for kind, unit in tracks:
        opened.push(kind, unit)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
    opened.finish()


def decoded(feed) -> Iterator[tuple[Layer, float]]:
    """The pictures in their order: the layer of each, and when it is shown."""
    source = LiveSource()
    with feed.open("rb") as file:
        while record := live_feed.read(file):
            frames = list(source.push(record))
            if record.kind is not live_feed.Kind.SOUND:
                yield from ((timed.layer, timed.seconds) for timed in frames)
    assert source.damaged == 0
