"""Lectures in the database: the row, its history, and the questions that are asked of them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people
from identity.rights import Viewer
from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import NotFound
from kernel.facts import Fact, encode
from kernel.pages import HOUSE_ZONE
from schedule import work_columns
from schedule.circle import NOBODY, Circle
from schedule.enrolments import circle_of
from schedule.events import LectureFact, LectureMoved
from schedule.lifecycle import OVER, Lecture, LectureState, RecordingState, Visibility

lectures = sa.Table(
    "lectures",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("title", sa.String(300), nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("lecturer", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("starts_at", UtcDateTime, nullable=False),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("is_recorded", sa.Boolean, nullable=False),
    sa.Column("recording", sa.String(10), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("opened_at", UtcDateTime),
    sa.Column("started_at", UtcDateTime),
    sa.Column("taught_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    *work_columns.columns(),
    sa.Column("visibility", sa.String(10), nullable=False, server_default="group"),
    sa.Column("link", Id),
    sa.Column("kept_until", UtcDateTime),
    sa.Column("is_kept", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index(None, "state", "starts_at"),
    sa.Index(None, "starts_at", "id"),
    sa.Index(None, "lecturer", "starts_at"),
)

lecture_history = sa.Table(
    "lecture_history",
    metadata,
    sa.Column("lecture", Id, sa.ForeignKey("lectures.id"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("fact", sa.Text),  # null: a step that is nobody's doing and says nothing new
    sa.Column("announced_at", UtcDateTime),  # null: still to be kept and rung
    sa.Column("noticed_at", UtcDateTime),  # null: people are still to be told, if they must be
    sa.Index(
        "ix_lecture_history_due",
        "at",
        sqlite_where=sa.text("announced_at IS NULL"),
        postgresql_where=sa.text("announced_at IS NULL"),
    ),
    sa.Index(
        "ix_lecture_history_unnoticed",
        "at",
        sqlite_where=sa.text("noticed_at IS NULL"),
        postgresql_where=sa.text("noticed_at IS NULL"),
    ),
)

_HOUSE_ZONE = ZoneInfo(HOUSE_ZONE)
_LECTURE = [*lectures.c, people.c.name.label("lecturer_name")]
_OWN = {f.name for f in fields(Lecture)} - {"lecturer_name", "work", "circle"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which lectures to list; an empty field does not narrow."""

    since: datetime | None = None  # those that end after this
    until: datetime | None = None  # those that start before this
    states: Collection[LectureState] = ()
    lecturer: UUID | None = None
    courses: Collection[UUID] | None = None  # of these
    group: UUID | None = None
    auditorium: str | None = None
    channel: str | None = None
    ids: Collection[UUID] | None = None  # of these
    has_recording: bool = False  # those with one that can be watched


@dataclass(frozen=True, slots=True)
class Today:
    """What the first page shows."""

    live: list[Lecture] = field(default_factory=list)  # live, or the doors are open
    coming: list[Lecture] = field(default_factory=list)
    recorded: list[Lecture] = field(default_factory=list)  # newest first


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision in a lecture's history that is still to be announced."""

    moved: LectureMoved
    fact: LectureFact | None


async def lecture_by_id(
    connection: AsyncConnection, lecture_id: UUID, *, viewer: Viewer | None = None
) -> Lecture:
    """NotFound when there is none. For one viewer, its roll names at most them: a course may have
    thousands of people, and rights ask only about who looks."""
    lecture = await _one(connection, _select().where(lectures.c.id == lecture_id))
    return replace(lecture, circle=await _circle(connection, lecture, viewer))


async def bare_lecture(
    connection: AsyncConnection, lecture_id: UUID, *, is_locked: bool = False
) -> Lecture:
    """As `lecture_by_id`, for who asks no rights: its circle is empty. `is_locked` keeps other
    writers out until the commit."""
    query = _select().where(lectures.c.id == lecture_id)
    return await _one(connection, query.with_for_update(of=lectures) if is_locked else query)


async def list_lectures(
    connection: AsyncConnection, which: Filter, *, limit: int = 50, after: UUID | None = None
) -> list[Lecture]:
    """By planned start; from behind the lecture `after`."""
    query = _select().where(*conditions(which))
    if after is not None:
        last = await bare_lecture(connection, after)
        query = query.where(
            sa.tuple_(lectures.c.starts_at, lectures.c.id) > sa.tuple_(last.starts_at, last.id)
        )
    query = query.order_by(lectures.c.starts_at, lectures.c.id).limit(limit)
    return [_lecture(row) for row in await connection.execute(query)]


