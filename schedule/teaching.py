"""Teaching: a person starts and stops a lecture, its recording is finished, the schedule moves it."""

from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Conflict
from kernel.ids import new_id
from schedule.events import (
    LectureEnded,
    LectureFact,
    LectureOpened,
    LectureStarted,
    RecordingPublished,
)
from schedule.lectures import advance, bare_lecture
from schedule.lifecycle import (
    AHEAD,
    OVER,
    Ending,
    Lecture,
    LectureState,
    Move,
    Policy,
    RecordingState,
)


async def start(
    connection: AsyncConnection,
    lecture_id: UUID,
    *,
    at: datetime,
    by: UUID | None,
    policy: Policy,
) -> Lecture:
    """Teaching begins. Starting twice is starting once; Conflict when it is over or far ahead."""
    lecture = await bare_lecture(connection, lecture_id, is_locked=True)
    if lecture.state is LectureState.LIVE:
        return lecture
    _check_may_start(lecture, at, policy)
    if lecture.state is LectureState.PLANNED:
        lecture = await _moved(connection, lecture, Move(LectureState.OPEN), at)
    return await _moved(connection, lecture, Move(LectureState.LIVE), at, by=by)


async def stop(
    connection: AsyncConnection, lecture_id: UUID, *, at: datetime, by: UUID | None
) -> Lecture:
    """Teaching is over. Stopping twice is stopping once; Conflict when it never began."""
    lecture = await bare_lecture(connection, lecture_id, is_locked=True)
    if lecture.state in {LectureState.ENDED, LectureState.PUBLISHED}:
        return lecture
    if lecture.state is not LectureState.LIVE:
        raise Conflict("This lecture has not begun; cancel it if it shall not take place.")
    return await _moved(connection, lecture, Move(LectureState.ENDED, Ending.STOPPED), at, by=by)


async def mark_recording(
    connection: AsyncConnection, lecture_id: UUID, recording: RecordingState, *, at: datetime
) -> Lecture:
    """What became of the recording. Once the lecture has ended this publishes it; a recording
    that is rescued later is published anew. NONE: nothing was ever recorded."""
    lecture = await bare_lecture(connection, lecture_id, is_locked=True)
    if lecture.state in AHEAD or lecture.state is LectureState.CANCELLED:
        raise Conflict("This lecture was never live; it has no recording.")
    if lecture.state is LectureState.ENDED and recording is not RecordingState.RUNNING:
        move = Move(LectureState.PUBLISHED, recording=recording)
        return await _moved(connection, lecture, move, at)
    if lecture.recording is recording:
        return lecture
    return await _moved(connection, lecture, Move(lecture.state, recording=recording), at)


async def make(
    connection: AsyncConnection, lecture: Lecture, move: Move, *, at: datetime, by: UUID | None
) -> Lecture | None:
    """Make the move if the lecture is still as it was read; None when somebody was faster."""
    fact = _fact(lecture, move, at, by)
    return await advance(connection, lecture, fact, at=at, **_changes(lecture, move, at))


async def _moved(
    connection: AsyncConnection,
    lecture: Lecture,
    move: Move,
    at: datetime,
    *,
    by: UUID | None = None,
) -> Lecture:
    moved = await make(connection, lecture, move, at=at, by=by)
    assert moved is not None  # the row is locked
    return moved


def _check_may_start(lecture: Lecture, at: datetime, policy: Policy) -> None:
    if lecture.state is LectureState.CANCELLED:
        raise Conflict("This lecture is cancelled; plan a new one.")
    if lecture.state in OVER or at >= lecture.ends_at:
        raise Conflict("This lecture is over; plan a new one.")
    if at < lecture.starts_at - policy.earliest_start:
        raise Conflict("This lecture is far ahead; move it to now before you start it.")


def _changes(lecture: Lecture, move: Move, at: datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {"state": move.to}
    if move.recording is not None:
        changes["recording"] = move.recording
    match move.to:
        case LectureState.OPEN:
            changes["opened_at"] = at
        case LectureState.LIVE if lecture.started_at is None:
            changes |= {"started_at": at, "recording": _recording_at_start(lecture)}
        case LectureState.ENDED if lecture.ended_at is None:
            changes["ended_at"] = at
        case _:
            pass
    return changes


def _recording_at_start(lecture: Lecture) -> RecordingState:
    return RecordingState.RUNNING if lecture.is_recorded else RecordingState.NONE


def _fact(lecture: Lecture, move: Move, at: datetime, by: UUID | None) -> LectureFact | None:
    common: dict[str, Any] = {"id": new_id(), "at": at, "lecture": lecture.id, "person": by}
    match move.to:
        case LectureState.OPEN:
            return LectureOpened(**common)
        case LectureState.LIVE if lecture.state is not LectureState.LIVE:
            return LectureStarted(
                **common,
                title=lecture.title,
                lecturer=lecture.lecturer,
                planned_at=lecture.starts_at,
            )
        case LectureState.ENDED if move.ending is not None:
            return LectureEnded(
                **common,
                ending=move.ending,
                started_at=lecture.started_at,
                planned_end=lecture.ends_at,
            )
        case LectureState.PUBLISHED:
            return _published(lecture, move, common)
        case LectureState.LIVE | LectureState.ENDED:
            return None  # only the recording's state is new
        case LectureState.PLANNED | LectureState.CANCELLED:
            raise AssertionError(f"The schedule never moves a lecture to {move.to}.")
        case _:
            assert_never(move.to)


def _published(lecture: Lecture, move: Move, common: dict[str, Any]) -> LectureFact | None:
    recording = move.recording or lecture.recording
    if recording is RecordingState.NONE:
        return None
    return RecordingPublished(**common, recording=recording)
