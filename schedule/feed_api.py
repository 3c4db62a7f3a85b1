"""Feeds over HTTP: a person makes and revokes addresses, a calendar program reads them."""

import asyncio
import hashlib
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import Person
from identity.rights import Action, Role, Viewer, allows
from identity.sessions import require, require_person
from kernel.errors import Invalid, NotFound
from kernel.languages import HOUSE
from kernel.pages import HOUSE_ZONE
from kernel.web import CLOCK, DATABASE, SETTINGS, decode, path_id, reply
from schedule import ical
from schedule.audience import is_for
from schedule.channels import channel_by_id, list_channels, programmes_between
from schedule.courses import course_by_id, courses_by_ids
from schedule.enrolments import enrolments_of
from schedule.feeds import (
    Topic,
    What,
    feed_made_at,
    feed_of,
    feeds_of,
    make_feed,
    revoke_feed,
    revoke_feed_by_id,
)
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import Lecture
from schedule.withdrawals import withdrawals_between

UNGUESSABLE: Final = "{secret:[A-Za-z0-9_-]{43}}"
_OWN_BEHIND, _ALL_BEHIND, _AHEAD = timedelta(days=60), timedelta(days=7), timedelta(days=366)
_MOST = 5000  # lectures in one feed, the earliest of its days
_PATHS: Final = {What.CALENDAR: "calendar/{}.ics", What.RECORDINGS: "recordings/{}.xml"}


class FeedBody(msgspec.Struct, frozen=True):
    """A person's feed; `url` only in the answer that made it."""

    created_at: datetime | None
    url: str | None = None


class NewFeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A feed to make: of one's own lectures, of a course or of a channel."""

    what: What = What.CALENDAR
    course: UUID | None = None
    channel: str | None = None


class FeedShown(msgspec.Struct, frozen=True, kw_only=True):
    """An address; `of` is the name of its course or channel."""

    id: UUID
    what: What
    course: UUID | None
    channel: str | None
    of: str | None
    created_at: datetime


class FeedList(msgspec.Struct, frozen=True):
    """All addresses of a person, the newest first."""

    feeds: list[FeedShown]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/api/v1/me/feed", show),
        web.post("/api/v1/me/feed", make),
        web.delete("/api/v1/me/feed", revoke),
        web.get("/api/v1/me/feeds", list_all),
        web.post("/api/v1/me/feeds", make_of_topic),
        web.delete("/api/v1/me/feeds/{id}", revoke_one),
        web.get(f"/calendar/{UNGUESSABLE}.ics", read),
    ]


async def show(request: web.Request) -> web.Response:
    person = _person(request)
    async with request.app[DATABASE].connect() as connection:
        return reply(FeedBody(await feed_made_at(connection, person)))


async def make(request: web.Request) -> web.Response:
    return await _made(request, Topic())


async def make_of_topic(request: web.Request) -> web.Response:
    """201 with the address, which is not shown again."""
    wanted = await decode(request, NewFeed)
    if wanted.course is not None and wanted.channel is not None:
        raise Invalid("A feed is of a course or of a channel, not of both.")
    if wanted.what is What.RECORDINGS and wanted.course is None and wanted.channel is None:
        raise Invalid("A feed of recordings is of a course or of a channel; say which.")
    topic = Topic(what=wanted.what, course=wanted.course, channel=wanted.channel)
    return await _made(request, topic)


async def revoke(request: web.Request) -> web.Response:
    async with request.app[DATABASE].begin() as connection:
        await revoke_feed(connection, _person(request))
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def revoke_one(request: web.Request) -> web.Response:
    async with request.app[DATABASE].begin() as connection:
        await revoke_feed_by_id(connection, _person(request), path_id(request))
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def list_all(request: web.Request) -> web.Response:
    person = _person(request)
    async with request.app[DATABASE].connect() as connection:
        found = await feeds_of(connection, person)
        ids = {one.topic.course for one in found if one.topic.course is not None}
        courses = await courses_by_ids(connection, ids)
        channels = {channel.id: channel.name for channel in await list_channels(connection)}
    shown = [
        FeedShown(
            id=one.id,
            what=one.topic.what,
            course=one.topic.course,
            channel=one.topic.channel,
            of=courses[one.topic.course].title
            if one.topic.course is not None
            else channels.get(one.topic.channel or ""),
            created_at=one.created_at,
        )
        for one in found
    ]
    return reply(FeedList(shown))


