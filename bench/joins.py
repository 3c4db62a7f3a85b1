"""What a join costs and how fast it is: `python -m bench.joins [--json]`.

Light clients join a whole server as fast as they are answered, some at a time: by WHEP, and by the
room socket as a page does. Then a crowd comes at once while others listen (bench.storm). At last a
lecturer in Chromium teaches and Chromium students enter: from the click on the way in to the first
picture on the screen is measured in the page itself, step by step.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import aiohttp
from OpenSSL import SSL
from playwright.async_api import Browser, Page, async_playwright

from bench.house import CHROMIUM, FLAGS, Account, Server
from bench.lesson import Lesson, lesson
from bench.light_client import LightClient
from bench.report import Figures, arguments, percentile, show
from bench.storm import CROWD, SEATED, storm
from live.adapter import Certificate

JOINS, AT_A_TIME, STUDENTS = 200, 8, 30
_UNBOUNDED = 100_000  # joins a second
_LARGEST_DATAGRAM = 1500
STEPS = ("socket", "welcome", "answer", "connected")
MEANINGS = {
    "joins_per_s": f"WHEP joins up to DTLS done, {AT_A_TIME} at a time, client on the same cores",
    "cpu_ms_per_join": "CPU of the server process per join, the lecture's own share taken off",
    "socket_joins_per_s": "the same by the room socket, as pages join",
    "socket_cpu_ms_per_join": "same",
    "handshake_cpu_ms": "the floor: one end of a DTLS handshake by OpenSSL alone, in memory",
    "of_handshake": "a WHEP join in handshakes",
    "kb_per_seat": "memory that the server took for each seat of a WHEP join",
    "calm_p99_ms": f"a packet's way to {SEATED} seats, 99th percentile, while nobody joins",
    "storm_p99_ms": f"same, while {CROWD} join at once",
    "ungated_storm_p99_ms": "same, where all are let in at once",
    "first_frame_p50_ms": f"from the click on Enter to the first picture, {STUDENTS} times in Chromium",
    "first_frame_p95_ms": "same, 95th percentile",
    "until_socket_ms": "of that, median until the room socket is open",
    "until_welcome_ms": "until the welcome",
    "until_answer_ms": "until the answer to the offer",
    "until_connected_ms": "until DTLS is done; the rest is decoding the key picture",
}
_MARKS = """() => {
    window.marks = {};
    const mark = (name) => { window.marks[name] ??= performance.now(); };
    window.WebSocket = class extends WebSocket {
        constructor(...about) {
            super(...about);
            this.addEventListener('open', () => mark('socket'));
            this.addEventListener('message', ({data}) => {
                if (data.startsWith('{"type":"welcome"')) mark('welcome');
                if (data.startsWith('{"type":"answer"')) mark('answer');
            });
        }
    };
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...about) {
            super(...about);
            this.addEventListener('connectionstatechange', () => mark(this.connectionState));
        }
    };
}"""
_FIRST_FRAME = """() => new Promise((resolve) => {
    const join = document.querySelector('[data-testid=join]');
    const began = performance.now();
    window.marks = {};
    const seen = new WeakSet();
    const done = () => {
        const times = {...window.marks, frame: performance.now()};
        resolve(Object.fromEntries(Object.entries(times).map(([name, at]) => [name, at - began])));
    };
    const look = () => {
        for (const video of document.querySelectorAll('[data-testid=tile] video')) {
            if (seen.has(video)) continue;
            seen.add(video);
            video.requestVideoFrameCallback(done);
        }
        requestAnimationFrame(look);
    };
    join.click();
    look();
})"""

Join = Callable[[aiohttp.ClientSession, str, LightClient], Awaitable[None]]


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    figures = asyncio.run(_measure())
    show("Joins", figures, MEANINGS, as_json=options.json)


async def _measure() -> Figures:
    figures: dict[str, float | None] = dict.fromkeys(MEANINGS)
    async with lesson(DARIS_JOINS_PER_SECOND=str(_UNBOUNDED)) as held:
        figures |= await _joins(held, held.play)
        by_socket = await _joins(held, held.enter)
        figures |= {
            f"socket_{name}": by_socket[name] for name in ("joins_per_s", "cpu_ms_per_join")
        }
    floor = _handshake_ms()
    figures |= {
        "handshake_cpu_ms": floor,
        "of_handshake": (figures["cpu_ms_per_join"] or 0) / floor,
    }
    figures["calm_p99_ms"], figures["storm_p99_ms"] = await storm()
    _, figures["ungated_storm_p99_ms"] = await storm(DARIS_JOINS_PER_SECOND=str(_UNBOUNDED))
    return figures | await _first_frames()


# ---------------------------------------------------------------- light clients


async def _joins(held: Lesson, join: Join) -> dict[str, float]:
    tickets = [await held.ticket() for _ in range(JOINS)]
    clients = [LightClient() for _ in tickets]
    places, pid = asyncio.Semaphore(AT_A_TIME), held.server.pid

    async def sit(ticket: str, client: LightClient) -> None:
        async with places:
            await join(api, ticket, client)

    async with aiohttp.ClientSession(
        held.server.url, connector=aiohttp.TCPConnector(limit=0)
    ) as api:
        idle = await _idle_share(pid)
        memory, cpu, began = _rss_kb(pid), _cpu_seconds(pid), time.monotonic()
        await asyncio.gather(*(sit(*one) for one in zip(tickets, clients, strict=True)))
        took = time.monotonic() - began
        spent = _cpu_seconds(pid) - cpu
        memory = _rss_kb(pid) - memory
        spent -= (idle + await _idle_share(pid)) / 2 * took
    for client in clients:
        await client.aclose()
    return {
        "joins_per_s": JOINS / took,
        "cpu_ms_per_join": spent / JOINS * 1000,
        "kb_per_seat": memory / JOINS,
    }


def _handshake_ms() -> float:
    """Of the two ends of a handshake one half."""
    context = Certificate().context
    began = time.process_time()
    for _ in range(JOINS):
        server, client = SSL.Connection(context), SSL.Connection(context)
        server.set_accept_state()
        client.set_connect_state()
        for end, other in [(client, server), (server, client)] * 3:
            with suppress(SSL.WantReadError):
                end.do_handshake()
            with suppress(SSL.WantReadError):
                while True:
                    other.bio_write(end.bio_read(_LARGEST_DATAGRAM))
        client.export_keying_material(b"EXTRACTOR-dtls_srtp", 60)  # raises before it is done
    return (time.process_time() - began) / JOINS / 2 * 1000


async def _idle_share(pid: int) -> float:
    """CPU seconds a second that the lecture takes, for who is in, while nobody joins."""
    cpu, began = _cpu_seconds(pid), time.monotonic()
    await asyncio.sleep(3)
    return (_cpu_seconds(pid) - cpu) / (time.monotonic() - began)


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), stat fields 14 and 15; ticks are 10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _rss_kb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmRSS"))


# ---------------------------------------------------------------- Chromium


async def _first_frames() -> dict[str, float]:
    async with _server() as server, _browser() as browser:
        lecturer = await Account.add(server, "lecturer", "Lecturer")
        student = await Account.add(server, "student", "Student")
        lecture = await lecturer.plan()
        host = await lecturer.sign_in(browser)
        await host.goto(f"/lectures/{lecture}")
        await host.get_by_test_id("join").click()
        await host.get_by_test_id("start").click()
        await _publishing(host)
        page = await student.sign_in(browser)
        await page.add_init_script(f"({_MARKS})()")
        visits = [await _first_frame(page, lecture) for _ in range(STUDENTS)]
    firsts = [visit["frame"] for visit in visits]
    steps = {  # a picture may be on the screen before the page has heard of the connection
        f"until_{step}_ms": median(visit.get(step, visit["frame"]) for visit in visits)
        for step in STEPS
    }
    return {
        "first_frame_p50_ms": percentile(firsts, 0.5),
        "first_frame_p95_ms": percentile(firsts, 0.95),
        **steps,
    }


async def _publishing(host: Page) -> None:
    async with asyncio.timeout(20):
        while not await host.evaluate("daris.room.tracks?.length === 2"):  # noqa: ASYNC110 - a page
            await asyncio.sleep(0.1)


async def _first_frame(page: Page, lecture: str) -> dict[str, float]:
    """Milliseconds by step. A fresh visit each time: the seat of the last one is left."""
    await page.goto(f"/lectures/{lecture}")
    await page.wait_for_load_state("networkidle")
    milliseconds: dict[str, float] = await page.evaluate(_FIRST_FRAME)
    await page.get_by_test_id("leave").click()
    return milliseconds


@asynccontextmanager
async def _server() -> AsyncIterator[Server]:
    with TemporaryDirectory() as folder:
        server = Server.prepare(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


if __name__ == "__main__":
    main()
