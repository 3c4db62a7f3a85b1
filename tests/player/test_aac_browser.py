"""With AAC beside it, Chromium still plays the one voice or the other, and ffprobe finds both."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import async_playwright

import player
from bench import clips
from bench.house import CHROMIUM, FLAGS
from player import delivery, extras
from player.delivery import LIBRARY
from transcode.finisher import finish
from transcode.library import Library

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(90)]

HLS_JS = Path(player.__file__).parent / "static" / "vendor" / "hls.js" / "hls.mjs"
LECTURE = uuid4()
PAGE = f"""<!doctype html><link rel="icon" href="data:,">
<video id="video" muted autoplay playsinline></video>
<script type="module">
import Hls from '/hls.mjs';
const only = new URLSearchParams(location.search).get('only');
window.video = document.getElementById('video');
window.seen = {{errors: [], codecs: []}};
window.hls = new Hls();
hls.on(Hls.Events.ERROR, (_, error) => seen.errors.push(error.details));
hls.on(Hls.Events.BUFFER_CODECS, (_, {{audio}}) => audio && seen.codecs.push(audio.codec));
hls.on(Hls.Events.MANIFEST_PARSED, () => {{
    if (only) hls.loadLevel = hls.levels.findIndex((level) => level.audioCodec.startsWith(only));
}});
hls.loadSource('/hls/{LECTURE}/index.m3u8');
hls.attachMedia(video);
</script>"""


@pytest.fixture
async def origin(tmp_path):
    async def anybody(*_) -> None:
        pass

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def hls_js(_: web.Request) -> web.FileResponse:
        return web.FileResponse(HLS_JS, headers={"Content-Type": "text/javascript"})

    library = Library(tmp_path)
    opened = library.open_recording(LECTURE, datetime.now(UTC), post=lambda call: call())
    clips.record(opened, 6)
    await asyncio.to_thread(finish, opened.folder)
    app = web.Application()
    app[LIBRARY] = Library(tmp_path)
    delivery.add_routes(app, anybody)
    app.add_routes(extras.routes(anybody))
    app.router.add_get("/", page)
    app.router.add_get("/hls.mjs", hls_js)
    async with TestServer(app) as server:
        yield server


@pytest.fixture
async def page():
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield await browser.new_page()
        await browser.close()


@pytest.mark.parametrize(("query", "codec"), [("", "opus"), ("?only=mp4a", "mp4a")])
async def test_one_voice_plays_to_the_end(origin, page, query, codec):
    await page.goto(str(origin.make_url("/")) + query)
    await page.wait_for_function("video.ended")
    seen = await page.evaluate("seen")
    assert {found.lower().split(".")[0] for found in seen["codecs"]} == {codec}
    assert not set(seen["errors"]) - {"bufferStalledError"}
    assert await page.evaluate("video.webkitAudioDecodedByteCount") > 10_000


async def test_ffprobe_lists_both(origin):
    url = str(origin.make_url(f"/hls/{LECTURE}/index.m3u8"))
    process = await asyncio.create_subprocess_exec(
        *("ffprobe", "-v", "error", "-of", "json", "-show_entries", "stream=codec_name", url),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    names = {stream["codec_name"] for stream in json.loads(output)["streams"]}
    assert names == {"h264", "opus", "aac"}
