"""What a tap hands to the far tier."""

import asyncio
import datetime as dt

from bench.light_client import SOUND_TYPE, rtp_packet
from live.awaited_sink import AwaitedSink
from live.messages import Source


class Kept:
    """A sink that keeps the times of all units."""

    def __init__(self):
        self.times = []
        self.came = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def take(self, track, unit):
        self.times.append(float(unit.time))
        self._loop.call_soon_threadsafe(self.came.set)

    def key_ahead(self, track, pts):
        pass

    def end(self, track):
        pass


async def test_what_was_captured_before_the_epoch_is_left_out(room, join):
    speaker = await join(send=[("audio", Source.MICROPHONE)])
    now, later, earlier = dt.datetime.now(dt.UTC), Kept(), Kept()
    taps = [
        room.stage.tap(later, epoch=now + dt.timedelta(minutes=1)),
        room.stage.tap(earlier, epoch=now - dt.timedelta(minutes=1)),
    ]
    packet = rtp_packet(SOUND_TYPE, 1, 960, speaker.ssrcs["0"], b"\x78\x01\x02")
    speaker.send_raw(speaker.protect(packet))
    async with asyncio.timeout(10):
        await earlier.came.wait()
    for tap in taps:
        await tap.aclose()
    assert 59 < earlier.times[0] < 75
    assert later.times == []


async def test_packets_wait_for_a_sink_that_is_still_to_come(room, join):
    speaker = await join(send=[("audio", Source.MICROPHONE)])
    seen, kept, awaited = Kept(), Kept(), AwaitedSink()
    epoch = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    taps = [room.stage.tap(sink, epoch=epoch) for sink in (awaited, seen)]
    for number in range(20):
        packet = rtp_packet(SOUND_TYPE, number, 960 * number, speaker.ssrcs["0"], b"\x78\x01\x02")
        speaker.send_raw(speaker.protect(packet))
    async with asyncio.timeout(10):
        while len(seen.times) < 20:
            await seen.came.wait()
            seen.came.clear()
    assert kept.times == []
    awaited.begin(kept)
    for tap in taps:
        await tap.aclose()
    assert len(kept.times) == 20


async def test_a_tap_closes_whose_sink_never_came(room, join):
    speaker = await join(send=[("audio", Source.MICROPHONE)])
    awaited = AwaitedSink()
    tap = room.stage.tap(awaited, epoch=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))
    packet = rtp_packet(SOUND_TYPE, 1, 960, speaker.ssrcs["0"], b"\x78\x01\x02")
    speaker.send_raw(speaker.protect(packet))
    awaited.give_up()
    async with asyncio.timeout(10):
        await tap.aclose()
