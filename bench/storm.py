"""What a crowd at the door does to who is in: light seats listen while others join all at once."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp

from bench.lesson import Lesson, lesson
from bench.light_client import LightClient
from bench.report import percentile
from bench.seats import Crowd, compiled, seated

SEATED, CROWD = 50, 300
_CALM_SECONDS = 4.0


async def storm(**settings: str) -> tuple[float, float]:
    """The 99th percentile of a packet's way to the seats, in calm and in the storm; milliseconds."""
    async with AsyncExitStack() as stack:
        library = stack.enter_context(compiled())
        held = await stack.enter_async_context(lesson(**settings))
        connector = aiohttp.TCPConnector(limit=0)
        api = await stack.enter_async_context(
            aiohttp.ClientSession(held.server.url, connector=connector)
        )
        inside = [LightClient() for _ in range(SEATED)]
        outside = [LightClient() for _ in range(CROWD)]
        for client in (*inside, *outside):
            stack.push_async_callback(client.aclose)
        for client in inside:
            await held.play(api, await held.ticket(), client)
        tickets = [await held.ticket() for _ in outside]
        crowd = stack.enter_context(seated(inside, library=library))
        return await _both(held, api, crowd, dict(zip(tickets, outside, strict=True)))


async def _both(
    held: Lesson, api: aiohttp.ClientSession, crowd: Crowd, outside: dict[str, LightClient]
) -> tuple[float, float]:
    async with asyncio.TaskGroup() as tasks:
        streaming = tasks.create_task(held.stream.run(120))
        await asyncio.sleep(1)
        crowd.measure()
        await asyncio.sleep(_CALM_SECONDS)
        calm = crowd.late(held.stream.sent_at)
        crowd.measure()
        await asyncio.gather(*(held.play(api, ticket, one) for ticket, one in outside.items()))
        stormy = crowd.late(held.stream.sent_at)
        streaming.cancel()
    return percentile(calm, 0.99) * 1000, percentile(stormy, 0.99) * 1000
