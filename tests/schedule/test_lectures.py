from datetime import timedelta

import pytest

from identity.rights import Role
from kernel.errors import NotFound
from kernel.ids import new_id
from schedule.lectures import (
    Filter,
    advance,
    lecture_by_id,
    lectures_for_today,
    list_lectures,
)
from schedule.lifecycle import LectureState, RecordingState

HOUR = timedelta(hours=1)


@pytest.fixture
async def lecturer(add_person, either_database):
    return await add_person(Role.LECTURER, name="Aigerim", into=either_database)


@pytest.fixture
def put(add_lecture, lecturer, either_database, clock):
    """A lecture that starts in so many hours, brought into a state."""

    async def put(hours, state=LectureState.PLANNED, recording=RecordingState.NONE, **more):
        lecture = await add_lecture(
            more.pop("lecturer", lecturer), starts_in=hours * HOUR, into=either_database, **more
        )
        if state is LectureState.PLANNED:
            return lecture
        async with either_database.begin() as connection:
            return await advance(
                connection, lecture, None, at=clock.now(), state=state, recording=recording
            )

    return put


async def test_an_unknown_lecture_is_not_found(either_database):
    async with either_database.connect() as connection:
        with pytest.raises(NotFound):
            await lecture_by_id(connection, new_id())


async def test_lectures_are_listed_by_start_in_pages(put, either_database):
    planned = [await put(hours) for hours in (3, 1, 2, 5, 4)]
    in_order = sorted(planned, key=lambda lecture: lecture.starts_at)
    async with either_database.connect() as connection:
        first = await list_lectures(connection, Filter(), limit=2)
        second = await list_lectures(connection, Filter(), limit=2, after=first[-1].id)
        third = await list_lectures(connection, Filter(), limit=2, after=second[-1].id)
    assert first + second + third == in_order


async def test_lectures_at_the_same_moment_are_not_lost_between_pages(
    put, add_person, either_database
):
    others = [await add_person(Role.LECTURER, into=either_database) for _ in range(5)]
    for other in others:
        await put(1, lecturer=other)
    found = []
    async with either_database.connect() as connection:
        while page := await list_lectures(
            connection, Filter(), limit=2, after=found[-1].id if found else None
        ):
            found += page
    assert {lecture.lecturer for lecture in found} == {other.id for other in others}
    assert len(found) == 5


async def test_the_list_narrows(put, add_person, either_database, clock):
    other = await add_person(Role.LECTURER, into=either_database)
    soon, late = await put(1), await put(5)
    theirs = await put(1, lecturer=other)
    cancelled = await put(3, LectureState.CANCELLED)
    now = clock.now()
    cases = {
        Filter(since=now + 4 * HOUR): [late],
        Filter(until=now + 2 * HOUR, lecturer=other.id): [theirs],
        Filter(states=(LectureState.CANCELLED,)): [cancelled],
        Filter(since=soon.ends_at, until=late.starts_at): [cancelled],
    }
    async with either_database.connect() as connection:
        for which, expected in cases.items():
            assert await list_lectures(connection, which) == expected


async def test_today_shows_what_is_live_what_comes_and_what_was_recorded(
    put, either_database, clock
):
    live = await put(0, LectureState.LIVE, RecordingState.RUNNING)
    opened = await put(1, LectureState.OPEN)
    coming = await put(2)
    await put(24 * 30)
    await put(3, LectureState.CANCELLED)
    older = await put(4, LectureState.PUBLISHED, RecordingState.READY)
    newer = await put(5, LectureState.PUBLISHED, RecordingState.READY)
    await put(6, LectureState.PUBLISHED, RecordingState.FAULTED)
    await put(7, LectureState.PUBLISHED, RecordingState.NONE)
    async with either_database.connect() as connection:
        today = await lectures_for_today(connection, clock.now())
    assert today.live == [live, opened]
    assert today.coming == [coming]
    assert today.recorded == [newer, older]


async def test_of_two_changes_to_what_was_read_only_one_is_made(put, either_database, clock):
    lecture = await put(1)
    async with either_database.begin() as connection:
        first = await advance(connection, lecture, None, at=clock.now(), title="First")
        second = await advance(connection, lecture, None, at=clock.now(), title="Second")
        assert await lecture_by_id(connection, lecture.id) == first
    assert second is None
