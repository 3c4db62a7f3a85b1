"""A Daris of its own, as a child process, with people in it: for benchmarks and end-to-end tests."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, Page

from identity.credentials import add_token
from identity.passwords import open_passwords
from identity.people import add_person
from identity.rights import Role
from kernel.database import Database

ROOT = Path(__file__).parents[1]
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
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
)


@dataclass
class Server:
    """One `daris serve`, its folder and its ports."""

    folder: Path
    port: int
    media_port: int
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def prepare(cls, folder: Path, **extra: str) -> "Server":
        """In an empty folder, on ports that are free now."""
        return cls(folder, free_port(), free_port(socket.SOCK_DGRAM), extra)

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
            "DARIS_CHANNEL_ALONE_MINUTES": "0",  # who kills a server leaves nothing behind
            "PYTHONPATH": str(ROOT),
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DARIS_")}
        return clean | ours | self.extra

    @property
    def database_url(self) -> str:
        return self.extra.get("DARIS_DATABASE_URL", f"sqlite:///{self.folder}/daris.db")

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
        """On return it answers."""
        self.process = self._spawn()
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "daris", "serve"], env=self.environ, stdout=log, stderr=log
            )

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

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


@dataclass
class Account:
    """A person with a password and a token."""

    server: Server
    id: str
    name: str
    login: str
    password: str
    token: str

    @classmethod
    async def add(cls, server: Server, role: str, name: str) -> "Account":
        """Straight into the database, as the command line does."""
        login, password = name.split(maxsplit=1)[0].lower(), "a long word of passage"
        database = Database.open(server.database_url)
        now = datetime.now(UTC)
        async with open_passwords() as passwords:
            hashed = await passwords.hash(password)
        async with database.begin() as connection:
            person = await add_person(
                connection, login=login, name=name, roles={Role(role)}, at=now, password_hash=hashed
            )
            token, _ = await add_token(connection, person.id, at=now)
        await database.aclose()
        return cls(server, str(person.id), name, login, password, token)

    def api(self) -> aiohttp.ClientSession:
        """A client with the person's token."""
        headers = {"Authorization": f"Bearer {self.token}", "X-Experience-API-Version": "1.0.3"}
        return aiohttp.ClientSession(self.server.url, headers=headers)

    async def get(self, path: str) -> Any:
        """The JSON at `path`."""
        async with self.api() as api, api.get(path) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        """Post JSON; the JSON that comes back."""
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
        opened = await browser.new_context(
            **{"base_url": self.server.url, "locale": "en-GB", **context}
        )
        page = await opened.new_page()
        await page.goto("/login")
        await page.get_by_test_id("login-name").fill(self.login)
        await page.get_by_test_id("login-password").fill(self.password)
        await page.get_by_test_id("login-submit").click()
        await page.wait_for_url(lambda url: "/login" not in url)
        return page


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
