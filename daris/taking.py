"""An operator's take from the command line, over HTTP."""

from typing import Any

import msgspec

from daris.pushing import ask
from kernel.errors import Invalid
from schedule.table import source_of
from schedule.take_api import TakeBody


def source_named(name: str) -> dict[str, Any]:
    """The source as a cell of a schedule's table has it; Invalid when it is none."""
    source = source_of(name)
    if not source:
        raise Invalid(f"{name} is no source: write recording:ID, file:NAME, live:ID or slate.")
    return source


async def take_source(body: dict[str, Any], *, channel: str, server: str, token: str) -> TakeBody:
    """DarisError carries the server's sentence."""
    path, data = f"/api/v1/channels/{channel}/take", msgspec.json.encode(body)
    answer = await ask("POST", f"{server.rstrip('/')}{path}", token, data, "application/json")
    return msgspec.json.decode(answer, type=TakeBody)


async def release_channel(*, channel: str, server: str, token: str) -> None:
    await ask("DELETE", f"{server.rstrip('/')}/api/v1/channels/{channel}/take", token)


def taken(take: TakeBody) -> str:
    return (
        f"{take.title} is on air from {take.starts_at:%H:%M:%S} UTC until {take.ends_at:%H:%M:%S}."
    )
