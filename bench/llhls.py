"""How far behind HLS viewers are: `python -m bench.llhls [--json] [--seconds N] [--part-ms N]`.

A drawn lecture is pushed in real time, as a room would push it. A client asks for each part of
the programme as it is hinted at; hls.js in Chromium plays it, and tells of every picture when it was shown and
which one it was. Network, camera and encoder are not in these figures.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from uuid import UUID

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from playwright.async_api import Error, async_playwright

from bench import clips
from bench.report import arguments, percentile, show
from kernel.web import problems
from player.delivery import LIBRARY, add_routes
from player.vendor import VENDOR
from transcode.access_unit import AccessUnit, TrackKind
from transcode.library import Library
from transcode.packager import PART_TARGET
from transcode.window import Window
from transcode.writer import RecordingWriter

Late = dict[tuple[int, int], tuple[float, float | None]]
"""By segment and part: milliseconds since its last picture was pushed, and since the first packet of
the key picture that ended it, if one did."""
LECTURE, PICTURE = UUID(int=7), UUID(int=8)
CLIP, RATE = 10, 25
KEY_SPREAD = 0.03  # seconds over which a sender's pacer spreads the packets of a key picture
BROWSER = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
MEANINGS = {
    "capture_to_part_p99_ms": "from a part's last picture pushed to the part at an HTTP client",
    "segment_end_p99_ms": "same, of parts that end a segment: the next picture's first packet tells",
    "key_to_segment_end_p99_ms": "from that packet to the part at the client",
    "package_cpu_percent": "CPU of the packager thread while it was live, of a core",
    "track_cpu_percent": "same, of a lecture beside it that has one picture track and no voice",
    "capture_to_picture_p95_ms": "from a picture pushed to it shown by hls.js in Chromium",
    "drift_ms": "how much later the last fifth of the pictures was than the second",
    "stalls": "times that the player had to wait",
}
PAGE = f"""<!doctype html><link rel="icon" href="data:,"><video id="video" muted autoplay></video>
<script type="module">
import Hls from '/hls.mjs';
window.shown = []; window.stalls = 0;
const video = document.getElementById('video');
video.addEventListener('waiting', () => window.stalls += video.currentTime > 0 && !video.seeking);
const note = (_, frame) => {{
  shown.push([performance.timeOrigin + frame.expectedDisplayTime, frame.mediaTime]);
  video.requestVideoFrameCallback(note);
}};
video.requestVideoFrameCallback(note);
const hls = new Hls({{lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.06}}); // as the player
hls.loadSource('/hls/{LECTURE}/index.m3u8');
hls.attachMedia(video);
</script>"""


@dataclass(slots=True)
class Lesson:
    """What was pushed, and when, on the clock of the machine."""

    epoch: datetime
    began: float = field(default_factory=time.time)
    pushed: dict[int, float] = field(default_factory=dict)  # by pts of the camera
    announced: dict[int, float] = field(default_factory=dict)  # the first packet of key pictures

    def now(self) -> datetime:
        return self.epoch + timedelta(seconds=time.time() - self.began)

    def last_before(self, ends: int) -> float:
        """When the last picture before `ends` was pushed."""
        return self.pushed[max(pts for pts in self.pushed if pts < ends)]


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--part-ms", type=int, default=int(1000 * PART_TARGET))
    options = parser.parse_args()
    figures = asyncio.run(_measure(options.seconds, Fraction(options.part_ms, 1000)))
    show("Low-latency HLS", figures, MEANINGS, as_json=options.json)


async def _measure(seconds: int, part_target: Fraction) -> dict[str, float | None]:
    units = clips.interleaved(camera=clips.video(CLIP, rate=RATE), voice=clips.voice(CLIP))
    with TemporaryDirectory() as folder:
        async with (
            _origin(Library(Path(folder), part_target=part_target)) as server,
            ClientSession(server.make_url("/")) as client,
        ):
            lesson = Lesson(datetime.now(UTC))
            opened = server.app[LIBRARY].open_recording(LECTURE, lesson.epoch)
            beside = server.app[LIBRARY].open_recording(PICTURE, lesson.epoch)
            writers = [RecordingWriter(each, lesson.now) for each in (opened, beside)]
            async with asyncio.TaskGroup() as tasks:
                parts = tasks.create_task(_fetch_parts(client, opened.programme, lesson))
                pictures = tasks.create_task(_watch(str(server.make_url("/")), seconds))
                await _teach(writers, lesson, units, seconds)
                whole, track = _packager_seconds()
                for writer in writers:
                    await writer.finish()
    starts = opened.programme.segments[0].starts / 90_000
    return {
        **_part_figures(parts.result()),
        **_picture_figures(pictures.result(), lesson.began + starts),
        "package_cpu_percent": 100 * whole / seconds,
        "track_cpu_percent": 100 * track / seconds,
    }


async def _teach(
    writers: list[RecordingWriter],
    lesson: Lesson,
    units: list[tuple[TrackKind, AccessUnit]],
    seconds: int,
) -> None:
    """The first writer gets all, the others the pictures."""
    for again in range(-(-seconds // CLIP)):
        for kind, unit in units:
            pts = unit.pts + again * CLIP * unit.timescale
            await asyncio.sleep(lesson.began + pts / unit.timescale - time.time())
            if kind is TrackKind.CAMERA and unit.is_key:
                lesson.announced[pts] = time.time()
                for writer in writers:
                    writer.key_ahead(kind, pts)
                await asyncio.sleep(KEY_SPREAD)
            if kind is TrackKind.CAMERA:
                lesson.pushed[pts] = time.time()
            for writer in writers if kind is TrackKind.CAMERA else writers[:1]:
                writer.push(kind, AccessUnit(unit.data, pts, unit.timescale, unit.is_key))


def _packager_seconds() -> Iterator[float]:
    """CPU of the writers' threads, in the order in which they were begun."""
    for thread in threading.enumerate():
        if thread.name == "packager":
            assert thread.ident
            yield time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


