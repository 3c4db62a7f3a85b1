"""The broadcast desk's page: a channel's day with the state of each programme, pushes, takes, as-run."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum, auto
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action
from identity.sessions import require
from kernel.pages import locale_of, render, zone_of
from kernel.settings import Settings
from kernel.web import CLOCK, DATABASE, SETTINGS
from schedule.as_run import read_as_run
from schedule.channels import Channel, channel_by_id, house_items_for, programmes_between
from schedule.places import channel_folder
from schedule.push import readiness_of
from schedule.rundown import Programme, Readiness, Source
from schedule.takes import take_on_air

_AS_RUN = timedelta(hours=6)
_TAKEABLE_BACK, _TAKEABLE_AHEAD = timedelta(days=1), timedelta(days=8)


class State(StrEnum):
    """Where a programme is on its way."""

    OVER = auto()
    ON_AIR = auto()
    READY = auto()
    WAITING = auto()  # being conditioned, or in the queue
    ABSENT = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Entry:
    """A programme as the desk sees it; `reason` says what is wrong with its media."""

    key: str
    title: str
    source: str
    starts_at: datetime
    ends_at: datetime
    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class Media:
    """How far the sources are, and why those failed that did."""

    readiness: Mapping[Source, Readiness]
    errors: Mapping[str, str]


def routes() -> list[web.RouteDef]:
    return [web.get("/channels/{channel}/schedule", show_desk)]


async def show_desk(request: web.Request) -> web.Response:
    require(request, Action.OPERATE_CHANNEL)
    app, now, locale = request.app, request.app[CLOCK].now(), locale_of(request)
    zone = zone_of(request)
    day = _day(request.query.get("day", ""), now, zone)
    since, until = _bounds(day, zone)
    async with app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
        shown = await programmes_between(connection, channel.id, since, until)
        near = await programmes_between(
            connection, channel.id, now - _TAKEABLE_BACK, now + _TAKEABLE_AHEAD
        )
        media = await _media(connection, channel, [*shown, *near], app[SETTINGS])
    folder = channel_folder(app[SETTINGS], channel.id) / "as-run"
    aired = await asyncio.to_thread(read_as_run, folder, now - _AS_RUN, now)
    return render(
        request,
        "desk.html",
        channel=channel,
        day=since,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        entries=[_entry(programme, media, now, locale) for programme in shown],
        takeable=_takeable(near, media, locale),
        take=await take_on_air(app[SETTINGS], channel.id, now),
        aired=aired[::-1],
    )


def state_of(programme: Programme, readiness: Readiness, now: datetime) -> State:
    """A failed programme on air is told as failed: the slate is shown."""
    if programme.ends_at <= now:
        return State.OVER
    if readiness is Readiness.READY:
        return State.ON_AIR if programme.starts_at <= now else State.READY
    return _STATES[readiness]


_STATES = {
    Readiness.WAITING: State.WAITING,
    Readiness.ABSENT: State.ABSENT,
    Readiness.UNKNOWN: State.ABSENT,
    Readiness.FAILED: State.FAILED,
}


async def _media(
    connection: AsyncConnection,
    channel: Channel,
    programmes: Sequence[Programme],
    settings: Settings,
) -> Media:
    sources = {programme.source for programme in programmes}
    items = await house_items_for(connection, {source.key for source in sources if source.key})
    errors = {key: item.error for (key, of), item in items.items() if of == channel.profile}
    readiness = await readiness_of(connection, sources, channel.profile, settings)
    return Media(readiness, errors)


def _entry(programme: Programme, media: Media, now: datetime, locale: str) -> Entry:
    source = programme.source.name
    state = state_of(programme, media.readiness[programme.source], now)
    return Entry(
        key=programme.key,
        title=programme.title(locale),
        source=source,
        starts_at=programme.starts_at,
        ends_at=programme.ends_at,
        state=state,
        reason=media.errors.get(source, "") if state is State.FAILED else "",
    )


def _takeable(run: Sequence[Programme], media: Media, locale: str) -> dict[str, str]:
    """What can be put on air at once: the titles by source."""
    return {
        programme.source.key: programme.title(locale)
        for programme in run
        if programme.source.key and media.readiness[programme.source] is Readiness.READY
    }


def _day(asked: str, now: datetime, zone: ZoneInfo) -> date:
    """The day asked for, if it can be one; today."""
    today = now.astimezone(zone).date()
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        return today
    return day if abs(day - today) <= timedelta(days=3660) else today


def _bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Midnight to midnight, which is 23 or 25 hours on two days of a year."""
    begins, ends = (
        datetime.combine(one, time(), tzinfo=zone) for one in (day, day + timedelta(days=1))
    )
    return begins, ends