async def lectures_for_today(
    connection: AsyncConnection,
    now: datetime,
    *,
    horizon: timedelta = timedelta(days=7),
    at_most: int = 24,
) -> Today:
    """What is live, what comes within `horizon`, what was recorded last; `at_most` of each."""
    soonest = lectures.c.starts_at, lectures.c.id
    latest = lectures.c.starts_at.desc(), lectures.c.id.desc()
    state, recording = lectures.c.state, lectures.c.recording
    live = state.in_([LectureState.OPEN, LectureState.LIVE])
    is_coming = lectures.c.starts_at.between(now - timedelta(hours=12), now + horizon)
    has_recording = sa.or_(
        sa.and_(state == LectureState.PUBLISHED, recording == RecordingState.READY),
        sa.and_(state == LectureState.ENDED, recording == RecordingState.RUNNING),
    )
    planned = sa.and_(state == LectureState.PLANNED, is_coming)
    return Today(
        live=await _some(connection, live, soonest, at_most),
        coming=await _some(connection, planned, soonest, at_most),
        recorded=await _some(connection, has_recording, latest, at_most),
    )


async def lectures_past_keeping(
    connection: AsyncConnection, *, now: datetime, days: int, limit: int = 100
) -> list[Lecture]:
    """Recordings whose own day has come; and of those that have none, unless they are kept for ever,
    what ended more than `days` ago; 0: none of these."""
    own = lectures.c.kept_until
    is_over = [own <= now]
    if days:
        ended_at = sa.func.coalesce(lectures.c.ended_at, lectures.c.ends_at)
        is_over.append(sa.and_(own.is_(None), ended_at < now - timedelta(days=days)))
    query = (
        _select()
        .where(
            lectures.c.state == LectureState.PUBLISHED,
            lectures.c.recording == RecordingState.READY,
            lectures.c.is_kept.is_(False),
            sa.or_(*is_over),
        )
        .order_by(lectures.c.starts_at, lectures.c.id)
        .limit(limit)
    )
    return [_lecture(row) for row in await connection.execute(query)]


async def lectures_to_move(
    connection: AsyncConnection, *, now: datetime, opens_before: timedelta
) -> list[Lecture]:
    """Those that `next_move` might move: all in motion, and the planned ones whose doors are due."""
    in_motion = [LectureState.OPEN, LectureState.LIVE, LectureState.ENDED]
    is_due = sa.or_(
        lectures.c.state.in_(in_motion),
        sa.and_(
            lectures.c.state == LectureState.PLANNED,
            lectures.c.starts_at <= now + opens_before,
        ),
    )
    query = _select().where(is_due).order_by(lectures.c.starts_at, lectures.c.id)
    return [_lecture(row) for row in await connection.execute(query)]


async def add_lecture(connection: AsyncConnection, lecture: Lecture, fact: Fact) -> None:
    """Insert the row and the first line of its history."""
    await connection.execute(lectures.insert().values(_row(lecture)))
    await _add_history(connection, lecture, fact)


async def add_lectures(
    connection: AsyncConnection, planned: Sequence[tuple[Lecture, Fact]]
) -> None:
    """Many at once, as `add_lecture`."""
    if planned:
        await connection.execute(lectures.insert(), [_row(lecture) for lecture, _ in planned])
        await connection.execute(
            lecture_history.insert(), [_history_row(lecture, fact) for lecture, fact in planned]
        )


async def advance(
    connection: AsyncConnection,
    lecture: Lecture,
    fact: LectureFact | None,
    *,
    at: datetime,
    **changes: Any,
) -> Lecture | None:
    """Compare and set: change the lecture if it is still as it was read, and write its history.

    None when somebody was faster; then nothing has happened.
    """
    changes |= {"revision": lecture.revision + 1, "changed_at": at}
    values = dict(changes)
    if (work := values.pop("work", None)) is not None:
        values |= work_columns.as_row(work)
    done = await connection.execute(
        lectures.update()
        .where(
            lectures.c.id == lecture.id,
            lectures.c.state == lecture.state,
            lectures.c.revision == lecture.revision,
        )
        .values(values)
    )
    if done.rowcount == 0:
        return None
    advanced = replace(lecture, **changes)
    await _add_history(connection, advanced, fact)
    return advanced


