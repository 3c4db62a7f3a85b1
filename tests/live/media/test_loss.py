"""Chromium over a path that loses packets: what is lost is sent again and the picture goes on."""

import pytest

from bench.lossy_relay import LossyRelay

pytestmark = pytest.mark.e2e


@pytest.fixture
async def lossy(room):
    """The room's port seems to be where the relay is."""
    async with LossyRelay.open(("127.0.0.1", room.port.port)) as relay:
        relay.up.loss = relay.down.loss = 0.05
        room.port.port = relay.port
        yield relay


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
