"""A stage behind a page that is as small as can be, and a browser to open it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from bench.light_client import LightClient
from kernel.clock import SystemClock
from kernel.errors import DarisError
from live.adapter import Certificate, Dtls
from live.build_fanout import LIBRARY
from live.fanout import open_fanout
from live.messages import Source
from live.peer import Peer
from live.port import MediaPort
from live.stage import Stage
from live.tracks import PublishedTrack

PAGE = Path(__file__).with_name("page.html")
FLAGS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]


@dataclass
class Told:
    """A listener that remembers what it was told."""

    added: list[PublishedTrack] = field(default_factory=list)
    removed: list[PublishedTrack] = field(default_factory=list)
    ready: list[UUID] = field(default_factory=list)
    lost: list[UUID] = field(default_factory=list)
    needed: list[tuple[PublishedTrack, tuple[str, ...]]] = field(default_factory=list)
    voices: list[tuple[frozenset[UUID], tuple[UUID, ...]]] = field(default_factory=list)
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    def track_added(self, track: PublishedTrack) -> None:
        self.added.append(track)
        self.happened.set()

    def track_removed(self, track: PublishedTrack) -> None:
        self.removed.append(track)
        self.happened.set()

    def layers_needed(self, track: PublishedTrack, rids: tuple[str, ...]) -> None:
        self.needed.append((track, rids))
        self.happened.set()

    def voices_changed(self, heard: frozenset[UUID], speaking: tuple[UUID, ...]) -> None:
        self.voices.append((heard, speaking))
        self.happened.set()

    def connection_ready(self, seat: UUID) -> None:
        self.ready.append(seat)
        self.happened.set()

    def connection_lost(self, seat: UUID) -> None:
        self.lost.append(seat)
        self.happened.set()

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not claim():
                self.happened.clear()
                await self.happened.wait()


@dataclass
class Room:
    """One stage, served at `address`."""

    stage: Stage
    told: Told
    address: str
    port: MediaPort
    peers: dict[UUID, Peer] = field(default_factory=dict)

    async def offer(self, request: web.Request) -> web.Response:
        body = await request.json()
        seat = UUID(body["seat"])
        if seat not in self.peers:
            self.peers[seat] = self.stage.connect(seat)
        try:
            answer = await self.peers[seat].answer(
                body["sdp"],
                send={mid: Source(source) for mid, source in body["send"].items()},
                receive={mid: UUID(track) for mid, track in body["receive"].items()},
            )
        except DarisError as error:
            return web.Response(status=error.status, text=error.message)
        return web.Response(text=answer)


@pytest.fixture
async def media_port(request: pytest.FixtureRequest) -> AsyncIterator[MediaPort]:
    """With the best loop there is, or the one in Python for the parameter "python".

    The parameter "::" opens it for both families.
    """
    param = getattr(request, "param", "")
    way = partial(open_fanout, library=None if param == "python" else LIBRARY)
    async with MediaPort.open("::" if param == "::" else "127.0.0.1", 0, fanout=way) as port:
        yield port


@pytest.fixture
async def room(media_port: MediaPort) -> AsyncIterator[Room]:
    told = Told()
    stage = Stage(media_port, told, clock=SystemClock())
    room = Room(stage, told, "", media_port)

    async def page(_: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE)

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_post("/offer", room.offer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    room.address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield room
    await stage.aclose()
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def sit(room: Room, browser: Browser) -> Callable[[], Awaitable[Page]]:
    """Open the page in a seat of its own."""

    async def open_page() -> Page:
        page = await browser.new_page()
        await page.goto(f"{room.address}?seat={uuid4()}")
        return page

    return open_page


@pytest.fixture
def until_seen() -> Callable[..., Awaitable[dict[str, Any]]]:
    """Poll a receiving section of a page until the claim about it holds."""

    async def until(
        page: Page, mid: str, claim: Callable[[dict[str, Any]], bool], *, seconds: float = 20
    ) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        try:
            async with asyncio.timeout(seconds):
                while True:
                    seen = await page.evaluate("mid => seen(mid)", mid)
                    if claim(seen):
                        return seen
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"was never so: {seen}")

    return until


@pytest.fixture
async def keys() -> AsyncIterator[tuple[Dtls, Dtls]]:
    """Two ends that have agreed on keys: server, client."""
    certificate = Certificate()
    ends: list[Dtls] = []

    def to_client(datagram: bytes) -> None:
        ends[1].feed(datagram)

    ends.append(Dtls(certificate, is_server=True, send=to_client))
    ends.append(Dtls(certificate, is_server=False, send=ends[0].feed))
    name, value = certificate.fingerprint.split()
    assert all(await asyncio.gather(*(end.handshake([(name, value)]) for end in ends)))
    yield ends[0], ends[1]
    for end in ends:
        await end.aclose()


@pytest.fixture
async def join(room: Room) -> AsyncIterator[Callable[..., Awaitable[LightClient]]]:
    """Connect a light client; `send` and `receive` are lists of (kind, source or track)."""
    clients: list[LightClient] = []

    async def connect(
        *,
        send: Sequence[tuple[str, Source]] = (),
        receive: Sequence[PublishedTrack] = (),
        kind: type[LightClient] = LightClient,
        **how: Any,
    ) -> LightClient:
        client = kind(**how)
        client.seat = uuid4()
        clients.append(client)
        sections = [(what, "sendonly") for what, _ in send]
        sections += [(track.kind, "recvonly") for track in receive]
        room.peers[client.seat] = peer = room.stage.connect(client.seat)
        answer = await peer.answer(
            client.offer(sections),
            send={str(at): source for at, (_, source) in enumerate(send)},
            receive={str(at + len(send)): track.id for at, track in enumerate(receive)},
        )
        await client.connect(answer)
        await room.told.until(lambda: client.seat in room.told.ready)
        return client

    yield connect
    for client in clients:
        await client.aclose()
