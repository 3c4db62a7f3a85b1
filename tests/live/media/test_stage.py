"""A stage with light clients: what is sent again, asked for, refused, and survived."""

import asyncio
import socket
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.light_client import REPAIR_TYPE, SOUND_TYPE, VIDEO_TYPE, rtp_packet
from kernel.clock import ManualClock
from kernel.errors import Gone, Invalid, Unavailable
from live import rtcp
from live.ice import write_check
from live.messages import Source
from live.peer import CONSENT_SECONDS
from live.port import DROPPED, MediaPort
from live.stage import LINGER_SECONDS, Stage

OFFERS = Path(__file__).parent / "offers"
KEY = b"\x67\x42\x00\x1f"
DELTA = b"\x41\x9a"


class Nobody:
    """A listener that does not care."""

    def track_added(self, track): ...
    def track_removed(self, track): ...
    def layers_needed(self, track, rids): ...
    def voices_changed(self, heard, speaking): ...
    def connection_ready(self, seat): ...
    def connection_lost(self, seat): ...


class Ear:
    """Decrypts and keeps what comes to a client."""

    def __init__(self, client):
        self.client = client
        self.media, self.control, self.deaf = [], [], 0
        self._came = asyncio.Event()
        client.on_media = self._take

    def _take(self, view, pointer, size):
        if 192 <= view[1] < 224:
            size = self.client.srtp.unprotect_rtcp(self.client.dtls.inbound, pointer, size)
            self.control += rtcp.read(bytes(view[:size]))
        elif self.deaf:
            self.deaf -= 1
        else:
            size = self.client.unprotect(pointer, size)
            self.media.append(bytes(view[:size]))
        self._came.set()

    @property
    def ssrc(self):
        return struct.unpack_from("!I", self.media[0], 8)[0]

    def say(self, packet):
        self.client.send_raw(self.client.protect(packet, is_rtcp=True))

    async def until(self, claim):
        async with asyncio.timeout(10):
            while not claim(self):
                self._came.clear()
                await self._came.wait()


class Mouth:
    """Sends video packets of one client."""

    def __init__(self, client, mid="0"):
        self.client, self.ssrc, self.mid = client, client.ssrcs[mid], mid

    def say(self, sequence, payload=DELTA, **changes):
        given = {
            "ssrc": self.ssrc,
            "timestamp": 3000 * sequence,
            "payload_type": VIDEO_TYPE,
        } | changes
        packet = rtp_packet(sequence=sequence, payload=payload, **given)
        self.client.send_raw(self.client.protect(packet))

    def report(self, packet):
        self.client.send_raw(self.client.protect(packet, is_rtcp=True))


@pytest.fixture
async def pair(room, join):
    """A publisher's mouth and a receiver's ear, with one keyframe through."""

    async def make(**how):
        lecturer = await join(send=[("video", Source.CAMERA)])
        student = await join(receive=[room.told.added[0]], **how)
        mouth, ear = Mouth(lecturer), Ear(student)
        mouth.say(100, KEY)
        await ear.until(lambda ear: ear.media)
        return mouth, ear

    return make


def sequences(packets):
    return [struct.unpack_from("!H", packet, 2)[0] for packet in packets]


async def test_a_lost_packet_is_sent_again_as_repair(pair):
    mouth, ear = await pair()
    mouth.say(101, DELTA + b"lost")
    await ear.until(lambda ear: len(ear.media) == 2)
    [_, lost] = sequences(ear.media)
    ear.say(rtcp.nack(1, ear.ssrc, [lost]))
    await ear.until(lambda ear: len(ear.media) == 3)
    again = ear.media[2]
    assert again[1] & 0x7F == REPAIR_TYPE
    assert struct.unpack_from("!I", again, 8)[0] != ear.ssrc
    assert again[-8:] == struct.pack("!H", lost) + DELTA + b"lost"


