"""A timetable on the test's database, and a factory of lectures that exist in no database."""

from datetime import timedelta

import pytest

from kernel.bus import InProcessBus
from kernel.ids import new_id
from schedule.lifecycle import Lecture, LectureState, RecordingState
from schedule.timetable import Timetable


@pytest.fixture
def bus() -> InProcessBus:
    return InProcessBus()


@pytest.fixture
def timetable(database, kept, bus, clock) -> Timetable:
    return Timetable(database, kept, bus, clock)


@pytest.fixture
def draw_lecture(clock):
    """`draw_lecture(state=LIVE, starts_in=timedelta(…))`: a value, kept nowhere."""

    def draw(*, starts_in=timedelta(0), takes=timedelta(minutes=50), **more) -> Lecture:
        starts_at = clock.now() + starts_in
        values = {
            "id": new_id(),
            "title": "Linear algebra",
            "summary": "",
            "lecturer": new_id(),
            "lecturer_name": "Aigerim Sadykova",
            "starts_at": starts_at,
            "ends_at": starts_at + takes,
            "state": LectureState.PLANNED,
            "is_recorded": True,
            "recording": RecordingState.NONE,
            "revision": 1,
            "created_at": clock.now(),
            "changed_at": clock.now(),
        }
        return Lecture(**(values | more))

    return draw
