"""Whom the waiting room of a lecture keeps from what of it runs over HTTP: the stream, the chat, beacons.

The room that is up has the word; before it is, the schedule.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from aiohttp import web

from identity.credentials import token_hash
from identity.rights import Action, Subject, Viewer, allows
from identity.sessions import SESSIONS, Carrier, proof_of, viewer_of
from kernel.errors import Unavailable
from live.rooms import ROOMS
from player import sharing
from player.fast_lane import MayWatch
from schedule.lifecycle import OVER
from schedule.subjects import SUBJECTS

_SOON: Final = timedelta(seconds=2)
_OVER: Final = frozenset(state.value for state in OVER)


async def may_watch(request: web.Request, lecture: UUID) -> None:
    """A guard of streams: what `sharing.may_watch` says, and Forbidden for who waits."""
    await sharing.may_watch(request, lecture)
    await may_take_part(request, lecture)


async def may_take_part(request: web.Request, lecture: UUID) -> None:
    """Forbidden for who must be let in first, Unavailable until the room knows who that is; rights are
    asked elsewhere."""
    known, viewer = request.app[SUBJECTS], viewer_of(request)
    if not is_kept_out(request.app, lecture, viewer, await known.of(lecture)):
        return
    room = request.app[ROOMS].up(lecture)
    if room is not None:
        raise room.room.waiting_room.refusal(viewer.actor)
    known.forget(lecture)  # it may be over since we looked
    if is_kept_out(request.app, lecture, viewer, await known.of(lecture)):
        raise Unavailable("The room starts anew; please wait a moment.", retry_after=_SOON)


def is_kept_out(app: web.Application, lecture: UUID, viewer: Viewer, subject: Subject) -> bool:
    """Whether the viewer must be let in first. Asks no database."""
    room = app[ROOMS].up(lecture)
    if room is None:
        is_open = not app[SUBJECTS].has_waiting_room(lecture)
    else:
        is_over = room.room.lecture.state in _OVER
        is_open = is_over or room.room.waiting_room.lets_in(viewer.actor)
    return not is_open and not allows(viewer, Action.MODERATE_ROOM, subject)


def may_still_watch(request: web.BaseRequest) -> MayWatch | None:
    """For the fast lane: what `may_watch` says, while session and lecture are remembered."""
    if not isinstance(request, web.Request):
        return None
    app, proof, sessions = request.app, proof_of(request), request.app[SESSIONS]
    if proof is None or proof.carrier is Carrier.LINK:  # the address would have to be read again
        return None
    key = token_hash(proof.text)

    known = app[SUBJECTS]
    verdict: tuple[Viewer | None, Subject | None, bool] = None, None, False

    def may_watch(lecture: UUID) -> bool:
        nonlocal verdict
        viewer, subject = sessions.remembered(key), known.remembered(lecture)
        if viewer is None or subject is None:
            return False
        if viewer is not verdict[0] or subject is not verdict[1]:  # rights are pure, of both
            verdict = viewer, subject, allows(viewer, Action.WATCH_RECORDING, subject)
        return verdict[2] and not is_kept_out(app, lecture, viewer, subject)

    return may_watch