async def read(request: web.Request) -> web.Response:
    """One's own lectures, those of a course, or what a channel shows; cancelled ones say so."""
    now = request.app[CLOCK].now()
    pages = ical.Pages.at(request.app[SETTINGS].address)
    async with request.app[DATABASE].connect() as connection:
        feed, person = await feed_of(connection, request.match_info["secret"], What.CALENDAR)
        if not allows(viewer_of_person(person), Action.SEE_SCHEDULE):
            raise NotFound("There is no such calendar.")
        events, name = await _events(connection, feed.topic, person, now, pages)
    zone = ZoneInfo(person.zone or HOUSE_ZONE)
    text = await asyncio.to_thread(ical.text, events, name=f"Daris: {name}", zone=zone)
    return _unless_known(request, text)


def viewer_of_person(person: Person) -> Viewer:
    """Who reads a feed: the person whose it is, with all their roles."""
    return Viewer(person_id=person.id, name=person.name, roles=person.roles)


async def _made(request: web.Request, topic: Topic) -> web.Response:
    person, now = _person(request), request.app[CLOCK].now()
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].begin() as connection:
        if topic.course is not None:
            await course_by_id(connection, topic.course)
        if topic.channel is not None:
            await channel_by_id(connection, topic.channel)
        secret = await make_feed(connection, person, at=now, topic=topic)
    url = f"{request.app[SETTINGS].address}/{_PATHS[topic.what].format(secret)}"
    return reply(FeedBody(now, url), status=HTTPStatus.CREATED)


async def _events(
    connection: AsyncConnection, topic: Topic, person: Person, now: datetime, pages: ical.Pages
) -> tuple[list[ical.Event], str]:
    """What is in the calendar, and its name."""
    if topic.channel is not None:
        channel = await channel_by_id(connection, topic.channel)
        since, until = now - _ALL_BEHIND, now + _AHEAD
        shown = (await programmes_between(connection, channel.id, since, until))[:_MOST]
        gone = (await withdrawals_between(connection, channel.id, since, until))[:_MOST]
        language = person.locale or HOUSE
        return ical.of_programmes(channel, shown, gone, pages, language), channel.name
    if topic.course is not None:
        course = await course_by_id(connection, topic.course)
        which = Filter(since=now - _OWN_BEHIND, until=now + _AHEAD, courses=[course.id])
        lectures = await list_lectures(connection, which, limit=_MOST)
        return ical.of_lectures(lectures, pages), course.title
    return ical.of_lectures(await _own(connection, person, now), pages), person.name


async def _own(connection: AsyncConnection, person: Person, now: datetime) -> list[Lecture]:
    """What a lecturer teaches; else the classes of one's courses and group; else all."""
    until = now + _AHEAD
    if Role.LECTURER in person.roles:
        taught = Filter(since=now - _OWN_BEHIND, until=until, lecturer=person.id)
        return await list_lectures(connection, taught, limit=_MOST)
    first, last = ((now + away).date() for away in (-_OWN_BEHIND, _AHEAD))
    enrolled = await enrolments_of(connection, person.id, first, last)
    if not enrolled:
        every = Filter(since=now - _ALL_BEHIND, until=until)
        return await list_lectures(connection, every, limit=_MOST)
    courses = {one.course for one in enrolled}
    theirs = Filter(since=now - _OWN_BEHIND, until=until, courses=courses)
    found = await list_lectures(connection, theirs, limit=_MOST)
    return [lecture for lecture in found if is_for(lecture, enrolled)]


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
