"""The record button over HTTP: for lecture rooms with a panel of their own, and for scripts."""

from typing import Final

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.web import path_id, reply
from live.client_messages import RecordAction
from live.messages import RecordingInfo
from live.rooms import ROOMS

_ID: Final = "{id:[0-9a-fA-F-]{32,36}}"
_ACTION: Final = f"{{action:{'|'.join(RecordAction)}}}"


class RecordingBody(msgspec.Struct, frozen=True):
    """The recording as hosts see it."""

    recording: RecordingInfo


def routes() -> list[web.RouteDef]:
    return [web.post(f"/api/v1/lectures/{_ID}/recording/{_ACTION}", press)]


async def press(request: web.Request) -> web.Response:
    """Start, pause, resume or stop. Twice is once; 409 when the lecture is not live."""
    rooms = request.app[ROOMS]
    lecture = await rooms.lecture(path_id(request))
    viewer = require(request, Action.MODERATE_ROOM, lecture.subject)
    room = await rooms.enterable(lecture)
    await room.record(RecordAction(request.match_info["action"]), viewer.actor)
    return reply(RecordingBody(room.room.recording))
