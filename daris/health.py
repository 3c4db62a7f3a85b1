"""What a supervisor, a balancer and Prometheus ask."""

import asyncio
from datetime import timedelta

import sqlalchemy as sa
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from kernel.errors import Unavailable
from kernel.web import DATABASE, reply

_PATIENCE = timedelta(seconds=2)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/healthz", alive),
        web.get("/readyz", ready),
        web.get("/metrics", metrics),
    ]


async def alive(_request: web.Request) -> web.Response:
    """The process runs and its event loop turns."""
    return reply({"status": "alive"})


async def ready(request: web.Request) -> web.Response:
    """The database answers too; Unavailable when it does not."""
    try:
        async with (
            asyncio.timeout(_PATIENCE.total_seconds()),
            request.app[DATABASE].connect() as connection,
        ):
            await connection.execute(sa.text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise Unavailable("The database does not answer.", retry_after=_PATIENCE) from error
    return reply({"status": "ready"})


async def metrics(_request: web.Request) -> web.Response:
    body = await asyncio.to_thread(generate_latest)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
