"""A channel's day as its grid shows it, and what can be put into it."""

import asyncio
import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path, PurePath
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.settings import Settings
from schedule.channels import Channel, programmes_between
from schedule.lectures import Filter, lectures_for_today, list_lectures
from schedule.lifecycle import Lecture, LectureState, RecordingState
from schedule.local_day import bounds_of
from schedule.media_state import State, media_of, state_of
from schedule.overrun import Live
from schedule.places import library_folder
from schedule.pushable import Pushable, pushable
from schedule.rundown import Programme, Source

_MOST_RECORDINGS: Final = 200
_MOST_FILES: Final = 500
_MOST_LECTURES: Final = 200
_TAUGHT: Final = (LectureState.PLANNED, LectureState.OPEN, LectureState.LIVE)


class DayProgramme(Pushable, frozen=True, kw_only=True):
    """A programme, and how far its media is. `media_seconds` is the length of its media where that is
    known."""

    state: State
    reason: str
    media_seconds: float | None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """From midnight to midnight in `zone`; `revision` is the schedule's, to be sent with a push."""

    channel: str
    revision: int
    zone: str
    since: datetime
    until: datetime
    now: datetime
    languages: tuple[str, ...]
    programmes: list[DayProgramme]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What can be planned. `seconds` is how long it takes, or is expected to; no longer than
    `media_seconds`, where that is known. A live lecture has the start of its room."""

    source: Source
    title: str
    seconds: float
    media_seconds: float | None = None
    starts_at: datetime | None = None


async def read_day(
    connection: AsyncConnection,
    channel: Channel,
    day: date,
    zone: ZoneInfo,
    *,
    now: datetime,
    settings: Settings,
) -> Day:
    since, until = bounds_of(day, zone)
    run = await programmes_between(connection, channel.id, since, until)
    media = await media_of(connection, channel, {p.source for p in run}, settings)

    def shown(programme: Programme) -> DayProgramme:
        key = programme.source.key or ""
        state = state_of(programme, media.readiness[programme.source], now)
        return DayProgramme(
            **pushable(programme),
            state=state,
            reason=media.errors.get(key, "") if state is State.FAILED else "",
            media_seconds=media.seconds.get(key),
        )

    return Day(
        channel=channel.id,
        revision=channel.revision,
        zone=zone.key,
        since=since,
        until=until,
        now=now,
        languages=tuple(channel.languages),
        programmes=[shown(programme) for programme in run],
    )


async def read_offers(
    connection: AsyncConnection,
    channel: Channel,
    day: date,
    zone: ZoneInfo,
    *,
    now: datetime,
    settings: Settings,
) -> list[Offer]:
    """The latest recordings, the library's files, the lectures of the day, and the slate."""
    since, until = bounds_of(day, zone)
    recorded = (await lectures_for_today(connection, now, at_most=_MOST_RECORDINGS)).recorded
    which = Filter(since=max(since, now), until=until, states=_TAUGHT)
    taught = await list_lectures(connection, which, limit=_MOST_LECTURES)
    files = await asyncio.to_thread(_library_files, library_folder(settings))
    offers = [
        *(_of_recording(one) for one in recorded if one.recording is RecordingState.READY),
        *(_of_file(name) for name in files),
        *(_of_room(lecture) for lecture in taught),
        Offer(source=Source(slate=True), title=channel.name, seconds=300.0),
    ]
    media = await media_of(connection, channel, {offer.source for offer in offers}, settings)
    return [_with_length(offer, media.seconds.get(offer.source.key or "")) for offer in offers]


def _of_recording(lecture: Lecture) -> Offer:
    begun = lecture.started_at or lecture.starts_at
    taken = max((lecture.ended_at or lecture.ends_at) - begun, timedelta(minutes=1))
    return Offer(
        source=Source(recording=lecture.id), title=lecture.title, seconds=taken.total_seconds()
    )


def _of_file(name: str) -> Offer:
    return Offer(source=Source(file=name), title=PurePath(name).stem, seconds=600.0)


def _of_room(lecture: Lecture) -> Offer:
    return Offer(
        source=Source(live=Live(lecture=lecture.id)),
        title=lecture.title,
        seconds=(lecture.ends_at - lecture.starts_at).total_seconds(),
        starts_at=lecture.starts_at,
    )


def _with_length(offer: Offer, seconds: float | None) -> Offer:
    if seconds is None:
        return offer
    known: dict[str, Any] = {"seconds": seconds, "media_seconds": seconds}
    return msgspec.structs.replace(offer, **known)


def _library_files(folder: Path) -> list[str]:
    return sorted(_names(folder))


def _names(folder: Path) -> Iterator[str]:
    """At most so many; hidden files and folders are none of them."""
    left = _MOST_FILES
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files)[:left]:
            if not name.startswith("."):
                left -= 1
                yield (Path(path) / name).relative_to(folder).as_posix()
