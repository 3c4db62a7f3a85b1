"""Feeds of recordings, behind the secret address that a person made (`schedule.feeds`).

Nobody is signed in there: what the feed's person may watch now is in it, and nothing else.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Final
from uuid import UUID

from aiohttp import hdrs, web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import Person
from identity.rights import Action, allows
from kernel.errors import NotFound
from kernel.web import CLOCK, DATABASE, SETTINGS, path_id
from player.delivery import LIBRARY
from player.extras import EXTRAS, disposition
from player.podcast import CONTENT_TYPE, Enclosure, Item, Podcast, rss
from schedule.audience import with_circles
from schedule.channels import channel_by_id, programmes_between
from schedule.courses import course_by_id
from schedule.feed_api import UNGUESSABLE, viewer_of_person
from schedule.feeds import Topic, What, feed_of
from schedule.lectures import Filter, lecture_by_id, list_lectures
from schedule.lifecycle import Lecture
from transcode import extras, jobs
from transcode.jobs import Job

_BEHIND: Final = timedelta(days=366)
_MOST: Final = 50  # recordings in a feed, the newest
_READ: Final = 1000  # lectures that are looked at
_ID: Final = "{id:[0-9a-fA-F-]{32,36}}"


def routes() -> list[web.RouteDef]:
    return [
        web.get(f"/recordings/{UNGUESSABLE}.xml", read),
        web.get(f"/recordings/{UNGUESSABLE}/{_ID}.mp4", play),
    ]


async def read(request: web.Request) -> web.Response:
    """The feed as RSS; nothing when the player has it already."""
    secret, address = request.match_info["secret"], request.app[SETTINGS].address
    async with request.app[DATABASE].connect() as connection:
        feed, person = await feed_of(connection, secret, What.RECORDINGS)
        now = request.app[CLOCK].now()
        title, summary, page = await _about(connection, feed.topic)
        found = await _recordings(connection, feed.topic, now)
        shown = await _watchable(connection, found, person)
    podcast = Podcast(
        title=title,
        summary=summary,
        page=f"{address}{page}",
        url=f"{address}/recordings/{secret}.xml",
        items=await _items(request, shown, f"{address}/recordings/{secret}"),
    )
    body = await asyncio.to_thread(rss, podcast, address)
    return _unless_known(request, body)


async def play(request: web.Request) -> web.StreamResponse:
    """The file, in ranges as players ask for them; NotFound unless the feed may have it."""
    async with request.app[DATABASE].connect() as connection:
        feed, person = await feed_of(connection, request.match_info["secret"], What.RECORDINGS)
        lecture = await lecture_by_id(connection, path_id(request))
        in_topic = await _recordings(connection, feed.topic, request.app[CLOCK].now())
    is_of_it = any(one.id == lecture.id for one in in_topic)
    if not (is_of_it and _may_watch(person, lecture)):
        raise NotFound("There is no such recording in this feed.")
    path = _file(request, lecture.id)
    if not await asyncio.to_thread(_size, path):
        raise NotFound("There is no file of this recording yet.")
    headers = {
        hdrs.CONTENT_DISPOSITION: disposition(lecture),
        hdrs.CACHE_CONTROL: "private, no-cache",
        hdrs.CONTENT_TYPE: "video/mp4",
    }
    return web.FileResponse(path, headers=headers)


async def _about(connection: AsyncConnection, topic: Topic) -> tuple[str, str, str]:
    """Title, summary and page of the topic."""
    if topic.course is not None:
        course = await course_by_id(connection, topic.course)
        return course.title, course.summary, f"/courses/{course.id}"
    channel = await channel_by_id(connection, topic.channel or "")
    return channel.name, "", f"/channels/{channel.id}"


async def _recordings(connection: AsyncConnection, topic: Topic, now: datetime) -> list[Lecture]:
    """Of the course; or of what the channel has shown. The newest first."""
    if topic.course is not None:
        which = Filter(since=now - _BEHIND, until=now, courses=[topic.course], has_recording=True)
    else:
        shown = await programmes_between(connection, topic.channel or "", now - _BEHIND, now)
        sources = [one.source for one in shown]
        ids = {one.recording for one in sources} | {one.live.lecture for one in sources if one.live}
        which = Filter(ids=[one for one in ids if one is not None], has_recording=True)
    found = await list_lectures(connection, which, limit=_READ)
    return [one for one in reversed(found) if one.is_watchable]


async def _watchable(
    connection: AsyncConnection, found: Sequence[Lecture], person: Person
) -> list[Lecture]:
    known = await with_circles(connection, found[: 2 * _MOST])
    return [one for one in known if _may_watch(person, one)][:_MOST]


def _may_watch(person: Person, lecture: Lecture) -> bool:
    return allows(viewer_of_person(person), Action.WATCH_RECORDING, lecture.subject)


async def _items(request: web.Request, lectures: Sequence[Lecture], address: str) -> list[Item]:
    """Whose file is not made yet has it made in the background."""
    paths = [_file(request, lecture.id) for lecture in lectures]
    sizes = await asyncio.to_thread(lambda: [_size(path) for path in paths])
    items = []
    for lecture, size in zip(lectures, sizes, strict=True):
        if not size and EXTRAS in request.app:
            request.app[EXTRAS].want(lecture.id)
        url = f"{address}/{lecture.id}.mp4"
        items.append(Item(lecture, Enclosure(url, size) if size else None))
    return items


def _file(request: web.Request, lecture: UUID) -> Path:
    return request.app[LIBRARY].folder / str(lecture) / extras.SINGLE_FILE


def _size(path: Path) -> int:
    """Blocks. 0 until the file is whole."""
    done = jobs.ended(path.parent).get(Job.FILE) if path.exists() else None
    return path.stat().st_size if done is not None and done.reason is None else 0


def _unless_known(request: web.Request, body: bytes) -> web.Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {hdrs.ETAG: tag, hdrs.CACHE_CONTROL: "private, no-cache"}
    if tag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(body=body, content_type=CONTENT_TYPE, charset="utf-8", headers=headers)
