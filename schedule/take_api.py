"""Takes over HTTP: a source on air over the plan, and back."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.ids import new_id
from kernel.web import BUS, CLOCK, DATABASE, RECORDER, SETTINGS, decode, reply
from schedule.channel_events import SourceReleased, SourceTaken
from schedule.channels import channel_by_id
from schedule.rundown import Source
from schedule.takes import NOTICE, TOPIC, Take, TakeMoved, Wish, check_is_on, prepare, take_on_air


class NewTake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to put on air: for `duration` seconds, `until` a moment, or as long as its media is."""

    source: Source
    duration: Annotated[float, msgspec.Meta(ge=1, le=86_400)] | None = None
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class TakeBody(msgspec.Struct, frozen=True, kw_only=True):
    """A take as the API shows it; it is on air from the next group of pictures after `starts_at`."""

    id: UUID
    channel: str
    title: str
    source: Source
    starts_at: datetime
    ends_at: datetime
    operator: str


def routes() -> list[web.RouteDef]:
    take = "/api/v1/channels/{channel}/take"
    return [web.post(take, begin), web.delete(take, end)]


async def begin(request: web.Request) -> web.Response:
    viewer = require(request, Action.OPERATE_CHANNEL)
    wanted, now = await decode(request, NewTake), request.app[CLOCK].now()
    wish = Wish(
        source=wanted.source,
        duration=None if wanted.duration is None else timedelta(seconds=wanted.duration),
        until=wanted.until,
        operator=viewer.name,
        at=now,
    )
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
        take = await prepare(connection, channel, wish, request.app[SETTINGS])
    await _tell(request, TakeMoved(channel=channel.id, at=take.starts_at, take=take))
    await request.app[RECORDER].record(
        SourceTaken(
            id=take.id,
            at=now,
            person=viewer.person_id,
            channel=channel.id,
            source=wanted.source.name,
            ends_at=take.ends_at,
        )
    )
    return reply(_body(channel.id, take, wanted.source), status=HTTPStatus.ACCEPTED)


async def end(request: web.Request) -> web.Response:
    """Back to the plan, where it is by now."""
    viewer = require(request, Action.OPERATE_CHANNEL)
    now = request.app[CLOCK].now()
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
    check_is_on(await take_on_air(request.app[SETTINGS], channel.id, now))
    await _tell(request, TakeMoved(channel=channel.id, at=now + NOTICE))
    await request.app[RECORDER].record(
        SourceReleased(id=new_id(), at=now, person=viewer.person_id, channel=channel.id)
    )
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def _tell(request: web.Request, moved: TakeMoved) -> None:
    await request.app[BUS].publish(TOPIC, msgspec.json.encode(moved))


def _body(channel: str, take: Take, source: Source) -> TakeBody:
    return TakeBody(
        id=take.id,
        channel=channel,
        title=take.title,
        source=source,
        starts_at=take.starts_at,
        ends_at=take.ends_at,
        operator=take.operator,
    )