async def touch_taught(connection: AsyncConnection, lecture_id: UUID, *, at: datetime) -> None:
    """Note a proof that somebody teaches; no revision, since nothing changes for anyone."""
    await connection.execute(
        lectures.update()
        .where(lectures.c.id == lecture_id, lectures.c.state == LectureState.LIVE)
        .values(taught_at=at)
    )


async def unannounced(connection: AsyncConnection, *, limit: int = 500) -> list[Entry]:
    """What happened and is not announced yet, in order."""
    query = (
        sa.select(lecture_history)
        .where(lecture_history.c.announced_at.is_(None))
        .order_by(lecture_history.c.at, lecture_history.c.lecture, lecture_history.c.revision)
        .limit(limit)
    )
    return [_entry(row) for row in await connection.execute(query)]


async def mark_announced(
    connection: AsyncConnection, entries: Sequence[Entry], *, at: datetime
) -> None:
    """These facts are kept."""
    for entry in entries:
        await connection.execute(
            lecture_history.update()
            .where(
                lecture_history.c.lecture == entry.moved.lecture,
                lecture_history.c.revision == entry.moved.revision,
            )
            .values(announced_at=at)
        )


def _select() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(*_LECTURE).join(people, lectures.c.lecturer == people.c.id)


def conditions(which: Filter) -> list[sa.ColumnElement[bool]]:
    """What a field that is given asks; `states` may be empty, `courses` and `ids` are then none."""
    asked: dict[str, Callable[[Any], sa.ColumnElement[bool]]] = {
        "since": lambda moment: lectures.c.ends_at > moment,
        "until": lambda moment: lectures.c.starts_at < moment,
        "lecturer": lambda person: lectures.c.lecturer == person,
        "courses": lectures.c.course.in_,
        "group": lambda group: work_columns.has_group(lectures.c.groups, group),
        "auditorium": lambda name: lectures.c.auditorium == name,
        "channel": lambda name: lectures.c.channel == name,
        "ids": lectures.c.id.in_,
    }
    conditions = [
        condition(value)
        for name, condition in asked.items()
        if (value := getattr(which, name)) is not None
    ]
    if which.states:
        conditions.append(lectures.c.state.in_(which.states))
    if which.has_recording:
        conditions.append(lectures.c.recording == RecordingState.READY)
    return conditions


async def _one(connection: AsyncConnection, query: sa.Select[*tuple[Any, ...]]) -> Lecture:
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such lecture.")
    return _lecture(row)


async def _circle(
    connection: AsyncConnection, lecture: Lecture, viewer: Viewer | None = None
) -> Circle:
    """The people of its course on its day, which is the university's."""
    if lecture.work.course is None:
        return NOBODY
    day = lecture.starts_at.astimezone(_HOUSE_ZONE).date()
    is_over = lecture.state in OVER
    return await circle_of(connection, lecture.work.course, day, is_over=is_over, viewer=viewer)


async def _some(
    connection: AsyncConnection,
    condition: sa.ColumnElement[bool],
    order: Sequence[sa.ColumnElement[Any]],
    at_most: int,
) -> list[Lecture]:
    query = _select().where(condition).order_by(*order).limit(at_most)
    return [_lecture(row) for row in await connection.execute(query)]


async def _add_history(connection: AsyncConnection, lecture: Lecture, fact: Fact | None) -> None:
    await connection.execute(lecture_history.insert().values(_history_row(lecture, fact)))


def _history_row(lecture: Lecture, fact: Fact | None) -> dict[str, Any]:
    return {
        "lecture": lecture.id,
        "revision": lecture.revision,
        "at": lecture.changed_at,
        "state": lecture.state,
        "fact": None if fact is None else encode(fact).decode(),
    }


def _row(lecture: Lecture) -> dict[str, Any]:
    own = {name: getattr(lecture, name) for name in _OWN}
    return own | work_columns.as_row(lecture.work)


def _lecture(row: Any) -> Lecture:
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row's mapping
    work = work_columns.taken_from(values)
    states = {
        "state": LectureState(values["state"]),
        "recording": RecordingState(values["recording"]),
        "visibility": Visibility(values["visibility"]),
    }
    return Lecture(**{**values, **states}, work=work)


def _entry(row: Any) -> Entry:
    moved = LectureMoved(row.lecture, LectureState(row.state), row.revision)
    fact = None if row.fact is None else msgspec.json.decode(row.fact, type=LectureFact)
    return Entry(moved, fact)
