"""The relay that the other tests stand behind does what it is told, and nothing else."""

import asyncio
import socket
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from bench.lossy_relay import LossyRelay


class End:
    """A UDP socket that keeps what came, and from where."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.name = self.socket.getsockname()
        self.came, self.senders = [], []
        self._something = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.socket, self._read)

    def _read(self):
        data, sender = self.socket.recvfrom(2048)
        self.came.append(data)
        self.senders.append(sender)
        self._something.set()

    def say(self, target, *datagrams):
        for datagram in datagrams:
            self.socket.sendto(datagram, target)

    async def until(self, claim):
        async with asyncio.timeout(10):
            while not claim(self):
                self._something.clear()
                await self._something.wait()

    def close(self):
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()


@asynccontextmanager
async def ends():
    server, client = End(), End()
    async with LossyRelay.open(server.name) as relay:
        yield relay, ("127.0.0.1", relay.port), server, client
    server.close()
    client.close()


def numbered(count):
    return [number.to_bytes(4, "big") for number in range(count)]


async def test_a_good_network_carries_everything_both_ways_in_order():
    async with ends() as (_, front, server, client):
        client.say(front, *numbered(50))
        await server.until(lambda end: len(end.came) == 50)
        server.say(server.senders[0], *numbered(50))
        await client.until(lambda end: len(end.came) == 50)
        assert server.came == client.came == numbered(50)
        assert set(client.senders) == {front}


async def test_each_client_is_somebody_else_to_the_server_and_hears_its_own():
    async with ends() as (_, front, server, client):
        other = End()
        client.say(front, b"one")
        other.say(front, b"two")
        await server.until(lambda end: len(end.came) == 2)
        assert len(set(server.senders)) == 2
        server.say(server.senders[server.came.index(b"two")], b"to two")
        await other.until(lambda end: end.came == [b"to two"])
        assert client.came == []
        other.close()


async def test_a_share_is_lost_and_a_share_doubled():
    async with ends() as (relay, front, server, client):
        relay.up.loss, relay.up.duplication, relay.up.late_seconds = 0.2, 0.1, 0.001
        client.say(front, *numbered(500))
        counts = relay.counts_up
        await server.until(
            lambda end: counts.came == 500 and len(end.came) == 500 - counts.lost + counts.doubled
        )
        assert 60 < counts.lost < 140
        assert 20 < counts.doubled < 70
        assert max(Counter(server.came).values()) == 2


async def test_a_wandering_delay_keeps_the_order_and_those_held_back_are_overtaken():
    async with ends() as (relay, front, server, client):
        relay.up.wander_seconds = 0.02
        client.say(front, *numbered(100))
        await server.until(lambda end: len(end.came) == 100)
        assert server.came == numbered(100)
        relay.up.reordering = 0.2
        client.say(front, *numbered(100))
        await server.until(lambda end: len(end.came) == 200)
        assert server.came[100:] != numbered(100)
        assert sorted(server.came[100:]) == numbered(100)


async def test_a_slow_line_queues_a_little_and_drops_the_rest():
    async with ends() as (relay, front, server, client):
        relay.up.rate_bps, relay.up.queue_seconds = 8_000_000, 0.02
        began = asyncio.get_running_loop().time()
        client.say(front, *(bytes(1000) for _ in range(100)))
        counts = relay.counts_up
        await server.until(
            lambda end: counts.came == 100 and len(end.came) == 100 - counts.overflowed
        )
        assert counts.overflowed > 50
        took = asyncio.get_running_loop().time() - began
        assert took > (len(server.came) - 2) * 1028 * 8 / 8_000_000


async def test_a_blackout_begins_and_ends_on_command():
    async with ends() as (relay, front, server, client):
        client.say(front, b"before")
        await server.until(lambda end: end.came == [b"before"])
        relay.up.is_cut = True
        client.say(front, b"meanwhile")
        async with asyncio.timeout(10):
            while not relay.counts_up.cut:  # noqa: ASYNC110 - a counter
                await asyncio.sleep(0)
        relay.up.is_cut = False
        client.say(front, b"after")
        await server.until(lambda end: end.came == [b"before", b"after"])


@pytest.mark.parametrize("alone", [True, False])
async def test_a_client_that_moves_comes_from_another_address_and_goes_on(alone):
    async with ends() as (relay, front, server, client):
        others = [] if alone else [End()]
        for end in (client, *others):
            end.say(front, b"here")
        await server.until(lambda end: len(end.came) == 1 + len(others))
        relay.lines[client.name].move()
        client.say(front, b"there")
        await server.until(lambda end: b"there" in end.came)
        assert server.senders[-1] not in server.senders[:-1]
        server.say(server.senders[-1], b"back")
        await client.until(lambda end: end.came == [b"back"])
        for end in others:
            end.close()
