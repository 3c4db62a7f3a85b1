"""Who may watch a recording: its hosts choose, and strangers come by its public link.

The link holds a signature over the number in the lecture's row, so it can be shown again and is kept nowhere.
Whoever follows it gets a ticket to that one recording. The ticket lives for a day, but is asked every few
seconds whether its link still holds.
"""

import base64
import hmac
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from identity.rights import Action, Role, allows
from identity.sessions import give_ticket, require, viewer_of
from identity.tickets import LONGEST_LIFE, TICKETS, Ticket
from kernel.errors import Gone, NotFound
from kernel.web import SETTINGS, decode, reply
from schedule.asked import lecture_of
from schedule.lifecycle import Lecture, Visibility
from schedule.subjects import SUBJECTS
from schedule.timetable import TIMETABLE

_ID: Final = "{id:[0-9a-fA-F-]{32,36}}"
_ADDRESS: Final = f"/api/v1/lectures/{_ID}/recording/access"
_SIGNATURE_BYTES: Final = 24


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who shall watch."""

    visibility: Visibility


class Access(msgspec.Struct, frozen=True):
    """Who may watch, and the public link if there is one."""

    visibility: Visibility
    url: str | None


def routes() -> list[web.RouteDef]:
    return [
        web.get(_ADDRESS, show),
        web.put(_ADDRESS, choose),
        web.post(f"{_ADDRESS}/link", renew),
        web.get(f"/lectures/{_ID}/open/{{signature:[A-Za-z0-9_-]{{32}}}}", follow),
    ]


async def may_watch(request: web.Request, lecture: UUID) -> None:
    """Who may see the streams of a lecture; Unauthenticated or Forbidden. It is called for each
    part, and asks the database now and then."""
    require(request, Action.WATCH_RECORDING, await request.app[SUBJECTS].of(lecture))


async def show(request: web.Request) -> web.Response:
    return _answer(request, await _hosted(request))


async def choose(request: web.Request) -> web.Response:
    """Under `link` there is a public link; under anything else the one before has ended."""
    wanted = await decode(request, Chosen)
    return await _share(request, await _hosted(request), wanted.visibility, renews_link=False)


async def renew(request: web.Request) -> web.Response:
    """A new public link; the one before has ended."""
    return await _share(request, await _hosted(request), Visibility.LINK, renews_link=True)


async def follow(request: web.Request) -> web.Response:
    """To the lecture's page, with a ticket if one is needed. Gone when the link has ended."""
    lecture = await lecture_of(request)
    link = lecture.link
    shown = request.match_info["signature"]
    if link is None or not hmac.compare_digest(_signature(request, lecture.id, link), shown):
        raise Gone("This link holds no longer; ask for a new one.")
    if not lecture.is_watchable:
        raise NotFound("There is no recording of this lecture.")
    answer = web.Response(status=303, headers={"Location": f"/lectures/{lecture.id}"})
    if not allows(viewer_of(request), Action.WATCH_RECORDING, lecture.subject):
        visitor = Ticket(lecture=lecture.id, name="", roles=frozenset({Role.VISITOR}), link=link)
        give_ticket(request, answer, request.app[TICKETS].issue(visitor, LONGEST_LIFE))
    return answer


async def _hosted(request: web.Request) -> Lecture:
    lecture = await lecture_of(request)
    require(request, Action.HOST_LECTURE, lecture.subject)
    return lecture


async def _share(
    request: web.Request, lecture: Lecture, visibility: Visibility, *, renews_link: bool
) -> web.Response:
    shared = await request.app[TIMETABLE].share_recording(
        lecture.id, visibility, by=viewer_of(request).person_id, renews_link=renews_link
    )
    request.app[SUBJECTS].forget(lecture.id)
    return _answer(request, shared)


def _answer(request: web.Request, lecture: Lecture) -> web.Response:
    url = None
    if lecture.link is not None:
        signature = _signature(request, lecture.id, lecture.link)
        url = f"{request.app[SETTINGS].address}/lectures/{lecture.id}/open/{signature}"
    return reply(Access(lecture.visibility, url), headers={"Cache-Control": "no-store"})


def _signature(request: web.Request, lecture: UUID, link: UUID) -> str:
    secret = request.app[SETTINGS].signing_secret
    whole = hmac.digest(secret, b"daris public link" + lecture.bytes + link.bytes, "sha256")
    return base64.urlsafe_b64encode(whole[:_SIGNATURE_BYTES]).decode()
