"""The broadcast desk's page: a channel's day with the state of each programme, pushes, takes, as-run."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.pages import locale_of, render, zone_of
from kernel.web import CLOCK, DATABASE, SETTINGS
from schedule.as_run import read_as_run
from schedule.channels import channel_by_id, programmes_between
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import LectureState
from schedule.local_day import bounds_of, day_asked
from schedule.logos import Logo, logo_named
from schedule.media_state import MediaState, State, media_of, state_of
from schedule.places import channel_folder
from schedule.rundown import Programme, Readiness
from schedule.takes import take_on_air

_AS_RUN = timedelta(hours=6)
_TAKEABLE_BACK, _TAKEABLE_AHEAD = timedelta(days=1), timedelta(days=8)


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


def routes() -> list[web.RouteDef]:
    return [web.get("/channels/{channel}/schedule", show_desk)]


async def show_desk(request: web.Request) -> web.Response:
    require(request, Action.OPERATE_CHANNEL)
    app, now, locale = request.app, request.app[CLOCK].now(), locale_of(request)
    zone = zone_of(request)
    day = day_asked(request.query.get("day", ""), now, zone)
    since, until = bounds_of(day, zone)
    async with app[DATABASE].connect() as connection:
        channel = await channel_by_id(connection, request.match_info["channel"])
        shown = await programmes_between(connection, channel.id, since, until)
        near = await programmes_between(
            connection, channel.id, now - _TAKEABLE_BACK, now + _TAKEABLE_AHEAD
        )
        sources = {programme.source for programme in (*shown, *near)}
        media = await media_of(connection, channel, sources, app[SETTINGS])
        logo = await logo_named(connection, channel.logo) if channel.logo else None
        taught = await list_lectures(connection, Filter(states=(LectureState.LIVE,)))
    folder = channel_folder(app[SETTINGS], channel.id) / "as-run"
    aired = await asyncio.to_thread(read_as_run, folder, now - _AS_RUN, now)
    return render(
        request,
        "desk.html",
        channel=channel,
        day=since,
        on=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        entries=[_entry(programme, media, now, locale) for programme in shown],
        takeable=_takeable(near, media, locale) | {f"live:{one.id}": one.title for one in taught},
        take=await take_on_air(app[SETTINGS], channel.id, now),
        aired=aired[::-1],
        logo=logo or Logo(image=b""),
    )


def _entry(programme: Programme, media: MediaState, now: datetime, locale: str) -> Entry:
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


def _takeable(run: Sequence[Programme], media: MediaState, locale: str) -> dict[str, str]:
    """What can be put on air at once: the titles by source."""
    return {
        programme.source.key: programme.title(locale)
        for programme in run
        if programme.source.key and media.readiness[programme.source] is Readiness.READY
    }
