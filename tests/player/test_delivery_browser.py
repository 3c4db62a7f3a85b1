"""hls.js in Chromium plays a lecture live, to its end, and again as a recording."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import web
from playwright.async_api import async_playwright

import player
from bench import clips
from player import caption_api, caption_shelf
from player.captions import Cue
from player.delivery import LIBRARY, add_routes
from player.fast_lane import ANSWERS, FastLane, FastSite
from player.live_captions import edge_ms
from transcode.access_unit import AccessUnit, TrackKind
from transcode.edition import Cut, Edition
from transcode.library import Library
from transcode.writer import RecordingWriter

pytestmark = pytest.mark.e2e

STATIC = Path(player.__file__).parent / "static"
SCRIPTS = {
    "/hls.mjs": STATIC / "vendor" / "hls.js" / "hls.mjs",
    "/lost.js": STATIC / "watch" / "lost.js",
}
LECTURE = uuid4()
BROWSER = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
PAGE = f"""<!doctype html><link rel="icon" href="data:,">
<video id="video" muted autoplay playsinline></video>
<script type="module">
import Hls from '/hls.mjs';
import {{ isLost }} from '/lost.js';
window.video = document.getElementById('video');
window.seen = {{sizes: [], errors: []}};
video.addEventListener('resize', () => seen.sizes.push(video.videoWidth));
function load() {{
  window.hls?.destroy();
  window.hls = new Hls({{lowLatencyMode: true}});
  hls.on(Hls.Events.ERROR, (_, error) => {{
    seen.errors.push(error.details);
    if (error.fatal) setTimeout(load, 500);
  }});
  hls.on(Hls.Events.LEVEL_UPDATED, (_, {{ details }}) => isLost(details, video) && load());
  hls.loadSource('/hls/{LECTURE}/index.m3u8');
  hls.attachMedia(video);
}}
load();
</script>"""


@asynccontextmanager
async def served(folder: Path, port: int = 0) -> AsyncIterator[web.AppRunner]:
    """The origin as a process of the service has it; at its end it forgets all but the disk."""

    async def anybody(*_) -> None:
        pass

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def script(request: web.Request) -> web.FileResponse:
        kind = {"Content-Type": "text/javascript"}
        return web.FileResponse(SCRIPTS[request.path], headers=kind)

    app = web.Application()
    app[LIBRARY] = Library(folder)
    add_routes(app, anybody)
    app.add_routes(caption_api.routes(anybody))
    app.router.add_get("/", page)
    for address in SCRIPTS:
        app.router.add_get(address, script)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    lane = FastLane(app[LIBRARY], lambda _: lambda _: True)
    await FastSite(runner, "127.0.0.1", port, lane).start()
    try:
        yield runner
    finally:
        await runner.cleanup()


@pytest.fixture
async def origin(tmp_path):
    async with served(tmp_path) as runner:
        yield runner


@pytest.fixture
async def page():
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=BROWSER
        )
        yield await browser.new_page()
        await browser.close()


def lecture() -> list[tuple[float, TrackKind, AccessUnit | None]]:
    """Camera, larger after 4 s, screen from 6.3 to 9.3 s, somebody speaks now and then."""
    tracks = {
        TrackKind.CAMERA: clips.video(4, rate=30, gop=60)
        + clips.video(9, starts=4.0, rate=30, gop=30, size=(480, 272)),
        TrackKind.SCREEN: clips.video(3, starts=6.3, rate=30, gop=60, size=(640, 368)),
        TrackKind.VOICE: clips.voice(3, starts=1.0) + clips.voice(7, starts=6.0),
    }
    events = [(float(unit.time), kind, unit) for kind, track in tracks.items() for unit in track]
    return sorted([*events, (9.35, TrackKind.SCREEN, None)], key=lambda event: event[0])


def fast_answers() -> float:
    (metric,) = ANSWERS.collect()
    return metric.samples[0].value


async def teach(library: Library, *, is_kept: bool = True) -> None:
    """In real time."""
    opened = library.open_recording(LECTURE, datetime.now(UTC), is_kept=is_kept)
    writer = RecordingWriter(opened, lambda: datetime.now(UTC))
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        for at, kind, unit in lecture():
            await asyncio.sleep(at - (loop.time() - began))
            if unit:
                writer.push(kind, unit)
            else:
                writer.stop_track(kind)
    finally:
        await writer.finish()


async def test_a_lecture_plays_live_to_its_end_and_can_be_sought_in_after_it(origin, page):
    url = "http://{}:{}/".format(*origin.addresses[0])
    before = fast_answers()
    async with asyncio.TaskGroup() as tasks:
        teaching = tasks.create_task(teach(origin.app[LIBRARY]))
        await page.goto(url)
        await page.wait_for_function("video.currentTime > 2 && hls.latency > 0")
        assert await page.evaluate("hls.latency") < 3
        await teaching
    assert fast_answers() > before + 20
    await page.wait_for_function("video.ended")
    seen = await page.evaluate("seen")
    busy = {"bufferStalledError"}  # a machine that is late; bench.llhls counts those
    assert set(seen["errors"]) <= busy
    assert await page.evaluate("video.buffered.length") == 1, "There is a hole in what was played."
    assert seen["sizes"][-3:] == [480, 640, 480]

    await page.goto(url)
    await page.wait_for_function("video.readyState >= 3")
    assert await page.evaluate("video.duration") == pytest.approx(13, abs=0.3)
    for second, width in ((2.5, 320), (7.5, 640), (11.5, 480)):
        await page.evaluate(f"video.currentTime = {second}")
        await page.wait_for_function(f"!video.seeking && video.currentTime > {second} + 0.2")
        assert await page.evaluate("video.videoWidth") == width
    assert (await page.evaluate("seen"))["errors"] == []


AT = """(text) => {
    const cue = [...video.textTracks].flatMap((one) => [...(one.cues ?? [])]).find((one) => one.text === text);
    const fragment = hls.latestLevelDetails.fragments.find((one) => one.programDateTime);
    return cue && fragment.programDateTime + 1000 * (cue.startTime - fragment.start);
}"""


async def test_live_captions_are_shown_at_their_moment(origin, page):
    library = origin.app[LIBRARY]
    async with asyncio.TaskGroup() as tasks:
        teaching = tasks.create_task(teach(library, is_kept=False))
        await asyncio.sleep(0)  # it has opened
        found = library.remembered(LECTURE)
        found.captions.place(uuid4(), "kk", "бірінші", said_ms=0, edge_ms=0)
        await page.goto("http://{}:{}/".format(*origin.addresses[0]))
        await page.wait_for_function("hls.subtitleTracks.length === 1 && video.currentTime > 1")
        await page.evaluate("hls.subtitleTrack = 0")
        edge = edge_ms(found.programme)
        line = found.captions.place(uuid4(), "kk", "екінші", said_ms=edge + 500, edge_ms=edge)
        await page.wait_for_function(f"({AT})('екінші')")
        shown_at = await page.evaluate(f"({AT})('екінші')")
        expected = found.epoch.timestamp() * 1000 + line.shown_ms
        assert shown_at == pytest.approx(expected, abs=100)
        teaching.cancel()


async def test_a_lecture_that_is_not_recorded_plays_on_after_a_restart(tmp_path, page):
    async with served(tmp_path) as origin, asyncio.TaskGroup() as tasks:
        host, port = origin.addresses[0]
        teaching = tasks.create_task(teach(origin.app[LIBRARY], is_kept=False))
        await page.goto(f"http://{host}:{port}/")
        await page.wait_for_function("video.currentTime > 2")
        teaching.cancel()
    await page.evaluate("seen.sizes.length = 0")
    async with served(tmp_path, port) as origin, asyncio.TaskGroup() as tasks:
        tasks.create_task(teach(origin.app[LIBRARY], is_kept=False))
        await page.wait_for_function("seen.sizes.includes(640)")


@pytest.mark.untimed
async def test_captions_are_a_rendition_that_agrees_with_the_pictures_after_a_cut(
    origin, page, tmp_path
):
    library = origin.app[LIBRARY]
    opened = library.open_recording(LECTURE, datetime.now(UTC), post=lambda call: call())
    clips.record(opened, 12)
    library.edit(LECTURE, Edition(cuts=(Cut(4000, 8000),)))
    folder = library.find(LECTURE).folder
    caption_shelf.keep(folder, "kk", [Cue(500, 1500, "бірінші"), Cue(5000, 7000, "<b> & екінші")])
    url = "http://{}:{}".format(*origin.addresses[0])

    await page.goto(url)
    await page.wait_for_function("hls.subtitleTracks.length === 1 && video.readyState >= 3")
    assert await page.evaluate("hls.subtitleTracks[0].lang") == "kk"
    await page.evaluate("hls.subtitleTrack = 0")
    await page.wait_for_function("video.textTracks.length && video.currentTime > 5")
    cues = await page.evaluate(
        "[...video.textTracks[0].cues].map((cue) => [cue.startTime, cue.endTime, cue.text])"
    )
    found = {(round(begins, 2), round(ends, 2)): text for begins, ends, text in cues}
    assert found == {(0.5, 1.5): "бірінші", (5.0, 7.0): "&lt;b&gt; &amp; екінші"}
    assert (await page.evaluate("seen"))["errors"] == []

    probe = ["ffprobe", "-v", "error", "-select_streams", "s", "-show_packets", "-of", "json"]
    playlist = f"{url}/hls/{LECTURE}/captions/kk.m3u8"
    probed = await asyncio.to_thread(subprocess.run, [*probe, playlist], capture_output=True)
    assert len(json.loads(probed.stdout)["packets"]) == 2
    assert probed.stderr == b""