async def test_a_lost_packet_is_sent_again_as_it_was_where_repair_is_not_negotiated(pair):
    mouth, ear = await pair(with_repair=False)
    ear.deaf = 1  # the next packet is lost on the way
    mouth.say(101, DELTA + b"lost")
    mouth.say(102)
    await ear.until(lambda ear: len(ear.media) == 2)
    [first, third] = sequences(ear.media)
    ear.say(rtcp.nack(1, ear.ssrc, [first + 1 & 0xFFFF]))
    await ear.until(lambda ear: len(ear.media) == 3)
    assert third == first + 2 & 0xFFFF
    assert ear.media[2][-6:] == DELTA + b"lost"


async def test_what_the_publisher_lost_is_asked_for_and_comes_through(pair):
    mouth, ear = await pair()
    publisher = Ear(mouth.client)
    mouth.say(103)
    await publisher.until(lambda ear: any(map(rtcp.nacked, ear.control)))
    lost = next(found for packet in publisher.control if (found := rtcp.nacked(packet)))
    assert lost == [101, 102]
    mouth.say(101)
    mouth.say(
        5, struct.pack("!H", 102) + DELTA, payload_type=REPAIR_TYPE, ssrc=99, timestamp=306_000
    )
    await ear.until(lambda ear: len(ear.media) == 4)
    first = sequences(ear.media)[0]
    assert [s - first & 0xFFFF for s in sequences(ear.media)] == [0, 3, 1, 2]


async def test_keyframe_requests_of_many_are_folded_into_one(pair):
    mouth, ear = await pair()
    publisher = Ear(mouth.client)
    for _ in range(20):
        ear.say(rtcp.picture_loss(1, ear.ssrc))
    await publisher.until(lambda ear: any(map(rtcp.keyframe_ssrcs, ear.control)))
    asked = [ssrc for packet in publisher.control for ssrc in rtcp.keyframe_ssrcs(packet)]
    assert asked == [mouth.ssrc]


async def test_a_publisher_that_begins_anew_goes_on_in_the_same_stream(pair):
    mouth, ear = await pair()
    mouth.ssrc += 1
    mouth.say(40_000, KEY, timestamp=4_000_000_000)
    await ear.until(lambda ear: len(ear.media) == 2)
    first, second = sequences(ear.media)
    assert second == first + 1 & 0xFFFF
    times = [struct.unpack_from("!I", packet, 4)[0] for packet in ear.media]
    assert 0 < (times[1] - times[0]) & 0xFFFFFFFF < 90_000 * 10


async def test_a_section_is_fed_from_another_track_without_a_gap(room, join, pair):
    mouth, ear = await pair()
    other = await join(send=[("video", Source.SCREEN)])
    screen = room.told.added[-1]
    assert room.peers[ear.client.seat].switch("0", screen.id)
    mouth.say(101)
    Mouth(other).say(7, DELTA)
    Mouth(other).say(8, KEY)
    await ear.until(lambda ear: len(ear.media) == 2)
    first, second = sequences(ear.media)
    assert second == first + 1 & 0xFFFF
    assert ear.media[1].endswith(KEY)
    assert not room.peers[ear.client.seat].switch("9", screen.id)


async def test_receivers_learn_the_senders_time(pair):
    mouth, ear = await pair()
    mouth.report(rtcp.sender_report(mouth.ssrc, rtcp.ntp_time(1_000_000), 300_000, 1, 4))
    mouth.say(101)
    await ear.until(lambda ear: any(type(p).__name__ == "RtcpSrPacket" for p in ear.control))
    report = next(p for p in ear.control if type(p).__name__ == "RtcpSrPacket")
    assert report.ssrc == ear.ssrc
    now = datetime.now(UTC).timestamp()
    assert report.sender_info.ntp_timestamp / 2**32 - 2_208_988_800 == pytest.approx(now, abs=5)
    sent_at = struct.unpack_from("!I", ear.media[0], 4)[0]
    elapsed = (report.sender_info.rtp_timestamp - sent_at) & 0xFFFFFFFF
    assert elapsed < 90_000 * 5


