"""The grid's page: a channel's day to see, drag and edit. Its script reads and pushes over HTTP."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.pages import HOUSE_ZONE, render
from kernel.web import CLOCK, DATABASE
from schedule.channels import channel_by_id
from schedule.local_day import bounds_of, day_asked


def routes() -> list[web.RouteDef]:
    return [web.get("/channels/{channel}/grid", show_grid)]


async def show_grid(request: web.Request) -> web.Response:
    require(request, Action.OPERATE_CHANNEL)
    zone = ZoneInfo(HOUSE_ZONE)
    day = day_asked(request.query.get("day", ""), request.app[CLOCK].now(), zone)
    since, until = bounds_of(day, zone)
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
    return render(
        request,
        "grid.html",
        channel=channel,
        noon=since + (until - since) / 2,
        day=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        channel_zone=zone.key,
    )
