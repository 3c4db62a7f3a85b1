"""A channel's day and what can be planned in it, for the grid. Changes are pushes, as everybody's."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.pages import HOUSE_ZONE
from kernel.web import CLOCK, DATABASE, SETTINGS, query, reply
from schedule.channels import channel_by_id
from schedule.day import Offer, read_day, read_offers
from schedule.local_day import day_asked


class DayQuery(msgspec.Struct, frozen=True):
    """A day of the channel's zone, as `2026-09-07`; today unless told."""

    on: date | None = None


class OfferList(msgspec.Struct, frozen=True):
    sources: list[Offer]


def routes() -> list[web.RouteDef]:
    channel = "/api/v1/channels/{channel}"
    return [web.get(f"{channel}/day", show_day), web.get(f"{channel}/sources", show_offers)]


async def show_day(request: web.Request) -> web.Response:
    require(request, Action.OPERATE_CHANNEL)
    zone, now = ZoneInfo(HOUSE_ZONE), request.app[CLOCK].now()
    day = _asked(request, now, zone)
    settings = request.app[SETTINGS]
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
        shown = await read_day(connection, channel, day, zone, now=now, settings=settings)
    return reply(shown)


async def show_offers(request: web.Request) -> web.Response:
    require(request, Action.OPERATE_CHANNEL)
    zone, now = ZoneInfo(HOUSE_ZONE), request.app[CLOCK].now()
    day = _asked(request, now, zone)
    settings = request.app[SETTINGS]
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
        offers = await read_offers(connection, channel, day, zone, now=now, settings=settings)
    return reply(OfferList(offers))


def _asked(request: web.Request, now: datetime, zone: ZoneInfo) -> date:
    asked = query(request, DayQuery).on
    return day_asked(asked.isoformat() if asked else "", now, zone)
