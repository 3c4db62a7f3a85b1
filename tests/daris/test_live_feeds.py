"""What goes from a room to its conditioner: the camera beside the screen, and only then."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from bench import clips
from daris.live_feeds import Pump
from transcode import live_feed
from transcode.library import Library
from transcode.live_source import LiveSource
from transcode.source import Layer

EPOCH = datetime(2026, 9, 7, 4, tzinfo=UTC)


async def test_the_camera_comes_beside_the_screen_and_only_then(tmp_path):
    loop = asyncio.get_running_loop()
    opened = Library(tmp_path / "media").open_recording(
        uuid4(), EPOCH, post=loop.call_soon_threadsafe
    )
    feed = tmp_path / "feed"
    with feed.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            "cat", stdin=asyncio.subprocess.PIPE, stdout=file
        )
        assert process.stdin
        pump = Pump(opened, process.stdin)
        async with asyncio.TaskGroup() as tasks:
            for run in (pump.programme, pump.voice, pump.camera):
                tasks.create_task(run())
            await asyncio.to_thread(taught, opened, loop)
        process.stdin.close()
        await process.wait()
    times = decoded(feed)
    assert min(times[Layer.ALONE]) < 0.5
    assert 1.9 < min(times[Layer.UNDER]) < 2.2
    assert max(times[Layer.UNDER]) > 5.5
    assert min(times[Layer.INSET]) < 4.5  # from the first key picture on
    assert len(times[Layer.INSET]) > 30


def taught(opened, loop) -> None:
    """Not faster than the loop takes it."""
    tracks = clips.interleaved(
        camera=clips.video(8, gop=25),
        screen=clips.video(4, starts=2.0, size=(640, 360), rate=10, gop=10, shade=120),
        voice=clips.voice(8),
    )
    for kind, unit in tracks:
        opened.push(kind, unit)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
    opened.finish()


def decoded(feed) -> dict[Layer, list[float]]:
    """When the pictures of each layer are shown."""
    source, times = LiveSource(), {layer: [] for layer in Layer}
    with feed.open("rb") as file:
        while record := live_feed.read(file):
            frames = list(source.push(record))
            if record.kind is not live_feed.Kind.SOUND:
                for timed in frames:
                    times[timed.layer].append(timed.seconds)
    assert source.damaged == 0
    return times
