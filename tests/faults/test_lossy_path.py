"""Chromium teaches Chromium over a path that loses, doubles, delays and reorders, both ways."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from bench.lossy_relay import LossyRelay

pytestmark = pytest.mark.e2e

FRAMES = 120  # six seconds of the drawn camera


class Recorder:
    """Takes what would be recorded."""

    def __init__(self):
        self.pictures, self.sounds = [], []

    def take(self, track, unit):
        (self.pictures if track.kind == "video" else self.sounds).append(unit)

    def key_ahead(self, track, pts):
        pass

    def end(self, track):
        pass


@pytest.fixture
async def bad_path(room):
    """The room's port seems to be where the relay is."""
    async with LossyRelay.open(("127.0.0.1", room.port.port)) as relay:
        for way in (relay.up, relay.down):
            way.loss, way.duplication, way.reordering, way.jitter_seconds = 0.1, 0.05, 0.05, 0.2
        room.port.port = relay.port
        yield relay


async def stream(page, side, kind):
    """The statistics of the one stream of that kind; None before its first packet."""
    found = (await page.evaluate("stats()"))[side]
    return next((one for one in found if one["kind"] == kind), None)


async def until_decoded(student, frames):
    async with asyncio.timeout(60):
        while True:
            seen = await stream(student, "inbound", "video")
            if seen is not None and seen["framesDecoded"] >= frames:
                return seen
            await asyncio.sleep(0.2)


async def test_picture_sound_and_recording_go_on_at_ten_percent_loss_and_much_jitter(
    room, bad_path, sit
):
    recorder = Recorder()
    lecturer, student = await sit(), await sit()
    async with aclosing(room.stage.tap(recorder, epoch=datetime.now(UTC))):
        await lecturer.evaluate("publish('camera')")
        tracks = [[str(track.id), track.kind] for track in room.told.added]
        await student.evaluate("tracks => receive(tracks)", tracks)
        began = await until_decoded(student, 5)
        sent = await stream(lecturer, "outbound", "video")
        seen = await until_decoded(student, began["framesDecoded"] + FRAMES)
        heard = await stream(student, "inbound", "audio")
        encoded = (await stream(lecturer, "outbound", "video"))["framesEncoded"]
        recorded = [unit.pts for unit in recorder.pictures]
    took = (seen["timestamp"] - began["timestamp"]) / 1000
    frozen = seen["totalFreezesDuration"] - began["totalFreezesDuration"]
    assert encoded - sent["framesEncoded"] < FRAMES * 3, "too many pictures were given up"
    assert frozen < took * 0.8, f"frozen for {frozen} of {took} s, {seen['freezeCount']} times"
    assert heard["totalAudioEnergy"] > 0
    assert heard["concealedSamples"] < heard["totalSamplesReceived"] * 0.5
    assert recorded == sorted(set(recorded))
    assert len(recorded) * 3 > encoded
    assert recorder.sounds
