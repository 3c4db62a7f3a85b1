"""A lesson on the air without a browser: a server, a light encoder, and guests who join."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from bench.house import Account, Server
from bench.light_client import LightClient
from bench.publisher import Publisher

_SDP = {"Content-Type": "application/sdp"}


@dataclass
class Lesson:
    """A live lecture with an encoder."""

    server: Server
    lecturer: Account
    id: str
    stream: Publisher
    guests: int = 0

    async def ticket(self) -> str:
        """A new guest's: one person may not sit on a hundred seats."""
        self.guests += 1
        body = {"name": f"Guest {self.guests}"}
        made = await self.lecturer.post(f"/api/v1/lectures/{self.id}/tickets", body, status=201)
        ticket: str = made["ticket"]
        return ticket

    async def play(self, api: aiohttp.ClientSession, ticket: str, client: LightClient) -> None:
        """Join by WHEP, as often as it takes, until DTLS is done."""
        offer = client.offer([("video", "recvonly"), ("audio", "recvonly")])
        headers = _SDP | {"Authorization": f"Bearer {ticket}"}
        while True:
            async with api.post(f"/whep/{self.id}", data=offer, headers=headers) as answer:
                sdp = await answer.text()
            if answer.status == 201:
                return await client.connect(sdp)
            assert answer.status in {409, 503}, sdp
            await asyncio.sleep(float(answer.headers["Retry-After"]))

    async def enter(self, api: aiohttp.ClientSession, ticket: str, client: LightClient) -> None:
        """Join by the room socket as a page does, until DTLS is done; the seat stays."""
        socket = await api.ws_connect(f"/lectures/{self.id}/socket?ticket={ticket}")
        await socket.send_json({"type": "hello", "device": "light"})
        welcome = await socket.receive_json()
        kinds = [track["kind"] for track in welcome["tracks"]]
        offer = client.offer([(kind, "recvonly") for kind in kinds])
        receive = {str(at): track["id"] for at, track in enumerate(welcome["tracks"])}
        await socket.send_json({"type": "offer", "sdp": offer, "receive": receive})
        while (message := await socket.receive_json())["type"] != "answer":
            assert message["type"] != "bye", message
        await client.connect(message["sdp"])


@asynccontextmanager
async def lesson(**settings: str) -> AsyncIterator[Lesson]:
    """On a server of its own; `settings` as in the environment."""
    with TemporaryDirectory() as folder:
        server = Server.prepare(Path(folder), **settings)
        server.start()
        try:
            lecturer = await Account.add(server, "lecturer", "Lecturer")
            lecture = await lecturer.plan()
            await lecturer.post(f"/api/v1/lectures/{lecture}/start")
            async with _encoding(lecturer, lecture) as stream:
                yield Lesson(server, lecturer, lecture, stream)
        finally:
            server.stop()


@asynccontextmanager
async def _encoding(lecturer: Account, lecture: str) -> AsyncIterator[Publisher]:
    """Publish by WHIP."""
    client = LightClient()
    offer = client.offer([("audio", "sendonly"), ("video", "sendonly")])
    async with (
        lecturer.api() as api,
        api.post(f"/whip/{lecture}", data=offer, headers=_SDP) as answer,
    ):
        assert answer.status == 201, await answer.text()
        sdp = await answer.text()
    await client.connect(sdp)
    try:
        yield Publisher(
            lambda packet: client.send_raw(client.protect(packet)),
            {"sound": client.ssrcs["0"], "video": client.ssrcs["1"]},
            report=lambda packet: client.send_raw(client.protect(packet, is_rtcp=True)),
        )
    finally:
        await client.aclose()
