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
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

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
    "--auto-select-desktop-capture-source=Entire screen",
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
        server.run("migrate")
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


class Account:
    """A person with a password and a token."""

    def __init__(self, server: Server, role: str, name: str) -> None:
        self.server = server
        self.name = name
        self.login = name.split()[0].lower()
        self.password = f"{self.login}-and-a-long-word"
        answer = server.run(
            *("person", "add", "--login", self.login, "--name", name),
            *("--role", role, "--password", self.password),
        )
        self.id = answer["id"]
        self.token = server.run("token", "create", "--login", self.login)["token"]

    def api(self) -> aiohttp.ClientSession:
        """A client with the person's token."""
        return aiohttp.ClientSession(
            self.server.url, headers={"Authorization": f"Bearer {self.token}"}
        )

    async def sign_in(self, browser: Browser, **context: Any) -> Page:
        """A browser context of this person's, on the page of today."""
        opened: BrowserContext = await browser.new_context(
            base_url=self.server.url, locale="en-GB", permissions=["camera", "microphone"], **context
        )
        page = await opened.new_page()
        await page.goto("/login")
        await page.get_by_test_id("login-name").fill(self.login)
        await page.get_by_test_id("login-password").fill(self.password)
        await page.get_by_test_id("login-submit").click()
        await page.wait_for_url(lambda url: "/login" not in url)
        return page


@pytest.fixture
def account():
    """Makes accounts: `account(server, "student", "Dana Omarova")`."""
    return Account


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
