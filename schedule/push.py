"""A push: an operator's schedule takes the place of what a channel has in a window. All of it or nothing."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Invalid, PreconditionFailed, Refused
from kernel.settings import Settings
from schedule.channels import (
    Channel,
    ItemState,
    apply,
    best_items,
    channel_by_id,
    forget_failures,
    house_items_for,
    programmes_between,
    programmes_with_keys,
)
from schedule.lectures import lectures
from schedule.lifecycle import RecordingState
from schedule.looks import Look
from schedule.places import library_file
from schedule.rundown import Change, Finding, Programme, Readiness, Source, Window, compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What came in, already read; `findings` tell what could not be read."""

    channel: str
    programmes: Sequence[Programme]
    findings: Sequence[Finding]
    window: Window
    by: UUID | None
    at: datetime
    revision: int | None = None  # of the schedule that its author has read, where that matters


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the push does, or would do; `revision` is the schedule's afterwards."""

    change: Change
    revision: int


def window_of(
    programmes: Sequence[Programme],
    since: datetime | None,
    until: datetime | None,
    findings: Sequence[Finding] = (),
) -> Window:
    """As asked for, else what the programmes span. Refused when none of them can be understood."""
    since = since or min((programme.starts_at for programme in programmes), default=None)
    until = until or max((programme.ends_at for programme in programmes), default=None)
    if since is None or until is None:
        if findings:
            raise Refused("The schedule is refused; nothing was changed.", findings=findings)
        raise Invalid("Say with from and to which part of the schedule an empty push replaces.")
    if since >= until:
        raise Invalid("The window ends before it begins: from has to be before to.")
    return Window(since, until)


async def weigh(connection: AsyncConnection, push: Push, settings: Settings) -> Outcome:
    """What the push would do; nothing is written. PreconditionFailed, as `carry_out`."""
    channel = await channel_by_id(connection, push.channel)
    _check_revision(push, channel)
    change = await _change(connection, channel, push, settings)
    return Outcome(change, channel.revision)


async def carry_out(connection: AsyncConnection, push: Push, settings: Settings) -> Outcome:
    """Write it, unless it is refused or changes nothing. A source that failed is tried again.
    PreconditionFailed when somebody else's push came between."""
    channel = await channel_by_id(connection, push.channel, is_locked=True)
    _check_revision(push, channel)
    change = await _change(connection, channel, push, settings)
    if change.is_refused:
        return Outcome(change, channel.revision)
    await forget_failures(connection, {key for p in push.programmes if (key := p.source.key)})
    if change.is_empty:
        return Outcome(change, channel.revision)
    revision = await apply(connection, channel, change, by=push.by, at=push.at)
    return Outcome(change, revision)


def _check_revision(push: Push, channel: Channel) -> None:
    if push.revision is not None and push.revision != channel.revision:
        raise PreconditionFailed("Somebody changed this schedule meanwhile; reload it.")


async def _change(
    connection: AsyncConnection, channel: Channel, push: Push, settings: Settings
) -> Change:
    window = push.window
    near = await programmes_between(connection, channel.id, window.since, window.until)
    named = await programmes_with_keys(connection, channel.id, {p.key for p in push.programmes})
    kept = {programme.id: programme for programme in (*near, *named)}
    sources = {programme.source for programme in push.programmes}
    readiness = await readiness_of(connection, sources, channel.look, settings)
    change = compare(
        list(kept.values()), push.programmes, window, push.at, lambda source: readiness[source]
    )
    findings = [*push.findings, *change.findings]
    findings.sort(key=lambda finding: -1 if finding.index is None else finding.index)
    return Change(change.added, change.changed, change.removed, findings)


async def readiness_of(
    connection: AsyncConnection, sources: Iterable[Source], look: Look, settings: Settings
) -> Mapping[Source, Readiness]:
    """How far each source is on its way to a channel of that look."""
    sources = list(sources)
    keys = {source.key for source in sources if source.key}
    items = await house_items_for(connection, keys)
    states = {key: item.state for key, item in best_items(items, look).items()}
    lectures_named = {s.live.lecture if s.live else s.recording for s in sources}
    recordings = await _recordings(connection, filter(None, lectures_named))
    present = await asyncio.to_thread(_files, sources, settings)
    return {source: _readiness(source, states, recordings, present) for source in sources}


def _readiness(
    source: Source,
    states: Mapping[str, ItemState],
    recordings: Mapping[UUID, RecordingState],
    files: Mapping[str, Readiness],
) -> Readiness:
    if source.live is not None:
        return Readiness.READY if source.live.lecture in recordings else Readiness.UNKNOWN
    if source.key is None:
        return Readiness.READY
    if source.recording is not None:
        raw = _RECORDED.get(recordings.get(source.recording), Readiness.ABSENT)
    else:
        raw = files[source.file or ""]
    if raw is not Readiness.WAITING:
        return raw
    return _CONDITIONED[states.get(source.key)]


_RECORDED = {None: Readiness.UNKNOWN, RecordingState.READY: Readiness.WAITING}
_CONDITIONED = {
    None: Readiness.WAITING,
    ItemState.READY: Readiness.READY,
    ItemState.FAILED: Readiness.FAILED,
}


def _files(sources: Iterable[Source], settings: Settings) -> dict[str, Readiness]:
    return {source.file: _file(settings, source.file) for source in sources if source.file}


def _file(settings: Settings, name: str) -> Readiness:
    path = library_file(settings, name)
    if path is None:
        return Readiness.UNKNOWN
    return Readiness.WAITING if path.is_file() else Readiness.ABSENT


async def _recordings(
    connection: AsyncConnection, ids: Iterable[UUID]
) -> dict[UUID, RecordingState]:
    wanted = sorted(ids)
    found: dict[UUID, RecordingState] = {}
    for start in range(0, len(wanted), 500):
        query = sa.select(lectures.c.id, lectures.c.recording).where(
            lectures.c.id.in_(wanted[start : start + 500])
        )
        for row in await connection.execute(query):
            found[row.id] = RecordingState(row.recording)
    return found
