"""A picture in three layers: each seat gets one, changes over cleanly, and nothing goes for naught."""

import asyncio
import struct
from uuid import uuid4

import pytest

from bench.light_client import VIDEO_TYPE, LightClient, in_layer, rtp_packet
from live import forwarder as forwarder_module
from live import rtcp
from live.follower import lower
from live.layers import Option
from live.messages import Source
from transcode.access_unit import Rung

SPS = {
    "q": bytes.fromhex("6742c00bd901419f9f0110000003001000000300a0f142a480"),  # 320 x 180
    "h": bytes.fromhex("6742c016d900a02ff970110000030001000003000a0f162e48"),  # 640 x 360
    "f": bytes.fromhex("6742c01fd9005005bb0110000003001000000300a0f1832480"),  # 1280 x 720
}
PACKETS = {"q": 1, "h": 3, "f": 9}  # of a picture


class Lecturer:
    """Sends a picture in layers that are told apart by their rid alone."""

    def __init__(self, client):
        self.client = client
        self.pictures = 0
        self._sequences = {"q": 60_000, "h": 9, "f": 30_000}

    def show(self, *rids, key=False):
        """One more picture, in each of these layers."""
        self.pictures += 1
        for rid in rids:
            for at in range(PACKETS[rid]):
                head = SPS[rid] if key and at == 0 else b"\x41\x9a"
                last = at == PACKETS[rid] - 1
                self._send(rid, head + f"|{rid} {self.pictures}".encode(), int(last))

    def _send(self, rid, payload, marker):
        self._sequences[rid] += 1
        packet = rtp_packet(
            VIDEO_TYPE, self._sequences[rid], self.pictures * 3000, ord(rid), payload, marker
        )
        self.client.send_raw(self.client.protect(in_layer(packet, rid)))


class Student:
    """What comes: sequence numbers, times, and the layer and picture in each packet."""

    def __init__(self, client, peer):
        self.client, self.peer = client, peer
        self.sequences, self.times, self.shown = [], [], []
        self._came = asyncio.Event()
        client.on_media = self._take

    def _take(self, view, pointer, size):
        if 192 <= view[1] < 224:
            return
        packet = bytes(view[: self.client.unprotect(pointer, size)])
        sequence, time = struct.unpack_from("!HI", packet, 2)
        self.sequences.append(sequence)
        self.times.append(time)
        rid, picture = packet.rpartition(b"|")[2].decode().split()
        self.shown.append((rid, int(picture)))
        self._came.set()

    @property
    def ssrc(self):
        return next(iter(self.peer.downlink._by_ssrc))

    @property
    def layers(self):
        return "".join(dict.fromkeys(rid for rid, _ in self.shown))

    async def until(self, claim):
        async with asyncio.timeout(20):
            while not claim(self):
                self._came.clear()
                await self._came.wait()

    def estimate(self, bps):
        report = rtcp.largest_bitrate(1, bps, [self.ssrc])
        self.client.send_raw(self.client.protect(report, is_rtcp=True))


@pytest.fixture(autouse=True)
def from_the_next_keyframe(monkeypatch):
    """Who joins sees nothing earlier, however quick the machine is."""
    monkeypatch.setattr(forwarder_module, "REPLAYED_SECONDS", -1)


@pytest.fixture
async def lecturer(room):
    client = LightClient()
    seat = uuid4()
    peer = room.peers[seat] = room.stage.connect(seat)
    offer = client.offer([("video", "sendonly")], rids=("q", "h", "f"))
    answer = await peer.answer(offer, send={"0": Source.CAMERA}, receive={})
    assert "a=simulcast:recv q;h;f" in answer
    assert [line for line in answer.splitlines() if line.startswith("a=rid")] == [
        "a=rid:q recv", "a=rid:h recv", "a=rid:f recv",
    ]  # fmt: skip
    await client.connect(answer)
    await room.told.until(lambda: seat in room.told.ready)
    yield Lecturer(client)
    await client.aclose()


