"""The page on which a host cuts a recording."""

from typing import Final

from aiohttp import web

from identity.rights import Action
from identity.sessions import require
from kernel.errors import Conflict
from kernel.pages import render
from player.entrance import signed_in
from schedule.asked import lecture_of

_ID: Final = "{id:[0-9a-fA-F-]{32,36}}"


def routes() -> list[web.RouteDef]:
    return [web.get(f"/lectures/{_ID}/recording/edit", show_editor)]


async def show_editor(request: web.Request) -> web.Response:
    signed_in(request)
    lecture = await lecture_of(request)
    require(request, Action.HOST_LECTURE, lecture.subject)
    if not lecture.is_watchable:
        raise Conflict("There is no finished recording to edit.")
    config = {
        "uncut": f"/hls/{lecture.id}/uncut.m3u8",
        "edition": f"/api/v1/lectures/{lecture.id}/recording/edition",
        "jobs": f"/api/v1/lectures/{lecture.id}/jobs",
        "waveform": f"/hls/{lecture.id}/waveform.bin",
    }
    return render(request, "editor.html", lecture=lecture, config=config)
