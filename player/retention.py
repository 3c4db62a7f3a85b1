"""How long a recording is kept: the house's rule, a day of its own, or for ever. Its hosts choose."""

import asyncio
from datetime import datetime
from enum import StrEnum, auto
from pathlib import Path
from typing import Annotated, Final

import msgspec
from aiohttp import web

from identity.rights import Action
from identity.sessions import require, viewer_of
from kernel.errors import Invalid
from kernel.web import SETTINGS, decode, reply
from player.delivery import LIBRARY
from schedule.asked import lecture_of
from schedule.lifecycle import Lecture
from schedule.planning import in_utc
from schedule.recordings import deleted_at
from schedule.timetable import TIMETABLE

_ADDRESS: Final = "/api/v1/lectures/{id:[0-9a-fA-F-]{32,36}}/recording/retention"


class Keep(StrEnum):
    """How long."""

    HOUSE = auto()  # as DARIS_RECORDING_DAYS says
    UNTIL = auto()
    FOR_EVER = auto()


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall be; `until` goes with Keep.UNTIL alone."""

    keep: Keep
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Retention(msgspec.Struct, frozen=True):
    """What is. `house_days` 0: the house deletes nothing. `deleted_at` null: never by itself."""

    keep: Keep
    until: datetime | None
    deleted_at: datetime | None
    house_days: int
    size_bytes: int  # of all files of the recording


def routes() -> list[web.RouteDef]:
    return [web.get(_ADDRESS, show), web.put(_ADDRESS, change)]


async def show(request: web.Request) -> web.Response:
    return await _answer(request, await _hosted(request))


async def change(request: web.Request) -> web.Response:
    wish = await decode(request, Wish)
    lecture = await _hosted(request)
    if (wish.until is not None) != (wish.keep is Keep.UNTIL):
        raise Invalid("A day goes with “until”, and “until” with a day.")
    kept = await request.app[TIMETABLE].keep_recording(
        lecture.id,
        by=viewer_of(request).person_id,
        until=wish.until and in_utc(wish.until),
        is_for_ever=wish.keep is Keep.FOR_EVER,
    )
    return await _answer(request, kept)


async def _hosted(request: web.Request) -> Lecture:
    lecture = await lecture_of(request)
    require(request, Action.HOST_LECTURE, lecture.subject)
    return lecture


async def _answer(request: web.Request, lecture: Lecture) -> web.Response:
    days = request.app[SETTINGS].recording_days
    folder = request.app[LIBRARY].folder / str(lecture.id)
    found = Retention(
        keep=_keep_of(lecture),
        until=lecture.kept_until,
        deleted_at=deleted_at(lecture, days),
        house_days=days,
        size_bytes=await asyncio.to_thread(_size, folder),
    )
    return reply(found, headers={"Cache-Control": "no-store"})


def _keep_of(lecture: Lecture) -> Keep:
    if lecture.is_kept:
        return Keep.FOR_EVER
    return Keep.HOUSE if lecture.kept_until is None else Keep.UNTIL


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
