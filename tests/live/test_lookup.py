"""Lectures, looked up by many at once."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa

from identity.rights import Role
from kernel.errors import NotFound
from kernel.ids import new_id
from live.lookup import Lookup
from schedule.lifecycle import LectureState, Policy
from schedule.teaching import start


@dataclass
class Queries:
    """What the database was asked about lectures."""

    count: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, _connection, _cursor, statement, *_) -> None:
        if "FROM lecture" in statement:
            self.count += 1
            self.begun.set()


@pytest.fixture
async def queries(database):
    queries = Queries()
    sa.event.listen(database.engine.sync_engine, "before_cursor_execute", queries.note)
    return queries


@pytest.fixture
async def lecture(add_person, add_lecture):
    return await add_lecture(await add_person(Role.LECTURER))


async def test_a_crowd_costs_two_queries(database, lecture, queries):
    async with asyncio.TaskGroup() as tasks:
        lookup = Lookup(database, tasks)
        first = tasks.create_task(lookup.lecture(lecture.id))
        await queries.begun.wait()
        crowd = [tasks.create_task(lookup.lecture(lecture.id)) for _ in range(100)]
    assert [(await one).id for one in (first, *crowd)] == [lecture.id] * 101
    assert queries.count == 2


async def test_an_answer_is_never_older_than_the_question(database, lecture, clock):
    async with asyncio.TaskGroup() as tasks:
        lookup = Lookup(database, tasks)
        tasks.create_task(lookup.lecture(lecture.id))
        async with database.begin() as connection:
            await start(
                connection,
                lecture.id,
                at=clock.now(),
                by=lecture.lecturer,
                policy=Policy(earliest_start=timedelta(days=1)),
            )
        assert (await lookup.lecture(lecture.id)).state is LectureState.LIVE


async def test_who_gives_up_leaves_the_others_waiting(database, lecture):
    async with asyncio.TaskGroup() as tasks:
        lookup = Lookup(database, tasks)
        impatient = tasks.create_task(lookup.lecture(lecture.id))
        patient = tasks.create_task(lookup.lecture(lecture.id))
        await asyncio.sleep(0)
        impatient.cancel()
    assert (await patient).id == lecture.id


async def test_what_is_not_there_is_not_found_by_anybody(database, lecture):
    async with asyncio.TaskGroup() as tasks:
        lookup = Lookup(database, tasks)
        for _ in range(2):
            with pytest.raises(NotFound):
                await lookup.lecture(new_id())
        assert (await lookup.lecture(lecture.id)).id == lecture.id