async def test_publishers_get_reports_of_what_came(pair):
    mouth, _ = await pair()
    publisher = Ear(mouth.client)
    await publisher.until(lambda ear: any(type(p).__name__ == "RtcpRrPacket" for p in ear.control))
    [block] = next(p for p in publisher.control if type(p).__name__ == "RtcpRrPacket").reports
    assert (block.ssrc, block.highest_sequence, block.packets_lost) == (mouth.ssrc, 100, 0)


# ---------------------------------------------------------------- who comes and goes


async def test_a_seat_that_connects_again_keeps_its_tracks(room, join):
    lecturer = await join(send=[("video", Source.CAMERA)])
    [track] = room.told.added
    peer = room.stage.connect(lecturer.seat)
    assert room.peers[lecturer.seat].is_closed
    assert room.told.removed == []
    await peer.answer(
        lecturer.offer([("video", "sendonly")]), send={"0": Source.CAMERA}, receive={}
    )
    assert set(room.stage.tracks) == {track.id}
    assert room.told.added == [track]


async def test_a_seat_that_leaves_takes_its_tracks_along(room, join):
    lecturer = await join(send=[("video", Source.CAMERA)])
    await room.peers[lecturer.seat].aclose()
    assert room.told.removed == room.told.added
    await room.peers[lecturer.seat].aclose()


async def test_a_closed_peer_answers_nobody(room, join):
    lecturer = await join(send=[("video", Source.CAMERA)])
    peer = room.peers[lecturer.seat]
    await peer.aclose()
    with pytest.raises(Gone):
        await peer.answer(lecturer.offer([("video", "sendonly")]), send={}, receive={})


async def test_an_offer_of_another_connection_is_refused(room, join):
    lecturer = await join(send=[("video", Source.CAMERA)])
    offer = lecturer.offer([("video", "sendonly")]).replace("sha-256 ", "sha-256 00:")
    with pytest.raises(Gone):
        await room.peers[lecturer.seat].answer(offer, send={}, receive={})


async def test_a_bad_offer_changes_nothing(room, join, pair):
    mouth, ear = await pair()
    with pytest.raises(Invalid):
        await room.peers[mouth.client.seat].answer("v=0\r\n", send={}, receive={})
    mouth.say(101)
    await ear.until(lambda ear: len(ear.media) == 2)


async def test_a_silent_seat_is_lost_and_its_tracks_linger_a_while(room, join):
    lecturer = await join(send=[("video", Source.CAMERA)])
    now = room.port.now = room.peers[lecturer.seat].last_heard + CONSENT_SECONDS + 0.1
    room.stage.tick(now)
    assert room.told.lost == [lecturer.seat]
    assert room.told.removed == []
    room.stage.tick(now + LINGER_SECONDS + 1)
    assert room.told.removed == room.told.added


async def test_a_seat_that_never_shakes_hands_is_lost(media_port, room):
    seat = room.told.added
    peer = room.stage.connect("seat")
    room.stage.tick(peer.last_heard + CONSENT_SECONDS + 0.1)
    assert room.told.lost == ["seat"]
    assert seat == []


# ---------------------------------------------------------------- strangers


def dropped(reason):
    return DROPPED.labels(reason)._value.get()


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.binary(max_size=1700), max_size=20))
def test_garbage_is_dropped_whoever_sends_it(datagrams):
    async def throw():
        async with MediaPort.open("127.0.0.1", 0) as port:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                for datagram in datagrams:
                    stranger.sendto(datagram, ("127.0.0.1", port.port))
                await asyncio.sleep(0)
                port._readable()

    asyncio.run(throw())


async def test_garbage_from_the_address_of_a_seat_disturbs_nothing(pair):
    mouth, ear = await pair()
    before = dropped("unreadable")
    for size in range(1, 60):
        for first in (0, 1, 20, 22, 63, 64, 128, 144, 191, 255):
            mouth.client.send_raw(bytes([first]) * size)
            ear.client.send_raw(bytes([first, 200]) * size)
    mouth.say(101)
    await ear.until(lambda ear: len(ear.media) == 2)
    assert dropped("unreadable") > before


