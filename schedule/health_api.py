"""A channel's alarms and loudness over HTTP."""

from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import NotFound
from kernel.web import DATABASE, reply
from schedule.channels import channel_by_id
from schedule.health import HEALTH


def routes() -> list[web.RouteDef]:
    return [web.get("/api/v1/channels/{channel}/health", show)]


async def show(request: web.Request) -> web.Response:
    """NotFound too when nobody here watches the channel."""
    require(request, Action.OPERATE_CHANNEL)
    channel_id = request.match_info["channel"]
    async with request.app[DATABASE].connect() as connection:
        await channel_by_id(connection, channel_id)
    health = request.app[HEALTH].get(channel_id) if HEALTH in request.app else None
    if health is None:
        raise NotFound("This channel is not watched yet.")
    return reply(health)
