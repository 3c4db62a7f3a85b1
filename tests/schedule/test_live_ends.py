from datetime import timedelta

import pytest

from identity.rights import Role
from schedule.lectures import lectures
from schedule.live_ends import DELAY, end_on_air, lectures_on_channels
from tests.conftest import NOW


@pytest.fixture
def told(add_person, add_lecture, database):
    """When a lecture with these columns is over on air, at NOW."""

    async def tell(**columns):
        lecture = await add_lecture(await add_person(Role.LECTURER))
        async with database.begin() as connection:
            of_it = lectures.update().where(lectures.c.id == lecture.id)
            await connection.execute(of_it.values(columns))
            found = await lectures_on_channels(connection, {lecture.id})
        return end_on_air(found[lecture.id], NOW)

    return tell


async def test_a_room_that_has_not_begun_has_no_end(told):
    assert await told(state="open") is None


async def test_a_room_that_is_taught_goes_on(told):
    end = await told(state="live", started_at=NOW, taught_at=NOW - timedelta(seconds=20))
    assert timedelta(minutes=1) <= end - NOW <= timedelta(minutes=1.5)


async def test_a_room_that_nobody_teaches_is_over(told):
    long_ago = NOW - timedelta(minutes=3)
    assert await told(state="live", started_at=long_ago, taught_at=long_ago) == long_ago + DELAY


async def test_a_room_that_was_closed_is_over(told):
    ended = {"state": "ended", "ended_at": NOW - timedelta(hours=1)}
    assert await told(**ended) == NOW - timedelta(hours=1) + DELAY