async def test_replayed_packets_are_dropped(pair):
    mouth, ear = await pair()
    before = dropped("unreadable")
    packet = mouth.client.protect(rtp_packet(VIDEO_TYPE, 101, 9, mouth.ssrc, DELTA))
    for _ in range(5):
        mouth.client.send_raw(packet)
    mouth.say(102)
    await ear.until(lambda ear: len(ear.media) == 3)
    assert dropped("unreadable") == before + 4


async def test_streams_that_nobody_announced_are_dropped(pair):
    mouth, ear = await pair()
    before = dropped("unrouted")
    mouth.say(1, KEY, ssrc=4321, payload_type=SOUND_TYPE)
    mouth.say(101)
    await ear.until(lambda ear: len(ear.media) == 2)
    assert dropped("unrouted") == before + 1


async def test_forged_checks_are_counted(room, media_port):
    before = dropped("forged"), dropped("unknown")
    peer = room.stage.connect("seat")
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for name in (peer.path.credentials.ufrag, "nobody"):
        stranger.sendto(write_check(f"{name}:x", b"guess"), ("127.0.0.1", media_port.port))
    stranger.close()
    await asyncio.sleep(0)  # the loop reads what has come
    media_port._readable()
    assert (dropped("forged"), dropped("unknown")) == (before[0] + 1, before[1] + 1)


async def test_a_flood_of_nacks_is_answered_within_bounds(pair):
    mouth, ear = await pair()
    for n in range(101, 201):
        mouth.say(n)
    await ear.until(lambda ear: len(ear.media) == 101)
    everything = sequences(ear.media)[1:]
    for _ in range(50):
        ear.say(rtcp.nack(1, ear.ssrc, everything))
    mouth.say(201)
    await ear.until(lambda ear: sequences(ear.media)[-1] == everything[-1] + 1 & 0xFFFF)
    assert len(ear.media) < 101 + 500


async def test_a_port_in_use_is_named(media_port):
    with pytest.raises(Unavailable, match=str(media_port.port)):
        async with MediaPort.open("127.0.0.1", media_port.port):
            pass


async def test_a_port_closes_over_connections_that_are_still_opening():
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with asyncio.timeout(5), MediaPort.open("127.0.0.1", 0, clock=clock) as port:
        stage = Stage(port, Nobody(), clock=clock)
        peer = stage.connect("seat")
        from_chromium = (OFFERS / "chromium.sdp").read_text()
        await peer.answer(from_chromium, send={}, receive={})
        clock.advance(timedelta(seconds=1))


async def test_who_was_muted_stays_muted_on_a_new_connection(room, join, pair):
    mouth, ear = await pair()
    seat = mouth.client.seat
    room.peers[seat].set_muted(Source.CAMERA, muted=True)
    peer = room.stage.connect(seat)
    again = type(mouth.client)()
    await again.connect(
        await peer.answer(
            again.offer([("video", "sendonly")]), send={"0": Source.CAMERA}, receive={}
        )
    )
    await room.told.until(lambda: room.told.ready.count(seat) == 2)
    speaker = Mouth(again)
    speaker.say(1, KEY)
    room.port._readable()
    peer.set_muted(Source.CAMERA, muted=False)
    speaker.say(2, KEY + b"heard")
    await ear.until(lambda ear: len(ear.media) > 1)
    assert [packet[-5:] for packet in ear.media[1:]] == [b"heard"]
    await again.aclose()


@pytest.mark.parametrize("media_port", ["::"], indirect=True)
async def test_seats_of_both_families_hear_each_other_through_one_port(room, join, media_port):
    speaker = Mouth(await join(send=[("video", Source.CAMERA)], host="::1"))
    (track,) = room.told.added
    ears = [Ear(await join(receive=[track], host=host)) for host in ("127.0.0.1", "::1")]
    speaker.say(1, KEY)
    for ear in ears:
        await ear.until(lambda ear: ear.media)
    assert {socket.AF_INET, socket.AF_INET6} == {ear.client.socket.family for ear in ears}
