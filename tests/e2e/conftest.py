"""A real server as a child process, and a real browser, for the end-to-end tests."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from identity.credentials import add_token
from identity.passwords import open_passwords
from identity.people import add_person
from identity.rights import Role
from kernel.database import Database

ROOT = Path(__file__).parents[2]

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--auto-select-tab-capture-source-by-title=Slides",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
]


@dataclass
class Server:
    """One `daris serve`, its folder and its ports."""

    folder: Path
    port: int
    media_port: int
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        ours = {
            "DARIS_DATA_DIR": str(self.folder),
            "DARIS_PORT": str(self.port),
            "DARIS_MEDIA_PORT": str(self.media_port),
            "DARIS_ANNOUNCE": "127.0.0.1",
            "PYTHONPATH": str(ROOT),
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DARIS_")}
        return clean | ours | self.extra

    def run(self, *words: str) -> Any:
        """A `daris` command; its JSON answer."""
        done = subprocess.run(
            [sys.executable, "-m", "daris", *words, "--json"],
            env=self.environ,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def start(self) -> None:
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "daris", "serve"], env=self.environ, stdout=log, stderr=log
        )
        log.close()
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(self.log())

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def log(self) -> str:
        return (self.folder / "server.log").read_text()


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Any]:
    """Starts servers of their own folder; they end with the test."""
    servers: list[Server] = []

    def make(**extra: str) -> Server:
        folder = tmp_path / f"server{len(servers)}"
        folder.mkdir()
        server = Server(folder, free_port(), free_port(socket.SOCK_DGRAM), extra)
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
        opened = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*CHROMIUM, *extra]
        )
        try:
            yield opened
        finally:
            await opened.close()


@pytest.fixture
def launch():
    """`async with launch() as browser`: another browser process, to be killed for example."""
    return chromium


@dataclass
class Account:
    """A person with a password and a token."""

    server: Server
    id: str
    name: str
    login: str
    password: str
    token: str

    def api(self) -> aiohttp.ClientSession:
        """A client with the person's token."""
        return aiohttp.ClientSession(
            self.server.url, headers={"Authorization": f"Bearer {self.token}"}
        )

    async def get(self, path: str) -> Any:
        """The JSON at `path`."""
        async with self.api() as api, api.get(path) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        async with self.api() as api, api.post(path, json=body or {}) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json() if status != 204 else None

    async def plan(self, *, length: timedelta = timedelta(hours=1), **more: Any) -> str:
        """Plan a lecture of this person's that begins now; its id."""
        now = datetime.now(UTC)
        body = {
            "title": "Жарық физикасы",
            "lecturer": self.id,
            "starts_at": now.isoformat(),
            "ends_at": (now + length).isoformat(),
        }
        planned = await self.post("/api/v1/lectures", body | more, status=201)
        lecture: str = planned["id"]
        return lecture

    async def sign_in(self, browser: Browser, **context: Any) -> Page:
        """A browser context of this person's, on the page of today."""
        opened: BrowserContext = await browser.new_context(
            **{"base_url": self.server.url, "locale": "en-GB", **context}
        )
        page = await opened.new_page()
        await page.goto("/login")
        await page.get_by_test_id("login-name").fill(self.login)
        await page.get_by_test_id("login-password").fill(self.password)
        await page.get_by_test_id("login-submit").click()
        await page.wait_for_url(lambda url: "/login" not in url)
        return page


async def add_account(server: Server, role: str, name: str) -> Account:
    """Straight into the database, as the command line does."""
    login, password = name.split(maxsplit=1)[0].lower(), "a long word of passage"
    database = Database.open(f"sqlite:///{server.folder}/daris.db")
    now = datetime.now(UTC)
    async with open_passwords() as passwords:
        hashed = await passwords.hash(password)
    async with database.begin() as connection:
        person = await add_person(
            connection, login=login, name=name, roles={Role(role)}, at=now, password_hash=hashed
        )
        token, _ = await add_token(connection, person.id, at=now)
    await database.aclose()
    return Account(server, str(person.id), name, login, password, token)


@pytest.fixture
def account():
    """Adds people: `await account(server, "student", "Dana Omarova")`."""
    return add_account


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

    async def until(self, claim: str, *, seconds: float = 20) -> None:
        """Wait until the JavaScript `claim` is true."""
        await until(self.page, claim, seconds=seconds)

    def press(self, test_id: str) -> Any:
        return self.page.get_by_test_id(test_id).click()

    async def sees(self, source: str, *, frames: int = 25, seconds: float = 20) -> None:
        """Wait for a moving picture from that source of somebody."""
        await self.until(
            f"""[...document.querySelectorAll('[data-testid=tile][data-source={source}] video')].some(
                (video) => video.videoWidth >= 160
                    && video.getVideoPlaybackQuality().totalVideoFrames >= {frames})""",
            seconds=seconds,
        )

    async def hears(self, *, seconds: float = 20) -> None:
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

    async def plays(self, *, frames: int = 50, seconds: float = 30) -> None:
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


async def until(page: Page, claim: str, *, seconds: float = 20) -> None:
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


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
