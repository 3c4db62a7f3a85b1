"""The seats of the benchmarks, counted by the loop in C and by the one in Python."""

import asyncio
import socket
import struct
import time

import pytest

from bench.light_client import SOUND_TYPE, VIDEO_TYPE, LightClient, rtp_packet
from bench.seats import compiled, seated

SENT = 100


@pytest.fixture(params=["compiled", "python"])
def library(request):
    with compiled() as built:
        if built is None and request.param == "compiled":
            pytest.skip("no C compiler")
        yield built if request.param == "compiled" else None


@pytest.fixture
async def clients():
    """Not connected: what comes is not encrypted."""
    made = [LightClient() for _ in range(2)]
    for client in made:
        asyncio.get_running_loop().add_reader(client.socket, client.read)
    yield made
    for client in made:
        await client.aclose()


async def test_every_packet_is_counted_and_timed(library, clients):
    sent_at = {}
    with (
        seated(clients, library=library) as crowd,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source,
    ):
        crowd.measure()
        for number in range(SENT):
            kind, type_ = ("video", VIDEO_TYPE) if number % 2 else ("sound", SOUND_TYPE)
            payload = b"\x7c\x85" + struct.pack("!H", number) + bytes(60)
            sent_at[kind, number] = time.time()
            for client in clients:
                packet = rtp_packet(type_, number + 1000, 0, 1, payload)
                source.sendto(packet, client.socket.getsockname())
        async with asyncio.timeout(20):
            while crowd.received() < SENT * len(clients):  # noqa: ASYNC110 - a thread counts
                await asyncio.sleep(0.01)
        late = crowd.late(sent_at)
    assert crowd.received() == SENT * len(clients)
    assert len(late) == SENT  # of the first seat: one of eight is measured
    assert all(0 <= one < 20 for one in late)