async def _fetch_parts(client: ClientSession, window: Window, lesson: Lesson) -> Late:
    """Asks as a player does that knows the next address."""
    late: dict[tuple[int, int], tuple[float, float | None]] = {}
    msn = number = 0
    while not window.is_ended:
        address = f"/hls/{LECTURE}/programme/{msn}.{number}.m4s"
        async with client.get(address) as answer:
            await answer.read()
            arrived = time.time()
        parts = window.parts(msn)
        if answer.status != 200 or not parts:
            is_over = msn < window.next_msn
            msn, number = (msn + 1, 0) if is_over else (msn, number)
            continue
        ends = parts[number].ends
        key = lesson.announced.get(ends)
        late[msn, number] = (
            1000 * (arrived - lesson.last_before(ends)),
            None if key is None else 1000 * (arrived - key),
        )
        number += 1
    return late


async def _watch(url: str, seconds: int) -> list[tuple[float, float]] | None:
    """(milliseconds of the day, media time) of each picture; None without a browser."""
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=BROWSER
            )
            page = await browser.new_page()
            await page.goto(url)
            await asyncio.sleep(seconds - 4)
            shown = await page.evaluate("[...shown, [stalls, -1]]")
            await browser.close()
            return [(at, media) for at, media in shown]
    except Error:
        return None


def _part_figures(late: Late) -> dict[str, float | None]:
    ends = [(ms, key_ms) for ms, key_ms in late.values() if key_ms is not None]
    others = [ms for ms, key_ms in late.values() if key_ms is None]
    return {
        "capture_to_part_p99_ms": percentile(others, 0.99),
        "segment_end_p99_ms": percentile([ms for ms, _ in ends], 0.99),
        "key_to_segment_end_p99_ms": percentile([ms for _, ms in ends], 0.99),
    }


def _picture_figures(
    shown: list[tuple[float, float]] | None, zero: float
) -> dict[str, float | None]:
    if not shown:
        return dict.fromkeys(("capture_to_picture_p95_ms", "drift_ms", "stalls"))
    *pictures, (stalls, _) = shown
    late = [at - 1000 * (zero + media) for at, media in pictures]
    fifth = len(late) // 5
    return {
        "capture_to_picture_p95_ms": percentile(late[fifth:], 0.95),
        "drift_ms": mean(late[-fifth:]) - mean(late[fifth : 2 * fifth]),
        "stalls": stalls,
    }


@asynccontextmanager
async def _origin(library: Library) -> AsyncIterator[TestServer]:
    async def anybody(*_: object) -> None:
        pass

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def hls_js(_: web.Request) -> web.FileResponse:
        kind = {"Content-Type": "text/javascript"}
        return web.FileResponse(VENDOR / "hls.js" / "hls.mjs", headers=kind)

    app = web.Application(middlewares=[problems])
    app[LIBRARY] = library
    add_routes(app, anybody)
    app.router.add_get("/", page)
    app.router.add_get("/hls.mjs", hls_js)
    server = TestServer(app)
    async with server:
        yield server


if __name__ == "__main__":
    main()
