"""What a join costs and how fast it is: `python -m bench.joins [--json]`.

A lecturer in Chromium teaches in a whole server process. Light clients join by WHEP as fast as
they are answered, some at a time; then Chromium students enter, and from the click on the way in
to the first picture on the screen is measured in the page itself.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from playwright.async_api import Browser, Page, async_playwright

from bench.house import CHROMIUM, FLAGS, Account, Server
from bench.light_client import LightClient
from bench.report import Figures, arguments, percentile, show

JOINS, AT_A_TIME, STUDENTS = 120, 8, 8
MEANINGS = {
    "joins_per_s": f"WHEP joins up to DTLS done, {AT_A_TIME} at a time, client on the same cores",
    "cpu_ms_per_join": "CPU of the server process per join, the lecture's own share taken off",
    "first_frame_p50_ms": f"from the click on Enter to the first picture, {STUDENTS} in Chromium",
    "first_frame_p95_ms": "same, 95th percentile",
}
FIRST_FRAME = """() => new Promise((resolve) => {
    const join = document.querySelector('[data-testid=join]');
    const began = performance.now();
    const seen = new WeakSet();
    const look = () => {
        for (const video of document.querySelectorAll('[data-testid=tile] video')) {
            if (seen.has(video)) continue;
            seen.add(video);
            video.requestVideoFrameCallback(() => resolve(performance.now() - began));
        }
        requestAnimationFrame(look);
    };
    join.click();
    look();
})"""


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    figures = asyncio.run(_measure())
    show("Joins", figures, MEANINGS, as_json=options.json)


async def _measure() -> Figures:
    async with _server() as server, _browser() as browser:
        lecturer = await Account.add(server, "lecturer", "Lecturer")
        student = await Account.add(server, "student", "Student")
        lecture = await lecturer.plan()
        host = await lecturer.sign_in(browser)
        await host.goto(f"/lectures/{lecture}")
        await host.get_by_test_id("join").click()
        await host.get_by_test_id("start").click()
        await _publishing(host)
        tickets = [await _ticket(lecturer, lecture, number) for number in range(JOINS)]
        joined = await _joins(server, lecture, tickets)
        page = await student.sign_in(browser)
        firsts = [await _first_frame(page, lecture) for _ in range(STUDENTS)]
    return {
        **joined,
        "first_frame_p50_ms": percentile(firsts, 0.5),
        "first_frame_p95_ms": percentile(firsts, 0.95),
    }


async def _publishing(host: Page) -> None:
    async with asyncio.timeout(20):
        while not await host.evaluate("daris.room.tracks?.length === 2"):  # noqa: ASYNC110 - a page
            await asyncio.sleep(0.1)


async def _ticket(lecturer: Account, lecture: str, number: int) -> str:
    """A guest's: one person may not sit on a hundred seats."""
    made = await lecturer.post(
        f"/api/v1/lectures/{lecture}/tickets", {"name": f"Guest {number}"}, status=201
    )
    ticket: str = made["ticket"]
    return ticket


async def _joins(server: Server, lecture: str, tickets: list[str]) -> Figures:
    places = asyncio.Semaphore(AT_A_TIME)
    clients: list[LightClient] = []
    async with aiohttp.ClientSession(server.url) as api:
        idle = await _idle_share(server.pid)
        cpu, began = _cpu_seconds(server.pid), time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for ticket in tickets:
                clients.append(LightClient())
                tasks.create_task(_join(api, f"/whep/{lecture}", ticket, places, clients[-1]))
        took = time.monotonic() - began
        spent = _cpu_seconds(server.pid) - cpu - idle * took
    for client in clients:
        await client.aclose()
    return {"joins_per_s": JOINS / took, "cpu_ms_per_join": spent / JOINS * 1000}


async def _join(
    api: aiohttp.ClientSession,
    address: str,
    ticket: str,
    places: asyncio.Semaphore,
    client: LightClient,
) -> None:
    offer = client.offer([("video", "recvonly"), ("audio", "recvonly")])
    headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {ticket}"}
    async with places:
        async with api.post(address, data=offer, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            sdp = await answer.text()
        await client.connect(sdp)


async def _first_frame(page: Page, lecture: str) -> float:
    """Milliseconds. A fresh visit each time: the seat of the last one is left."""
    await page.goto(f"/lectures/{lecture}")
    await page.wait_for_load_state("networkidle")
    milliseconds: float = await page.evaluate(FIRST_FRAME)
    await page.get_by_test_id("leave").click()
    return milliseconds


async def _idle_share(pid: int) -> float:
    """CPU seconds a second that the lecture takes while nobody joins."""
    cpu, began = _cpu_seconds(pid), time.monotonic()
    await asyncio.sleep(3)
    return (_cpu_seconds(pid) - cpu) / (time.monotonic() - began)


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), stat fields 14 and 15; ticks are 10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


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
