from datetime import timedelta

import pytest

from schedule.lifecycle import (
    Ending,
    LectureState,
    Move,
    Policy,
    RecordingState,
    next_move,
)

PLANNED, OPEN, LIVE = LectureState.PLANNED, LectureState.OPEN, LectureState.LIVE
ENDED, PUBLISHED, CANCELLED = LectureState.ENDED, LectureState.PUBLISHED, LectureState.CANCELLED
POLICY = Policy()
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LENGTH = 50 * MINUTE
NOT_TAUGHT = Move(ENDED, Ending.NOT_TAUGHT)
OVERRAN = Move(ENDED, Ending.OVERRAN)


@pytest.mark.parametrize(
    ("state", "since_start", "expected"),
    [
        (PLANNED, -15 * MINUTE - SECOND, None),
        (PLANNED, -15 * MINUTE, Move(OPEN)),
        (PLANNED, LENGTH - SECOND, Move(OPEN)),
        (PLANNED, LENGTH, NOT_TAUGHT),
        (OPEN, -5 * MINUTE, None),
        (OPEN, LENGTH - SECOND, None),
        (OPEN, LENGTH, NOT_TAUGHT),
        (LIVE, LENGTH + 30 * MINUTE - SECOND, None),
        (LIVE, LENGTH + 30 * MINUTE, OVERRAN),
        (PUBLISHED, timedelta(days=1), None),
        (CANCELLED, timedelta(0), None),
    ],
)
def test_when_a_lecture_moves(draw_lecture, clock, state, since_start, expected):
    lecture = draw_lecture(state=state, starts_in=-since_start, takes=LENGTH)
    assert next_move(lecture, clock.now(), POLICY) == expected


def test_by_policy_a_lecture_starts_itself_at_its_hour(draw_lecture, clock):
    policy = Policy(starts_itself=True)
    assert next_move(draw_lecture(state=OPEN), clock.now(), policy) == Move(LIVE)
    early = draw_lecture(state=OPEN, starts_in=SECOND)
    assert next_move(early, clock.now(), policy) is None


@pytest.mark.parametrize(
    ("overrun", "silence", "expected"),
    [
        (60 * MINUTE, MINUTE, None),
        (60 * MINUTE, 2 * MINUTE, OVERRAN),
        (180 * MINUTE - SECOND, timedelta(0), None),
        (180 * MINUTE, timedelta(0), OVERRAN),
    ],
)
def test_who_still_teaches_may_overrun_but_not_for_ever(
    draw_lecture, clock, overrun, silence, expected
):
    lecture = draw_lecture(
        state=LIVE, starts_in=-(LENGTH + overrun), takes=LENGTH, taught_at=clock.now() - silence
    )
    assert next_move(lecture, clock.now(), POLICY) == expected


@pytest.mark.parametrize(
    ("recording", "since_end", "expected"),
    [
        (RecordingState.NONE, timedelta(0), Move(PUBLISHED)),
        (RecordingState.READY, timedelta(0), Move(PUBLISHED)),
        (RecordingState.FAULTED, timedelta(0), Move(PUBLISHED)),
        (RecordingState.RUNNING, 10 * MINUTE - SECOND, None),
        (
            RecordingState.RUNNING,
            10 * MINUTE,
            Move(PUBLISHED, recording=RecordingState.FAULTED),
        ),
    ],
)
def test_a_recording_is_waited_for_with_patience(
    draw_lecture, clock, recording, since_end, expected
):
    lecture = draw_lecture(state=ENDED, recording=recording, ended_at=clock.now() - since_end)
    assert next_move(lecture, clock.now(), POLICY) == expected


def test_only_a_published_recording_can_be_watched(draw_lecture):
    ready = RecordingState.READY
    assert draw_lecture(state=PUBLISHED, recording=ready).is_watchable
    assert not draw_lecture(state=ENDED, recording=ready).is_watchable
    assert not draw_lecture(state=PUBLISHED, recording=RecordingState.FAULTED).is_watchable
