"""A real server as a child process, and a real browser, for the end-to-end tests."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from bench.house import CHROMIUM, FLAGS, Account, Server
from tests.e2e.warm import WarmServer


@pytest.fixture
def make_server(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Any]:
    """Servers of their own folder, with a database that is migrated; they end with the test."""
    servers: list[Server] = []

    def make(**extra: str) -> Server:
        folder = tmp_path / f"server{len(servers)}"
        folder.mkdir()
        shutil.copy(migrated_sqlite, folder / "daris.db")
        server = WarmServer.prepare(folder, **extra)
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def server(make_server: Any) -> Server:
    """A running server with an empty term."""
    made: Server = make_server()
    made.start()
    return made


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@asynccontextmanager
async def chromium(*extra: str) -> AsyncIterator[Browser]:
    """A browser process of its own, with a camera and a microphone that are drawn."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *extra])
        try:
            yield opened
        finally:
            await opened.close()


@pytest.fixture
def launch():
    """`async with launch() as browser`: another browser process, to be killed for example."""
    return chromium


@pytest.fixture
def account():
    """Adds people: `await account(server, "student", "Dana Omarova")`."""
    return Account.add


class Room:
    """A page that is in a room, and what a person would see and do there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @classmethod
    async def enter(cls, page: Page, lecture: str) -> "Room":
        """Through the green room, with devices for who may host."""
        room = cls(page)
        await page.goto(f"/lectures/{lecture}")
        await page.get_by_test_id("join").click()
        await room.until("daris.room.seat")
        return room

    async def until(self, claim: str, *, seconds: float = 45) -> None:
        """Wait until the JavaScript `claim` is true."""
        await until(self.page, claim, seconds=seconds)

    def press(self, test_id: str) -> Any:
        return self.page.get_by_test_id(test_id).click()

    async def sees(self, source: str, *, frames: int = 25, seconds: float = 45) -> None:
        """Wait for a moving picture from that source of somebody."""
        await self.until(
            f"""[...document.querySelectorAll('[data-testid=tile][data-source={source}] video')].some(
                (video) => video.videoWidth >= 160
                    && video.getVideoPlaybackQuality().totalVideoFrames >= {frames})""",
            seconds=seconds,
        )

    async def hears(self, *, seconds: float = 45) -> None:
        """Wait for sound with energy."""
        await self.until(
            """daris.stats().then(({ tracks }) =>
                Object.values(tracks).some((track) => track.audioEnergy > 0))""",
            seconds=seconds,
        )

    async def say(self, text: str) -> None:
        await self.page.get_by_test_id("chat-input").fill(text)
        await self.page.get_by_test_id("chat-send").click()

    async def reads(self, text: str) -> None:
        """Wait for a confirmed line of chat."""
        line = self.page.get_by_test_id("chat-line").filter(has_text=text)
        await line.wait_for(timeout=10_000)

    async def stats(self) -> Any:
        return await self.page.evaluate("daris.stats()")


class Player:
    """A page that plays a lecture or a channel by HLS."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def picture(self) -> dict[str, Any]:
        """Position, size and frames of what plays."""
        found: dict[str, Any] = await self.page.evaluate(
            """(() => { const video = document.querySelector('[data-testid=watch-video]');
                return {at: video.currentTime, width: video.videoWidth, paused: video.paused,
                    duration: video.duration,
                    frames: video.getVideoPlaybackQuality().totalVideoFrames}; })()"""
        )
        return found

    async def plays(self, *, frames: int = 50, seconds: float = 60) -> None:
        """Wait until that many pictures were shown."""
        await until(
            self.page,
            f"""(() => {{ const video = document.querySelector('[data-testid=watch-video]');
                return video && video.videoWidth >= 160
                    && video.getVideoPlaybackQuality().totalVideoFrames >= {frames}; }})()""",
            seconds=seconds,
        )

    async def seek(self, seconds: float) -> None:
        """To a position, and on until it plays there."""
        await self.page.evaluate(
            f"document.querySelector('[data-testid=watch-video]').currentTime = {seconds}"
        )
        await until(
            self.page,
            f"""(() => {{ const video = document.querySelector('[data-testid=watch-video]');
                return !video.seeking && video.readyState >= 3
                    && Math.abs(video.currentTime - {seconds}) < 4; }})()""",
        )


@pytest.fixture
def enter():
    """`room = await enter(page, lecture)`."""
    return Room.enter


@pytest.fixture
def player():
    """`player(page)`: asks what an HLS page shows."""
    return Player


async def until(page: Page, claim: str, *, seconds: float = 45) -> None:
    """Wait until the JavaScript `claim` is true. (The page's policy forbids Playwright's own way.)"""
    deadline = time.monotonic() + seconds
    while not await page.evaluate(claim):
        assert time.monotonic() < deadline, f"It did not come true in {seconds} s: {claim}"
        await asyncio.sleep(0.05)


async def eventually(claim, *, seconds: float = 15, every: float = 0.1):
    """Wait until `await claim()` is true; its last value then. AssertionError names it."""
    deadline = time.monotonic() + seconds
    value = await claim()
    while not value:
        if time.monotonic() > deadline:
            raise AssertionError(f"{getattr(claim, '__name__', claim)} stayed {value!r}")
        await asyncio.sleep(every)
        value = await claim()
    return value


@pytest.fixture(name="eventually")
def eventually_fixture():
    return eventually