@pytest.fixture
def watch(room, join):
    async def sit():
        client = await join(receive=[room.told.added[0]])
        return Student(client, room.peers[client.seat])

    return sit


def look(room):
    """What the stage does once a second, now."""
    room.stage._measure_at = room.stage._review_at = 0
    now = room.port.clock.monotonic()
    for peer in room.peers.values():
        peer._report_at = 0
    room.stage.tick(now)


async def shown(room, lecturer, *rids, key=False):
    """A picture that has come as far as the forwarder."""
    forwarder = room.stage._forwarders[room.told.added[0].id]
    before = [layer._highest for layer in forwarder.layers]
    lecturer.show(*rids, key=key)
    await until(
        lambda: all(
            layer._highest != was
            for layer, was in zip(forwarder.layers, before, strict=True)
            if layer.rid in rids
        )
    )
    return forwarder


async def until(claim):
    """Let the loop turn until it is so."""
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


async def test_a_seat_gets_the_best_layer_and_changes_over_without_a_gap(room, lecturer, watch):
    await shown(room, lecturer, "q", "h", "f", key=True)
    student = await watch()
    lecturer.show("q", "h", "f", key=True)
    await student.until(lambda s: len(s.shown) == PACKETS["f"])
    assert student.layers == student.peer.downlink.layer == "f"
    student.peer.view({room.told.added[0].id: 180})
    lecturer.show("q", "h", "f")  # no keyframe yet: the large one goes on
    await student.until(lambda s: len(s.shown) == 2 * PACKETS["f"])
    lecturer.show("q", "h", "f", key=True)
    lecturer.show("q", "h", "f")
    await student.until(lambda s: len(s.shown) == 2 * PACKETS["f"] + 2)
    assert student.layers == "fq"
    first = student.sequences[0]
    assert [s - first & 0xFFFF for s in student.sequences] == list(range(2 * PACKETS["f"] + 2))
    steps = [b - a & 0xFFFFFFFF for a, b in zip(student.times, student.times[1:], strict=False)]
    assert all(0 <= step < 90_000 for step in steps)


async def test_who_comes_soon_after_a_keyframe_sees_it_at_once(room, lecturer, watch, monkeypatch):
    student = await watch()
    student.peer.downlink.disconnect()
    forwarder = await shown(room, lecturer, "f", key=True)
    await shown(room, lecturer, "f")
    asked_at = forwarder.layers[2].requests._asked_at
    monkeypatch.setattr(forwarder_module, "REPLAYED_SECONDS", 60)
    student.peer._connect_all()
    await student.until(lambda s: len(s.shown) == 2 * PACKETS["f"])
    await shown(room, lecturer, "f")
    await student.until(lambda s: len(s.shown) == 3 * PACKETS["f"])
    assert [picture for _, picture in student.shown] == [1] * 9 + [2] * 9 + [3] * 9
    first = student.sequences[0]
    assert [s - first & 0xFFFF for s in student.sequences] == list(range(27))
    assert forwarder.layers[2].requests._asked_at == asked_at


@pytest.mark.parametrize(("replayed", "is_asked"), [(-1, True), (60, False)])
async def test_a_keyframe_is_asked_for_before_the_handshake_if_the_last_is_too_old(
    room, lecturer, monkeypatch, replayed, is_asked
):
    monkeypatch.setattr(forwarder_module, "REPLAYED_SECONDS", replayed)
    forwarder = await shown(room, lecturer, "f", key=True)
    requests = forwarder.layers[2].requests
    asked_at = requests._asked_at
    peer = room.stage.connect(uuid4())
    client = LightClient()
    offer = client.offer([("video", "recvonly")])
    await peer.answer(offer, send={}, receive={"0": room.told.added[0].id})
    await client.aclose()
    assert (requests._asked_at > asked_at) is is_asked
    assert not peer.is_ready


