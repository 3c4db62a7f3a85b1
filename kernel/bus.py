"""The bus: doorbells between parts and processes. A lost message costs time, never truth.

Topics are plain names, messages are bytes. In process by default, over Redis when configured.
A subscriber that is too slow loses its oldest messages (newest wins).
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from kernel.errors import SettingsError

log = structlog.get_logger()

_CAPACITY = 1000  # messages of one subscriber


class Bus(Protocol):
    """Publish and subscribe."""

    async def publish(self, topic: str, message: bytes) -> None:
        """Tell whoever listens now; never raises because nobody does."""

    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Listen from the moment the context is entered."""


class InProcessBus:
    """The bus of a single process."""

    def __init__(self) -> None:
        self._subscribers: defaultdict[str, set[Mailbox]] = defaultdict(set)

    async def publish(self, topic: str, message: bytes) -> None:
        for mailbox in self._subscribers.get(topic, ()):
            mailbox.put(message)

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:
        mailbox = Mailbox()
        self._subscribers[topic].add(mailbox)
        try:
            yield mailbox
        finally:
            self._subscribers[topic].discard(mailbox)
            if not self._subscribers[topic]:
                del self._subscribers[topic]


class Mailbox:
    """What waits for one subscriber: bounded, newest wins."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._messages: asyncio.Queue[bytes] = asyncio.Queue(capacity)

    def put(self, message: bytes) -> None:
        if self._messages.full():
            self._messages.get_nowait()
        self._messages.put_nowait(message)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await self._messages.get()


class RedisBus:
    """The bus of many processes."""

    def __init__(self, client: redis.asyncio.Redis, *, prefix: str = "daris:bus:") -> None:
        self._client = client
        self._prefix = prefix

    async def publish(self, topic: str, message: bytes) -> None:
        try:
            await self._client.publish(self._prefix + topic, message)
        except RedisError as error:
            log.warning("bus.publish_failed", topic=topic, reason=str(error))

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:
        mailbox = Mailbox()
        listening = asyncio.Event()
        feed = self._feed(topic, mailbox, listening)
        try:
            async with asyncio.TaskGroup() as tasks:
                feeding = tasks.create_task(feed, name=f"bus {topic}")
                await listening.wait()
                try:
                    yield mailbox
                finally:
                    feeding.cancel()
        except ExceptionGroup as group:  # the listener failed: its error is nobody else's
            raise group.exceptions[0] from None

    async def _feed(self, topic: str, mailbox: Mailbox, listening: asyncio.Event) -> None:
        """Supervise the subscription: come back after Redis was away."""
        while True:
            try:
                await self._listen(topic, mailbox, listening)
            except (RedisError, OSError) as error:
                log.warning("bus.subscription_lost", topic=topic, reason=str(error))
                await asyncio.sleep(1)

    async def _listen(self, topic: str, mailbox: Mailbox, listening: asyncio.Event) -> None:
        async with self._client.pubsub(ignore_subscribe_messages=False) as channel:
            await channel.subscribe(self._prefix + topic)
            async for message in channel.listen():
                if message["type"] == "subscribe":
                    listening.set()
                elif message["type"] == "message":
                    mailbox.put(message["data"])


@asynccontextmanager
async def open_bus(redis_url: str) -> AsyncIterator[Bus]:
    """The bus of `redis_url`, in process when that is empty; SettingsError if Redis is not there."""
    if not redis_url:
        yield InProcessBus()
        return
    async with redis.asyncio.from_url(redis_url, health_check_interval=15) as client:
        try:
            await client.ping()
        except (RedisError, OSError) as error:
            raise SettingsError(f"Redis at DARIS_REDIS_URL does not answer: {error}") from error
        yield RedisBus(client)
