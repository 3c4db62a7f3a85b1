"""FFmpeg's WHIP muxer publishes; the tap makes access units of it that decode."""

import asyncio
import datetime as dt
import itertools
import sys
from dataclasses import dataclass, field
from uuid import uuid4

import av
import pytest
from aiohttp import web

from live.messages import Source
from live.sdp import read_offer
from transcode.access_unit import Codec

pytestmark = pytest.mark.e2e

FRAMES = 75


@dataclass
class Kept:
    """A sink that keeps all units."""

    units: dict[Codec, list] = field(default_factory=dict)
    ended: set[Codec] = field(default_factory=set)

    def take(self, track, unit):
        self.units.setdefault(track.codec, []).append(unit)

    def key_ahead(self, track, pts):
        pass

    def end(self, track):
        self.ended.add(track.codec)


@pytest.fixture
async def whip(room):
    """The address of the smallest WHIP endpoint."""
    seat = uuid4()

    async def publish(request):
        offer = await request.text()
        sources = {"video": Source.SCREEN, "audio": Source.MICROPHONE}
        send = {s.mid: sources[s.kind] for s in read_offer(offer).sections}
        answer = await room.stage.connect(seat).answer(offer, send=send, receive={})
        return web.Response(
            status=201, text=answer, content_type="application/sdp", headers={"Location": "/whip/1"}
        )

    async def leave(_):
        return web.Response()

    app = web.Application()
    app.router.add_post("/whip", publish)
    app.router.add_delete("/whip/1", leave)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/whip"
    await runner.cleanup()


async def test_ffmpeg_publishes_and_the_tapped_units_decode(room, whip):
    kept = Kept()
    epoch = dt.datetime.now(dt.UTC)
    tap = room.stage.tap(kept, epoch=epoch)
    encoder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.encoder", whip, "--seconds", str(FRAMES / 25))
    )
    assert await encoder.wait() == 0
    await tap.aclose()
    assert kept.ended == {Codec.H264, Codec.OPUS}
    pictures, sounds = kept.units[Codec.H264], kept.units[Codec.OPUS]
    assert len(pictures) > FRAMES - 30
    assert pictures[0].is_key
    assert all(b.pts > a.pts for a, b in itertools.pairwise(pictures))
    assert 0 < pictures[0].time < 5
    assert abs(float(pictures[-1].time - sounds[-1].time)) < 0.2
    decoder = av.CodecContext.create("h264", "r")
    frames = [f for unit in pictures for f in decoder.decode(av.Packet(unit.data))]
    frames += decoder.decode(None)
    assert len(frames) == len(pictures)
    assert {frame.width for frame in frames} == {320}
