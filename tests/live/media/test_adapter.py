"""DTLS over a wire that the test holds in its hands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from typing import Any

import pytest

from live.adapter import Certificate, Dtls


class Wire:
    """Two ends; what one says waits here until it is carried over."""

    def __init__(self) -> None:
        self.certificate = Certificate()
        self.to_client: asyncio.Queue[bytes] = asyncio.Queue()
        self.to_server: asyncio.Queue[bytes] = asyncio.Queue()
        self.server = Dtls(self.certificate, is_server=True, send=self.to_client.put_nowait)
        self.client = Dtls(self.certificate, is_server=False, send=self.to_server.put_nowait)
        self.closed = asyncio.Event()
        self.server.on_close(self.closed.set)

    async def agree(self, *, of_client: str = "") -> list[bool]:
        """Shake hands; `of_client` is the fingerprint that the server was told."""
        server = self.server.handshake([_pair(of_client or self.certificate.fingerprint)])
        return await self.carry(server, self.shake())

    def shake(self) -> Coroutine[Any, Any, bool]:
        """The client's half."""
        return self.client.handshake([_pair(self.certificate.fingerprint)])

    async def carry(self, *handshakes: Awaitable[bool]) -> list[bool]:
        """Carry everything until they are done, well or not."""
        pouring = [
            asyncio.ensure_future(_pour(self.to_client, self.client)),
            asyncio.ensure_future(_pour(self.to_server, self.server)),
        ]
        try:
            async with asyncio.timeout(20):
                return await asyncio.gather(*handshakes)
        finally:
            for one in pouring:
                one.cancel()


def _pair(fingerprint: str) -> tuple[str, str]:
    name, value = fingerprint.split()
    return name, value


async def _pour(queue: asyncio.Queue[bytes], end: Dtls) -> None:
    while True:
        end.feed(await queue.get())


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    made = Wire()
    yield made
    await made.server.aclose()
    await made.client.aclose()


async def test_two_ends_agree_on_keys(wire):
    assert await wire.agree() == [True, True]
    assert wire.server.outbound_address


async def test_a_certificate_that_was_not_announced_gets_no_keys(wire):
    done, _ = await wire.agree(of_client=Certificate().fingerprint)
    assert not done
    assert not wire.server.is_ready


async def test_a_flight_that_got_lost_is_said_again(wire):
    shaking = asyncio.ensure_future(wire.shake())
    await wire.to_server.get()
    assert await wire.carry(
        wire.server.handshake([_pair(wire.certificate.fingerprint)]), shaking
    ) == [True, True]


async def test_a_hello_that_comes_early_waits(wire):
    shaking = asyncio.ensure_future(wire.shake())
    wire.server.feed(await wire.to_server.get())
    assert await wire.carry(
        wire.server.handshake([_pair(wire.certificate.fingerprint)]), shaking
    ) == [True, True]


async def test_the_other_side_says_goodbye(wire):
    await wire.agree()
    await wire.client.aclose()
    wire.server.feed(wire.to_server.get_nowait())
    assert wire.closed.is_set()


async def test_garbage_after_the_handshake_ends_nothing(wire):
    await wire.agree()
    for garbage in (b"\x16" * 12, b"\x17\xfe\xfd" + bytes(60), bytes(1500)):
        wire.server.feed(garbage)
    assert not wire.closed.is_set()
    await wire.client.aclose()
    wire.server.feed(wire.to_server.get_nowait())
    assert wire.closed.is_set()


async def test_nothing_is_taken_after_the_end(wire):
    await wire.server.aclose()
    wire.server.feed(b"\x16" * 100)
    assert wire.to_client.empty()
