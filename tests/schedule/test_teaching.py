from datetime import timedelta

import pytest

from identity.rights import Role
from kernel.errors import Conflict
from schedule import events
from schedule.lectures import unannounced
from schedule.lifecycle import Ending, LectureState, Policy, RecordingState
from schedule.planning import Author, cancel
from schedule.teaching import mark_recording, start, stop

READY, FAULTED, NONE = RecordingState.READY, RecordingState.FAULTED, RecordingState.NONE
DAY = timedelta(days=1)


@pytest.fixture
async def lecturer(add_person, either_database):
    return await add_person(Role.LECTURER, into=either_database)


@pytest.fixture
async def planned(add_lecture, lecturer, either_database):
    return await add_lecture(lecturer, into=either_database)


@pytest.fixture
def teaching(either_database, lecturer, clock):
    """`await teaching.start(lecture)` and so on, each in a transaction of its own."""

    class Teaching:
        async def start(self, lecture):
            async with either_database.begin() as connection:
                return await start(
                    connection, lecture.id, at=clock.now(), by=lecturer.id, policy=Policy()
                )

        async def stop(self, lecture):
            async with either_database.begin() as connection:
                return await stop(connection, lecture.id, at=clock.now(), by=lecturer.id)

        async def mark(self, lecture, recording):
            async with either_database.begin() as connection:
                return await mark_recording(connection, lecture.id, recording, at=clock.now())

        async def cancel(self, lecture):
            async with either_database.begin() as connection:
                return await cancel(connection, lecture.id, Author(lecturer.id, clock.now()))

        async def facts(self):
            async with either_database.connect() as connection:
                entries = await unannounced(connection)
                return [type(entry.fact).__name__ for entry in entries[1:]]

    return Teaching()


async def test_a_lecture_from_the_first_minute_to_the_recording(teaching, planned, clock, lecturer):
    live = await teaching.start(planned)
    assert (live.state, live.started_at) == (LectureState.LIVE, clock.now())
    assert live.recording is RecordingState.RUNNING
    clock.advance(timedelta(minutes=45))
    ended = await teaching.stop(planned)
    assert (ended.state, ended.ended_at) == (LectureState.ENDED, clock.now())
    published = await teaching.mark(planned, READY)
    assert published.is_watchable
    assert await teaching.facts() == [
        "LectureOpened",
        "LectureStarted",
        "LectureEnded",
        "RecordingPublished",
    ]


async def test_the_end_says_how_and_when(teaching, planned, either_database, clock):
    await teaching.start(planned)
    began = clock.now()
    clock.advance(timedelta(minutes=45))
    await teaching.stop(planned)
    async with either_database.connect() as connection:
        fact = (await unannounced(connection))[-1].fact
    assert isinstance(fact, events.LectureEnded)
    assert (fact.ending, fact.started_at) == (Ending.STOPPED, began)
    assert fact.planned_end == planned.ends_at


async def test_starting_and_stopping_twice_is_once(teaching, planned):
    assert await teaching.start(planned) == await teaching.start(planned)
    assert await teaching.stop(planned) == await teaching.stop(planned)
    published = await teaching.mark(planned, READY)
    assert await teaching.stop(planned) == published
    assert await teaching.mark(planned, READY) == published


async def test_what_is_not_recorded_has_no_recording(
    teaching, add_lecture, lecturer, either_database
):
    planned = await add_lecture(lecturer, is_recorded=False, into=either_database)
    assert (await teaching.start(planned)).recording is NONE


async def test_an_empty_recording_is_published_without_a_fact(teaching, planned):
    await teaching.start(planned)
    await teaching.stop(planned)
    published = await teaching.mark(planned, NONE)
    assert (published.state, published.recording) == (LectureState.PUBLISHED, NONE)
    assert await teaching.facts() == ["LectureOpened", "LectureStarted", "LectureEnded", "NoneType"]


async def test_a_recording_that_is_rescued_later_is_published_anew(teaching, planned):
    await teaching.start(planned)
    await teaching.stop(planned)
    await teaching.mark(planned, FAULTED)
    rescued = await teaching.mark(planned, READY)
    assert rescued.is_watchable
    assert (await teaching.facts())[-2:] == ["RecordingPublished", "RecordingPublished"]


async def test_a_recording_that_fails_while_live_does_not_end_the_lecture(teaching, planned):
    await teaching.start(planned)
    assert (await teaching.mark(planned, FAULTED)).state is LectureState.LIVE


async def test_a_lecture_far_ahead_is_not_started(teaching, add_lecture, lecturer, either_database):
    far = await add_lecture(lecturer, starts_in=2 * DAY, into=either_database)
    with pytest.raises(Conflict, match="far ahead"):
        await teaching.start(far)


async def test_a_lecture_whose_time_is_over_is_not_started(teaching, planned, clock):
    clock.advance(DAY)
    with pytest.raises(Conflict, match="over"):
        await teaching.start(planned)


async def test_an_ended_lecture_does_not_start_again(teaching, planned):
    await teaching.start(planned)
    await teaching.stop(planned)
    with pytest.raises(Conflict, match="over"):
        await teaching.start(planned)


async def test_what_never_began_can_not_be_stopped(teaching, planned):
    with pytest.raises(Conflict, match="not begun"):
        await teaching.stop(planned)
    with pytest.raises(Conflict, match="no recording"):
        await teaching.mark(planned, READY)


async def test_a_cancelled_lecture_is_not_started(teaching, planned):
    await teaching.cancel(planned)
    with pytest.raises(Conflict, match="cancelled"):
        await teaching.start(planned)
