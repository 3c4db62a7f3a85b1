import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest

from kernel.bus import Bus, InProcessBus, Mailbox, open_bus
from kernel.errors import SettingsError


@contextmanager
def redis_at(socket: Path) -> Iterator[None]:
    """A real Redis behind a socket file, for as long as the block runs."""
    arguments = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", socket.parent]
    process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        try:
            assert any("connections at" in line for line in process.stdout)
            yield
        finally:
            process.kill()


@pytest.fixture(params=["in process", pytest.param("redis", marks=pytest.mark.redis)])
async def bus(request, tmp_path) -> AsyncIterator[Bus]:
    if request.param == "in process":
        yield InProcessBus()
        return
    with redis_at(tmp_path / "redis.sock"):
        async with open_bus(f"unix://{tmp_path}/redis.sock") as bus:
            yield bus


async def test_a_message_reaches_everyone_who_listens_to_its_topic(bus):
    async with (
        asyncio.timeout(5),
        bus.subscribe("lectures") as one,
        bus.subscribe("lectures") as two,
        bus.subscribe("channels") as other,
    ):
        await bus.publish("lectures", b"moved")
        await bus.publish("channels", b"on air")
        assert [await anext(one), await anext(two), await anext(other)] == [
            b"moved",
            b"moved",
            b"on air",
        ]


async def test_nobody_needs_to_listen(bus):
    await bus.publish("lectures", b"unheard")
    async with asyncio.timeout(5), bus.subscribe("lectures") as messages:
        await bus.publish("lectures", b"heard")
        assert await anext(messages) == b"heard"


async def test_a_listener_fails_with_its_own_error(bus):
    async def fail_while_listening() -> None:
        async with bus.subscribe("lectures"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_while_listening()


async def test_a_listener_may_be_cancelled(bus):
    listening = asyncio.Event()

    async def listen() -> None:
        async with bus.subscribe("lectures") as messages:
            listening.set()
            await anext(messages)

    task = asyncio.create_task(listen())
    await listening.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_topics_that_nobody_listens_to_are_forgotten():
    bus = InProcessBus()
    async with bus.subscribe("room 1"):
        await bus.publish("room 2", b"")
    assert not bus._subscribers


async def test_the_oldest_messages_of_a_slow_listener_are_dropped():
    mailbox = Mailbox(capacity=2)
    for message in (b"1", b"2", b"3"):
        mailbox.put(message)
    assert [await anext(mailbox), await anext(mailbox)] == [b"2", b"3"]


@pytest.mark.redis
async def test_listeners_hear_again_after_redis_was_away(tmp_path):
    socket = tmp_path / "redis.sock"
    async with asyncio.timeout(20), AsyncExitStack() as stack:
        with redis_at(socket):
            bus = await stack.enter_async_context(open_bus(f"unix://{socket}"))
            messages = await stack.enter_async_context(bus.subscribe("lectures"))
            await bus.publish("lectures", b"before")
            assert await anext(messages) == b"before"
        with redis_at(socket):
            ringing = asyncio.create_task(ring(bus, "lectures"))
            assert await anext(messages) == b"ring"
            ringing.cancel()


async def ring(bus: Bus, topic: str) -> None:
    """Publish until somebody is back to hear it."""
    while True:
        await bus.publish(topic, b"ring")
        await asyncio.sleep(0.05)


@pytest.mark.redis
async def test_publishing_while_redis_is_away_costs_the_message_only(tmp_path):
    async with asyncio.timeout(20), AsyncExitStack() as stack:
        with redis_at(tmp_path / "redis.sock"):
            bus = await stack.enter_async_context(open_bus(f"unix://{tmp_path}/redis.sock"))
        await bus.publish("lectures", b"lost")


async def test_a_redis_that_does_not_answer_stops_the_start(tmp_path):
    with pytest.raises(SettingsError, match="DARIS_REDIS_URL does not answer"):
        async with open_bus(f"unix://{tmp_path}/nobody.sock"):
            pass
