"""An import that tells how far it is: lines of JSON (application/x-ndjson) for who accepts them.

Each line is `{"progress": …}`; the last is `{"outcome": …}`, or `{"problem": …}` as RFC 9457 has it: once
a line went out the status can't tell it any more. Faults found before that have their status.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from kernel.errors import DarisError
from kernel.web import problem, reply
from schedule.progress import Progress, Step, no_progress

LINES: Final = "application/x-ndjson"


class Progressed(msgspec.Struct, frozen=True):
    """So many of the rows are checked, or what is new of them saved."""

    step: Step
    done: int
    of: int


async def answered(
    request: web.Request, run: Callable[[Progress], Awaitable[Any]], *, is_preview: bool
) -> web.StreamResponse:
    """What comes of `run`, in lines or as one body. A preview ends when its reader goes away; what
    is meant goes on to its end."""
    if LINES not in request.headers.get(hdrs.ACCEPT, ""):
        return reply(await run(no_progress))
    lines = _Lines(request, may_break=is_preview)
    try:
        await lines.write({"outcome": await run(lines.tell)})
    except DarisError as error:
        if not lines.response.prepared:
            raise
        body = problem(error).body
        assert isinstance(body, bytes)
        await lines.write({"problem": msgspec.Raw(body)})
    return lines.response


class _Lines:
    """A response that begins with its first line. Never more than a socket's buffer holds: a reader
    that is slow keeps no transaction open."""

    def __init__(self, request: web.Request, *, may_break: bool) -> None:
        headers = {
            hdrs.CONTENT_TYPE: LINES,
            hdrs.CACHE_CONTROL: "no-store",
            "X-Accel-Buffering": "no",
        }
        self.response = web.StreamResponse(headers=headers)
        self._request = request
        self._may_break = may_break

    async def tell(self, step: Step, done: int, of: int) -> None:
        await self.write({"progress": Progressed(step, done, of)})
        await asyncio.sleep(0)  # whatever else waits for the event loop has its turn

    async def write(self, line: dict[str, Any]) -> None:
        with suppress(*(() if self._may_break else (ConnectionError,))):
            if not self.response.prepared:
                await self.response.prepare(self._request)
            await self.response.write(msgspec.json.encode(line) + b"\n")
