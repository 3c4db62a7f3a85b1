"""Channels, their schedules and as-run logs over HTTP."""

import asyncio
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from identity.people import check_zone
from identity.rights import Action, allows
from identity.sessions import require, viewer_of
from kernel.errors import Invalid, Refused, TooLarge
from kernel.ids import new_id
from kernel.pages import HOUSE_ZONE
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, decode, query, reply
from schedule import day_api, health_api, logo_api, take_api
from schedule.as_run import Aired, as_sheet, read_as_run
from schedule.channel_events import ChannelAdded, SchedulePushed
from schedule.channels import (
    Channel,
    add_channel,
    change_channel,
    channel_by_id,
    list_channels,
    programmes_between,
)
from schedule.exchange import Parcel, read_schedule
from schedule.local_time import unusual_days
from schedule.output_urls import check_outputs
from schedule.places import channel_folder
from schedule.push import Outcome, Push, carry_out, weigh, window_of
from schedule.pushable import Pushable, pushable
from schedule.rundown import Finding, Programme, Window

Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # RFC 3339 with an offset
Profile = Literal["1080p25", "720p25", "360p25"]  # those of transcode.house
Charset = Literal["utf-8", "iso-8859-5"]  # those of transcode.si
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
Language = Annotated[str, msgspec.Meta(pattern="^[a-z]{2,3}$")]
Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
Number = Annotated[int, msgspec.Meta(ge=1, le=9999)]

_LONGEST_QUERY = timedelta(days=31)
_AHEAD = timedelta(days=8)


class NewChannel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel to set up. `outputs` are addresses as docs/television.md has them."""

    id: Slug
    name: Name
    number: Number = 1
    languages: tuple[Language, ...] = ("kk", "ru", "en")
    profile: Profile = "720p25"
    outputs: tuple[str, ...] = ()
    charset: Charset = "utf-8"


class ChannelPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What shall change. Another profile or output starts the channel's process anew."""

    name: Name | None = None
    number: Number | None = None
    languages: tuple[Language, ...] | None = None
    profile: Profile | None = None
    outputs: tuple[str, ...] | None = None
    charset: Charset | None = None


