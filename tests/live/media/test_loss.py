"""Chromium over a path that loses packets: what is lost is sent again and the picture goes on."""

import asyncio
import random

import pytest

pytestmark = pytest.mark.e2e


class LossyRelay(asyncio.DatagramProtocol):
    """Stands before the media port; each client has a socket of its own behind it."""

    def __init__(self, target, share):
        self.target, self.share = target, share
        self.transport = None
        self.behind = {}
        self.random = random.Random(7)

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, client):
        if client not in self.behind:
            self.behind[client] = asyncio.Queue(1000)
            self.tasks.create_task(self.carry(client))
        if self.passes(data):
            self.behind[client].put_nowait(data)

    def passes(self, data):
        is_media = 128 <= data[0] < 192 and not 192 <= data[1] < 224
        return not is_media or self.random.random() > self.share

    async def carry(self, client):
        relay, loop = self, asyncio.get_running_loop()

        class Back(asyncio.DatagramProtocol):
            def datagram_received(self, data, _):
                if relay.passes(data):
                    relay.transport.sendto(data, client)

        transport, _ = await loop.create_datagram_endpoint(Back, remote_addr=self.target)
        try:
            while True:
                transport.sendto(await self.behind[client].get())
        finally:
            transport.close()


@pytest.fixture
async def lossy(room):
    """The room's port seems to be where the relay is."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        relay = LossyRelay(("127.0.0.1", room.port.port), share=0.05)
        relay.tasks = tasks
        transport, _ = await loop.create_datagram_endpoint(
            lambda: relay, local_addr=("127.0.0.1", 0)
        )
        room.port.port = transport.get_extra_info("sockname")[1]
        yield relay
        transport.close()
        everyone = asyncio.all_tasks() - {asyncio.current_task()}
        for task in everyone:
            if task.get_coro().__name__ == "carry":
                task.cancel()


async def test_the_picture_goes_on_at_five_percent_loss(room, lossy, sit, until_seen):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("publish('camera')")
    camera = next(track for track in room.told.added if track.kind == "video")
    [mid] = await student.evaluate("tracks => receive(tracks)", [[str(camera.id), "video"]])
    await until_seen(student, mid, lambda seen: seen["frames"] > 100)
    [inbound] = (await student.evaluate("stats()"))["inbound"]
    assert inbound["nackCount"] > 0
    assert inbound["retransmittedPacketsReceived"] > 0
    outbound = (await lecturer.evaluate("stats()"))["outbound"]
    assert sum(one.get("retransmittedPacketsSent", 0) for one in outbound) > 0
