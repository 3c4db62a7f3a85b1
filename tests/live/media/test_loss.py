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


async def test_a_seat_on_a_narrow_line_gets_a_small_picture_and_later_a_large_one(
    room, sit, until_seen
):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("publish('camera', {layered: true, width: 1280, height: 720})")
    camera = next(track for track in room.told.added if track.kind == "video")
    forwarder = room.stage._forwarders[camera.id]
    await lecturer.evaluate("climbed(600_000)")
    async with LossyRelay.open(("127.0.0.1", room.port.port)) as line:
        line.down.rate_bps = 300_000
        room.port.port = line.port
        [mid] = await student.evaluate("tracks => receive(tracks)", [[str(camera.id), "video"]])
        small = await until_seen(student, mid, lambda seen: 0 < seen["width"] < 1280, seconds=40)
        await until_seen(
            student, mid, lambda seen: seen["frames"] > small["frames"] + 30, seconds=40
        )
        line.down.rate_bps = 0
        await until_seen(student, mid, lambda seen: seen["width"] == 1280, seconds=60)
    assert [layer.height for layer in forwarder.layers] == [180, 360, 720]
