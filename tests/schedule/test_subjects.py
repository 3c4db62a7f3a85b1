"""What rights know of lectures that are being watched."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from identity.rights import Role, Subject
from kernel.ids import new_id
from schedule.courses import Course, add_course
from schedule.lectures import lectures
from schedule.subjects import Subjects


@pytest.fixture
def subjects(database, clock):
    return Subjects(database, clock)


async def test_a_lecture_is_remembered_for_seconds(
    subjects, database, clock, add_person, add_lecture
):
    lecture = await add_lecture(await add_person(Role.LECTURER))
    assert subjects.remembered(lecture.id) is None
    known = await subjects.of(lecture.id)
    assert known == Subject(lecture=lecture.id, lecturer=lecture.lecturer)
    course = Course(id=new_id(), key="a", title="A", created_at=clock.now())
    async with database.begin() as connection:
        course = await add_course(connection, course)
        await connection.execute(lectures.update().values(course=course.id))
    assert subjects.remembered(lecture.id) is known
    clock.advance(timedelta(seconds=20))
    assert subjects.remembered(lecture.id) is None
    assert (await subjects.of(lecture.id)).roll == frozenset()


async def test_what_was_known_holds_while_the_database_is_away(
    subjects, database, clock, add_person, add_lecture
):
    lecture = await add_lecture(await add_person(Role.LECTURER))
    known = await subjects.of(lecture.id)
    clock.advance(timedelta(minutes=5))
    async with database.begin() as connection:
        await connection.execute(sa.text("ALTER TABLE people RENAME TO gone"))
    assert await subjects.of(lecture.id) is known
    with pytest.raises(sa.exc.SQLAlchemyError):
        await subjects.of(new_id())
