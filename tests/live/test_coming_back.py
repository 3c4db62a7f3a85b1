"""Seats whose network went away and came back: everything is kept, and no ghost stays."""

import pytest

from bench.light_client import VIDEO_TYPE, LightClient, rtp_packet
from kernel.clock import SystemClock
from live.adapter import Certificate
from live.events import PersonJoined, PersonLeft, TrackPublished, TrackUnpublished
from live.port import PEERS

SECTIONS = [("video", "sendonly")]


@pytest.fixture
def clock():
    """Media has its own time."""
    return SystemClock()


@pytest.fixture
async def client():
    made = LightClient()
    yield made
    await made.aclose()


async def send(guest, client):
    """Offer a camera; the answer."""
    await guest.send("offer", sdp=client.offer(SECTIONS), send={"0": "camera"})
    return (await guest.hear("answer"))["sdp"]


def picture(client, sequence):
    packet = rtp_packet(VIDEO_TYPE, sequence, 3000 * sequence, client.ssrcs["0"], b"\x41\x9a")
    client.send_raw(client.protect(packet))


async def test_a_seat_comes_back_on_another_network_as_it_was(school, client):
    """A new socket, and an ICE restart of the same connection from another address."""
    served = await school(is_recorded=False)
    before = await served.enter(served.lecturer)
    await client.connect(await send(before, client))
    picture(client, 1)
    tracks = (await before.hear("tracks"))["tracks"]
    before.kill()
    after = await served.enter(served.lecturer, resume=before.welcome["resume"])
    assert after.welcome["seat"] == before.welcome["seat"]
    client.renew()
    await client.move()
    await client.restart(await send(after, client))
    picture(client, 2)
    again = await served.enter(served.lecturer, resume=before.welcome["resume"])
    assert again.welcome["tracks"] == tracks
    assert [person["presence"] for person in again.welcome["people"]] == ["present"]
    assert len((await served.live()).room.seats) == 1
    assert len(served.facts(PersonJoined)) == len(served.facts(TrackPublished)) == 1
    assert served.facts(PersonLeft) == served.facts(TrackUnpublished) == []


async def test_the_late_goodbye_of_a_replaced_connection_does_not_end_the_seat(school, client):
    before = PEERS._value.get()
    served = await school(is_recorded=False)
    guest = await served.enter(served.lecturer)
    old = LightClient()
    await old.connect(await send(guest, old))
    picture(old, 1)
    await guest.hear("tracks")
    client.certificate_ = Certificate()  # another connection has another fingerprint
    await client.connect(await send(guest, client))
    assert PEERS._value.get() == before + 1
    await old.aclose()
    client.renew()
    await client.restart(await send(guest, client))  # a round trip later
    assert PEERS._value.get() == before + 1
    assert served.facts(PersonLeft) == served.facts(TrackUnpublished) == []