async def test_who_comes_soon_after_a_mute_is_not_shown_what_was_before(
    room, lecturer, watch, monkeypatch
):
    student = await watch()
    student.peer.downlink.disconnect()
    await shown(room, lecturer, "f", key=True)
    host = room.peers[room.told.added[0].seat]
    host.set_muted(Source.CAMERA, muted=True)
    monkeypatch.setattr(forwarder_module, "REPLAYED_SECONDS", 60)
    student.peer._connect_all()
    host.set_muted(Source.CAMERA, muted=False)
    lecturer.show("f", key=True)
    await student.until(lambda s: len(s.shown) == PACKETS["f"])
    assert {picture for _, picture in student.shown} == {2}


async def test_what_is_hidden_is_not_sent_and_comes_back_with_a_keyframe(room, lecturer, watch):
    await shown(room, lecturer, "q", "h", "f", key=True)
    student = await watch()
    track = room.told.added[0].id
    lecturer.show("f", key=True)
    await student.until(lambda s: len(s.shown) == PACKETS["f"])
    student.peer.view({})
    await shown(room, lecturer, "q", "h", "f", key=True)
    student.peer.view({track: 720})
    await shown(room, lecturer, "q", "h", "f")
    lecturer.show("q", "h", "f", key=True)
    await student.until(lambda s: len(s.shown) == 2 * PACKETS["f"])
    assert [picture for _, picture in student.shown] == [2] * 9 + [5] * 9


async def test_a_seat_that_says_it_gets_too_much_gets_a_smaller_layer(room, lecturer, watch):
    for _ in range(3):
        forwarder = await shown(room, lecturer, "q", "h", "f", key=True)
    student = await watch()
    for layer, bps in zip(forwarder.layers, (150e3, 500e3, 1500e3), strict=True):
        layer.bps = bps
    student.peer.downlink.bandwidth.sent(1.5e6)
    lecturer.show("q", "h", "f", key=True)
    await student.until(lambda s: s.layers == "f")
    student.estimate(700_000)
    await until(lambda: student.peer.downlink.bandwidth.limit is not None)
    lecturer.show("q", "h", "f", key=True)
    await student.until(lambda s: s.layers == "fh")


async def test_losses_are_repaired_across_a_change_over(room, lecturer, watch):
    await shown(room, lecturer, "q", "h", "f", key=True)
    student = await watch()
    lecturer.show("q", "h", "f", key=True)
    await student.until(lambda s: len(s.shown) == PACKETS["f"])
    student.peer.view({room.told.added[0].id: 180})
    lecturer.show("q", "h", "f", key=True)
    await student.until(lambda s: len(s.shown) == PACKETS["f"] + 1)
    before, after = student.sequences[PACKETS["f"] - 1 :]
    request = rtcp.nack(1, student.ssrc, [before, after])
    student.client.send_raw(student.client.protect(request, is_rtcp=True))
    await student.until(lambda s: len(s.shown) == PACKETS["f"] + 3)
    assert student.shown[-2:] == [("f", 2), ("q", 3)]


async def test_the_publisher_learns_which_layers_are_watched(room, lecturer, watch):
    for _ in range(3):
        await shown(room, lecturer, "q", "h", "f", key=True)
    room.told.needed.clear()
    student = await watch()
    await room.told.until(lambda: room.told.needed[-1:] == [(room.told.added[0], ("f",))])
    student.peer.view({room.told.added[0].id: 360})
    look(room)
    await room.told.until(lambda: "h" in room.told.needed[-1][1])


async def test_a_layer_that_is_not_sent_now_is_taken_as_soon_as_it_is(room, lecturer, watch):
    await shown(room, lecturer, "q", "h", "f", key=True)
    forwarder = room.stage._forwarders[room.told.added[0].id]
    forwarder.layers[2].last_at -= 5
    student = await watch()
    lecturer.show("q", "h", key=True)
    await student.until(lambda s: s.layers == "h")
    await shown(room, lecturer, "q", "h", "f", key=True)
    look(room)
    lecturer.show("q", "h", "f", key=True)
    await student.until(lambda s: s.layers == "hf")