class ChannelBody(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as the API shows it; outputs only to its operators."""

    id: str
    name: str
    number: int
    languages: tuple[str, ...]
    profile: str
    outputs: tuple[str, ...] | None
    charset: str
    logo: str | None
    revision: int
    page: str
    hls: str


class ChannelList(msgspec.Struct, frozen=True):
    channels: list[ChannelBody]


class ProgrammeBody(Pushable, frozen=True, kw_only=True):
    """A programme as a schedule shows it."""

    id: UUID | None
    revision: int
    duration: float  # seconds


class ScheduleBody(msgspec.Struct, frozen=True):
    channel: str
    revision: int
    programmes: list[ProgrammeBody]


class PushBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a push did, or with `dry_run` would do: the keys, and what is to be said about them."""

    channel: str
    revision: int
    dry_run: bool
    added: list[str]
    changed: list[str]
    removed: list[str]
    findings: list[Finding]


class AsRunBody(msgspec.Struct, frozen=True):
    channel: str
    aired: list[Aired]


class WindowQuery(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """The query string of schedules. `revision` is that of the schedule which a push takes the place of."""

    since: Moment | None = None
    until: Moment | None = None
    dry_run: bool = False
    zone: str | None = None
    revision: int | None = None
    format: Literal["json", "csv"] = "json"  # of the as-run log


def routes() -> list[web.RouteDef]:
    channel = "/api/v1/channels/{channel}"
    return [
        web.get("/api/v1/channels", list_all),
        web.post("/api/v1/channels", add),
        web.get(channel, show),
        web.patch(channel, change),
        web.get(f"{channel}/schedule", show_schedule),
        web.put(f"{channel}/schedule", push),
        web.get(f"{channel}/as-run", show_as_run),
        *day_api.routes(),
        *logo_api.routes(),
        *take_api.routes(),
        *health_api.routes(),
    ]


async def list_all(request: web.Request) -> web.Response:
    require(request, Action.WATCH_CHANNEL)
    async with request.app[DATABASE].connect() as connection:
        found = await list_channels(connection)
    return reply(ChannelList([_body(request, channel) for channel in found]))


async def add(request: web.Request) -> web.Response:
    viewer = require(request, Action.OPERATE_CHANNEL)
    wanted = await decode(request, NewChannel)
    check_outputs(wanted.outputs)
    channel = Channel(**msgspec.structs.asdict(wanted))
    now = request.app[CLOCK].now()
    async with request.app[DATABASE].begin() as connection:
        await add_channel(connection, channel, at=now)
    await request.app[RECORDER].record(
        ChannelAdded(
            id=new_id(), at=now, person=viewer.person_id, channel=channel.id, name=channel.name
        )
    )
    return reply(_body(request, channel), status=HTTPStatus.CREATED)


async def show(request: web.Request) -> web.Response:
    require(request, Action.WATCH_CHANNEL)
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
    return reply(_body(request, channel))


async def change(request: web.Request) -> web.Response:
    require(request, Action.OPERATE_CHANNEL)
    patch = await decode(request, ChannelPatch)
    check_outputs(patch.outputs or ())
    given = {
        name: value for name, value in msgspec.structs.asdict(patch).items() if value is not None
    }
    async with request.app[DATABASE].begin() as connection:
        channel = await change_channel(connection, request.match_info["channel"], given)
    return reply(_body(request, channel))


async def show_schedule(request: web.Request) -> web.Response:
    require(request, Action.OPERATE_CHANNEL)
    window = _asked(request)
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
        run = await programmes_between(connection, channel.id, window.since, window.until)
    bodies = [_programme(programme) for programme in run]
    return reply(ScheduleBody(channel.id, channel.revision, bodies))


async def push(request: web.Request) -> web.Response:
    viewer = require(request, Action.OPERATE_CHANNEL)
    asked = query(request, WindowQuery)
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
    zone = ZoneInfo(named) if (named := check_zone(asked.zone)) else None
    parcel = await _parcel(request, channel, zone)
    programmes, findings = await asyncio.to_thread(read_schedule, parcel)
    now = request.app[CLOCK].now()
    window = window_of(programmes, asked.since, asked.until, findings)
    wanted = Push(
        channel=channel.id,
        programmes=programmes,
        findings=[*unusual_days(window, zone or ZoneInfo(HOUSE_ZONE)), *findings],
        window=window,
        by=viewer.person_id,
        at=now,
        revision=asked.revision,
    )
    outcome = await _run(request, wanted, is_dry=asked.dry_run)
    return reply(_outcome(wanted, outcome, is_dry=asked.dry_run))


async def show_as_run(request: web.Request) -> web.Response:
    require(request, Action.OPERATE_CHANNEL)
    window = _asked(request, back=timedelta(days=1))
    async with request.app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
    folder = channel_folder(request.app[SETTINGS], channel.id) / "as-run"
    aired = await asyncio.to_thread(read_as_run, folder, window.since, window.until)
    if query(request, WindowQuery).format == "csv":
        return web.Response(body=as_sheet(aired), content_type="text/csv", charset="utf-8")
    return reply(AsRunBody(channel.id, aired))


async def _run(request: web.Request, wanted: Push, *, is_dry: bool) -> Outcome:
    """Weigh or carry out; Refused carries the findings."""
    database, settings = request.app[DATABASE], request.app[SETTINGS]
    if is_dry:
        async with database.connect() as connection:
            return await weigh(connection, wanted, settings)
    async with database.begin() as connection:
        outcome = await carry_out(connection, wanted, settings)
    if outcome.change.is_refused:
        raise Refused(
            "The schedule is refused; nothing was changed.", findings=outcome.change.findings
        )
    if not outcome.change.is_empty:
        await request.app[RECORDER].record(_fact(wanted, outcome))
    return outcome


def _fact(wanted: Push, outcome: Outcome) -> SchedulePushed:
    return SchedulePushed(
        id=new_id(),
        at=wanted.at,
        person=wanted.by,
        channel=wanted.channel,
        revision=outcome.revision,
        added=len(outcome.change.added),
        changed=len(outcome.change.changed),
        removed=len(outcome.change.removed),
    )


async def _parcel(request: web.Request, channel: Channel, zone: ZoneInfo | None) -> Parcel:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge("The schedule is larger than 1 MiB; push it in parts.") from error
    language = next(iter(channel.languages), "en")
    return Parcel(body, request.content_type, request.charset, channel.id, language, zone)


def _asked(request: web.Request, *, back: timedelta = timedelta()) -> Window:
    asked = query(request, WindowQuery)
    now = request.app[CLOCK].now()
    since = asked.since or (asked.until or now) - back
    until = asked.until or since + (back or _AHEAD)
    if not since < until <= since + _LONGEST_QUERY:
        raise Invalid("from has to be before to, at most 31 days.")
    return Window(since, until)


def _outcome(wanted: Push, outcome: Outcome, *, is_dry: bool) -> PushBody:
    change = outcome.change
    return PushBody(
        channel=wanted.channel,
        revision=outcome.revision,
        dry_run=is_dry,
        added=[programme.key for programme in change.added],
        changed=[programme.key for programme in change.changed],
        removed=[programme.key for programme in change.removed],
        findings=list(change.findings),
    )


def _programme(programme: Programme) -> ProgrammeBody:
    return ProgrammeBody(
        **pushable(programme),
        id=programme.id,
        revision=programme.revision,
        duration=programme.duration.total_seconds(),
    )


def _body(request: web.Request, channel: Channel) -> ChannelBody:
    is_operator = allows(viewer_of(request), Action.OPERATE_CHANNEL)
    return ChannelBody(
        id=channel.id,
        name=channel.name,
        number=channel.number,
        languages=tuple(channel.languages),
        profile=channel.profile,
        outputs=tuple(channel.outputs) if is_operator else None,
        charset=channel.charset,
        logo=channel.logo,
        revision=channel.revision,
        page=f"/channels/{channel.id}",
        hls=f"/tv/{channel.id}/index.m3u8",
    )
