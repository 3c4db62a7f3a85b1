"""The pages of courses: what who sees."""

from datetime import timedelta

import pytest

from identity.rights import Role
from kernel.ids import new_id
from player import course_views, site
from schedule.courses import Course, add_course
from schedule.enrolments import Enrolment, Part, enrol
from schedule.planning import Author, Plan, plan
from schedule.study_work import Kind, StudyWork


@pytest.fixture
async def see(serve, bearer):
    pages = await serve([*site.ROUTES, *course_views.routes()])

    async def see(person, path="/courses", *, status=200) -> str:
        headers = {"Accept": "text/html"} | await bearer(person)
        async with pages.get(path, headers=headers) as answer:
            assert answer.status == status
            return await answer.text()

    return see


@pytest.fixture
async def aigerim(add_person):
    return await add_person(Role.LECTURER, name="Aigerim", locale="en")


@pytest.fixture
async def dana(add_person):
    return await add_person(Role.STUDENT, name="Dana", locale="en")


@pytest.fixture
async def course(database, clock, aigerim, dana) -> Course:
    """With a seminar tomorrow, a lecturer, and a learner of a category."""
    now, aside = clock.now(), {"changed_at": clock.now(), "since": clock.now().date()}
    async with database.begin() as connection:
        made = await add_course(
            connection, Course(id=new_id(), key="cs101", title="Algorithms", created_at=now)
        )
        for person, more in (
            (aigerim, {"part": Part.LECTURER}),
            (dana, {"category": 2, "legal_basis": "Certificate 7"}),
        ):
            one = Enrolment(id=new_id(), course=made.id, person=person.id, **aside, **more)
            await enrol(connection, one)
        wanted = Plan(
            title="Sorting",
            lecturer=aigerim.id,
            starts_at=now + timedelta(days=1),
            ends_at=now + timedelta(days=1, minutes=50),
            work=StudyWork(course=made.id, kind=Kind.SEMINAR, auditorium="Hall 305"),
        )
        await plan(connection, wanted, Author(aigerim.id, now))
    return made


async def test_a_learner_sees_classes_and_teachers_and_no_other_people(see, course, dana):
    assert "My courses" in await see(dana)
    page = await see(dana, f"/courses/{course.id}")
    for shown in ("Algorithms", "Sorting", "Seminar", "Hall 305", "Aigerim", "1 learner"):
        assert shown in page
    for hidden in ("people-table", "Special educational needs", "for those who are enrolled"):
        assert hidden not in page


async def test_a_category_is_for_who_manages_the_course(see, course, aigerim, add_person):
    page = await see(aigerim, f"/courses/{course.id}")
    assert "people-table" in page
    assert "1.9.2" not in page
    saule = await add_person(Role.COORDINATOR, locale="en")
    assert "1.9.2 Special educational needs" in await see(saule, f"/courses/{course.id}")


async def test_who_is_not_enrolled_is_told_so(see, course, add_person):
    page = await see(await add_person(Role.STUDENT, locale="en"), f"/courses/{course.id}")
    assert "for those who are enrolled" in page
    await see(await add_person(Role.STUDENT), f"/courses/{new_id()}", status=404)