async def test_the_recording_follows_the_best_layer_that_there_is(room, lecturer):
    tapped = []

    class Tap:
        def packet(self, sequence, timestamp, marker, ticks, payload):
            tapped.append((sequence, payload.rpartition(b"|")[2].decode()))

    forwarder = await shown(room, lecturer, "q", key=True)
    forwarder.taps = (Tap(),)
    await shown(room, lecturer, "q", "h", "f", key=True)
    assert {text for _, text in tapped} == {"f 2"}
    forwarder.layers[2].last_at -= 5
    forwarder.follow_best(room.port.clock.monotonic())
    await shown(room, lecturer, "q", "h", key=True)
    numbers = [sequence for sequence, _ in tapped]
    assert tapped[-1][1] == "h 3"
    assert [n - numbers[0] & 0xFFFF for n in numbers] == list(range(9 + 3))


class Rungs:
    """What the tap of each rung gets."""

    def __init__(self, forwarder):
        self.got = {rung: [] for rung in Rung}
        forwarder.taps = (self._tap(Rung.BEST),)
        forwarder.lower_taps = {rung: (self._tap(rung),) for rung in (Rung.MID, Rung.LOW)}

    def _tap(self, rung):
        got = self.got[rung]

        class Tap:
            def packet(self, sequence, timestamp, marker, ticks, payload):
                got.append((sequence, payload.rpartition(b"|")[2].decode()))

        return Tap()

    def pictures(self, rung):
        return list(dict.fromkeys(text for _, text in self.got[rung]))


async def test_smaller_layers_are_tapped_while_rungs_are_taken(room, lecturer):
    forwarder = await shown(room, lecturer, "q", "h", "f", key=True)
    rungs = Rungs(forwarder)
    await shown(room, lecturer, "q", "h", "f", key=True)
    assert [rungs.pictures(rung) for rung in Rung] == [["f 2"], [], []]
    room.stage.take_rungs([forwarder.track.id])
    forwarder.follow_best(room.port.clock.monotonic())
    await shown(room, lecturer, "q", "h", "f")  # no key picture: nothing to begin with
    await shown(room, lecturer, "q", "h", "f", key=True)
    await shown(room, lecturer, "q", "f")
    assert rungs.pictures(Rung.BEST)[-3:] == ["f 3", "f 4", "f 5"]
    assert rungs.pictures(Rung.MID) == ["h 4"]
    assert rungs.pictures(Rung.LOW) == ["q 4", "q 5"]
    room.stage.take_rungs([])
    forwarder.follow_best(room.port.clock.monotonic())
    await shown(room, lecturer, "q", "h", "f", key=True)
    assert rungs.pictures(Rung.LOW)[-1] == "q 5"


async def test_the_publisher_is_asked_for_all_layers_only_while_rungs_are_taken(room, lecturer):
    forwarder = await shown(room, lecturer, "q", "h", "f", key=True)
    Rungs(forwarder)
    now = room.port.clock.monotonic()
    forwarder.follow_best(now)
    assert forwarder.needed(now) == ("f",)
    forwarder.is_laddered = True
    forwarder.follow_best(now)
    assert forwarder.needed(now) == ("q", "h", "f")


def test_lower_rungs_are_the_layers_below_the_largest():
    def option(index, height):
        return Option(index, "", height, 1000.0 * height)

    q, h, f = option(0, 180), option(1, 360), option(2, 720)
    assert lower([f, q, h]) == {Rung.LOW: q, Rung.MID: h}
    assert lower([f, q]) == {Rung.LOW: q}
    assert lower([f]) == lower([]) == {}
    assert lower([option(0, 180), option(1, 0)]) == {}, "A size that is not known yet counts not."
