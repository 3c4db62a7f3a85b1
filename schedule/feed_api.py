"""Calendar feeds over HTTP: a person makes and revokes the address, a calendar program reads it."""

import asyncio
import hashlib
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from aiohttp import web

from identity.people import Person
from identity.rights import Action, Role, Viewer, allows
from identity.sessions import require_person
from kernel.errors import NotFound
from kernel.web import CLOCK, DATABASE, SETTINGS, reply
from schedule import ical
from schedule.feeds import feed_made_at, make_feed, person_of_feed, revoke_feed
from schedule.lectures import Filter, list_lectures

_OWN_BEHIND, _ALL_BEHIND, _AHEAD = timedelta(days=60), timedelta(days=7), timedelta(days=366)
_MOST = 5000  # lectures in one feed, the earliest of its days


class FeedBody(msgspec.Struct, frozen=True):
    """A person's feed; `url` only in the answer that made it."""

    created_at: datetime | None
    url: str | None = None


def routes() -> list[web.RouteDef]:
    return [
        web.get("/api/v1/me/feed", show),
        web.post("/api/v1/me/feed", make),
        web.delete("/api/v1/me/feed", revoke),
        web.get("/calendar/{secret:[A-Za-z0-9_-]{43}}.ics", read),
    ]


async def show(request: web.Request) -> web.Response:
    person = _person(request)
    async with request.app[DATABASE].connect() as connection:
        return reply(FeedBody(await feed_made_at(connection, person)))


async def make(request: web.Request) -> web.Response:
    person, now = _person(request), request.app[CLOCK].now()
    async with request.app[DATABASE].begin() as connection:
        secret = await make_feed(connection, person, at=now)
    url = f"{request.app[SETTINGS].address}/calendar/{secret}.ics"
    return reply(FeedBody(now, url), status=HTTPStatus.CREATED)


async def revoke(request: web.Request) -> web.Response:
    async with request.app[DATABASE].begin() as connection:
        await revoke_feed(connection, _person(request))
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def read(request: web.Request) -> web.Response:
    """A lecturer's own lectures, everybody's for others; cancelled ones say so."""
    async with request.app[DATABASE].connect() as connection:
        person = await person_of_feed(connection, request.match_info["secret"])
        which = _what(person, request.app[CLOCK].now())
        lectures = await list_lectures(connection, which, limit=_MOST)
    address = request.app[SETTINGS].address
    host = urlsplit(address).hostname or "daris"
    name = f"Daris: {person.name}"
    text = await asyncio.to_thread(ical.calendar, lectures, address=address, host=host, name=name)
    return _unless_known(request, text)


def _what(person: Person, now: datetime) -> Filter:
    viewer = Viewer(person_id=person.id, name=person.name, roles=person.roles)
    if not allows(viewer, Action.SEE_SCHEDULE):
        raise NotFound("There is no such calendar.")
    if Role.LECTURER in person.roles:
        return Filter(since=now - _OWN_BEHIND, until=now + _AHEAD, lecturer=person.id)
    return Filter(since=now - _ALL_BEHIND, until=now + _AHEAD)


def _unless_known(request: web.Request, text: str) -> web.Response:
    """The calendar; nothing when the program has it already."""
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(text=text, content_type=ical.CONTENT_TYPE, headers=headers)


def _person(request: web.Request) -> UUID:
    person = require_person(request).person_id
    assert person is not None  # it was required
    return person
