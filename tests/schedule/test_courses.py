"""Courses, their people, and who may come to their lectures."""

import dataclasses
from datetime import date, timedelta

import pytest

from identity.rights import Action, Role, Viewer, allows
from kernel.errors import Conflict, Invalid, PreconditionFailed
from kernel.ids import new_id
from schedule.courses import (
    Course,
    Group,
    add_course,
    add_group,
    change_course,
    list_courses,
    set_scope,
)
from schedule.enrolments import (
    Enrolment,
    Part,
    change_enrolment,
    count_learners,
    enrol,
    enrolments_of,
    members_of,
)
from schedule.lectures import Filter, advance, lecture_by_id, list_lectures
from schedule.lifecycle import LectureState, Policy
from schedule.planning import Author, Changes, Plan, change, plan
from schedule.study_work import Kind, Mode, StudyWork

DAY = timedelta(days=1)


@pytest.fixture
async def teacher(add_person, either_database):
    return await add_person(Role.LECTURER, name="Aigerim", into=either_database)


@pytest.fixture
def learner(add_person, either_database):
    async def learner(name="Dana", role=Role.STUDENT):
        return await add_person(role, name=name, into=either_database)

    return learner


@pytest.fixture
def course_of(either_database, clock):
    async def course_of(key="CS101", **more):
        wanted = Course(id=new_id(), key=key, title="Algorithms", created_at=clock.now(), **more)
        async with either_database.begin() as connection:
            return await add_course(connection, wanted)

    return course_of


@pytest.fixture
def enrolled(either_database, clock):
    async def enrolled(course, person, **more):
        values = {"since": clock.now().date()} | more
        wanted = Enrolment(
            id=new_id(), course=course.id, person=person.id, changed_at=clock.now(), **values
        )
        async with either_database.begin() as connection:
            return await enrol(connection, wanted)

    return enrolled


@pytest.fixture
def class_of(either_database, clock, teacher):
    async def class_of(course, *, lecturer=teacher, starts_in=DAY, groups=(), **work):
        starts_at = clock.now() + starts_in
        wanted = Plan(
            title="Sorting",
            lecturer=lecturer.id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=50),
            work=StudyWork(
                course=course and course.id, groups=tuple(group.id for group in groups), **work
            ),
        )
        async with either_database.begin() as connection:
            return await plan(connection, wanted, Author(lecturer.id, clock.now()))

    return class_of


@pytest.fixture
def group_of(either_database):
    async def group_of(key):
        async with either_database.begin() as connection:
            return await add_group(connection, Group(id=new_id(), key=key, name=key))

    return group_of


@pytest.fixture
def may_come(either_database):
    async def may_come(person, lecture, action=Action.JOIN_LECTURE):
        viewer = Viewer(person_id=person.id, name=person.name, roles=person.roles)
        async with either_database.connect() as connection:
            whole = await lecture_by_id(connection, lecture.id)
            theirs = await lecture_by_id(connection, lecture.id, viewer=viewer)
        may = allows(viewer, action, whole.subject)
        assert allows(viewer, action, theirs.subject) is may
        return may

    return may_come


async def test_only_those_enrolled_on_the_day_may_join(
    course_of, enrolled, class_of, learner, may_come, clock, teacher
):
    course, today = await course_of(), clock.now().date()
    dana, late, gone, other = [await learner(name) for name in ("Dana", "Late", "Gone", "Other")]
    await enrolled(course, dana)
    await enrolled(course, late, since=today + 2 * DAY)
    await enrolled(course, gone, until=today)
    tomorrow = await class_of(course)
    coming = [await may_come(one, tomorrow) for one in (dana, late, gone, other, teacher)]
    assert coming == [True, False, False, False, True]


async def test_a_lecture_that_is_read_for_one_viewer_names_no_other_learner(
    course_of, enrolled, class_of, learner, either_database
):
    course, dana, other = await course_of(), await learner("Dana"), await learner("Other")
    tutor = await learner("Tutor")
    for person, part in ((dana, Part.LEARNER), (other, Part.LEARNER), (tutor, Part.TUTOR)):
        await enrolled(course, person, part=part)
    lecture = await class_of(course)
    viewer = Viewer(person_id=dana.id, name="", roles=dana.roles)
    async with either_database.connect() as connection:
        circle = (await lecture_by_id(connection, lecture.id, viewer=viewer)).circle
    assert (circle.roll, circle.helpers) == ({dana.id, tutor.id}, {tutor.id})


async def test_recordings_are_also_for_those_who_came_later(
    course_of, enrolled, class_of, learner, may_come, clock, either_database
):
    course, late = await course_of(), await learner()
    await enrolled(course, late, since=clock.now().date() + 2 * DAY)
    lecture = await class_of(course)
    async with either_database.begin() as connection:
        await advance(connection, lecture, None, at=clock.now(), state=LectureState.PUBLISHED)
    assert await may_come(late, lecture, Action.WATCH_RECORDING)
    assert not await may_come(await learner("Other"), lecture, Action.WATCH_RECORDING)


async def test_a_lecture_of_no_course_is_open_to_everybody(class_of, learner, may_come):
    assert await may_come(await learner(), await class_of(None))


async def test_tutors_and_volunteers_help_in_their_own_courses_alone(
    course_of, enrolled, class_of, learner, may_come
):
    course = await course_of()
    hers = await learner("Aliya", Role.VOLUNTEER)
    another = await learner("Marat", Role.VOLUNTEER)
    await enrolled(course, hers, part=Part.VOLUNTEER)
    lecture = await class_of(course)
    assert await may_come(hers, lecture, Action.MODERATE_ROOM)
    assert not await may_come(another, lecture, Action.MODERATE_ROOM)
    assert not await may_come(another, lecture)


async def test_a_coordinator_of_a_faculty_keeps_those_of_others_out(
    course_of, class_of, learner, may_come, either_database
):
    mine, another = await learner("Saule", Role.COORDINATOR), await learner("X", Role.COORDINATOR)
    async with either_database.begin() as connection:
        assert await set_scope(connection, mine.id, [" Physics "]) == ["Physics"]
    physics = await class_of(await course_of("PH1", faculty="Physics"))
    history = await class_of(await course_of("H1", faculty="History"), starts_in=2 * DAY)
    seen = [
        await may_come(who, lecture, Action.SEE_ATTENDANCE)
        for who in (mine, another)
        for lecture in (physics, history)
    ]
    assert seen == [True, True, False, True]


async def test_nobody_is_enrolled_twice_at_a_time_in_one_part(
    course_of, enrolled, learner, clock, either_database
):
    course, dana, today = await course_of(), await learner(), clock.now().date()
    first = await enrolled(course, dana, until=today + 10 * DAY)
    await enrolled(course, dana, part=Part.VOLUNTEER)
    await enrolled(course, dana, since=today + 11 * DAY)
    with pytest.raises(Conflict, match="enrolled as learner from"):
        await enrolled(course, dana, since=today + 5 * DAY)
    async with either_database.begin() as connection:
        with pytest.raises(Conflict, match="already"):
            await change_enrolment(connection, dataclasses.replace(first, until=None))
        assert len(await members_of(connection, course.id)) == 3
        assert len(await enrolments_of(connection, dana.id, today)) == 2
        assert await count_learners(connection, [course.id], today) == {course.id: 1}


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"category": 14, "legal_basis": "Order 1"}, "from 1 to 13"),
        ({"category": 3}, "legal basis"),
        ({"category": 3, "legal_basis": "Order 1", "part": Part.TUTOR}, "Only learners"),
        ({"since": date(2026, 9, 2), "until": date(2026, 9, 1)}, "ends after it begins"),
        ({"study_group": new_id()}, "no such group"),
    ],
)
async def test_an_enrolment_that_makes_no_sense_is_refused(
    course_of, enrolled, learner, more, complaint
):
    with pytest.raises(Invalid, match=complaint):
        await enrolled(await course_of(), await learner(), **more)


async def test_a_key_is_one_in_any_case(course_of, either_database):
    course = await course_of("CS101", faculty="Physics")
    with pytest.raises(Conflict, match="taken"):
        await course_of("cs101")
    other = await course_of("CS102")
    async with either_database.begin() as connection:
        with pytest.raises(Conflict, match="taken"):
            await change_course(connection, dataclasses.replace(other, key="CS101"))
        with pytest.raises(PreconditionFailed):
            await change_course(connection, dataclasses.replace(other, revision=7))
        assert await list_courses(connection, faculty="Physics") == [course]
        assert await list_courses(connection, limit=1, after="cs101") == [other]


async def test_a_group_and_an_auditorium_are_in_one_class_at_a_time(
    course_of, class_of, group_of, learner
):
    course, group = await course_of(), await group_of("IS-21")
    other = await learner("Bolat", Role.LECTURER)
    await class_of(course, groups=[group], auditorium="305", kind=Kind.SEMINAR)
    with pytest.raises(Conflict, match=r"The group IS-21 has “Sorting” .* next free time"):
        await class_of(course, lecturer=other, groups=[group])
    with pytest.raises(Conflict, match=r"The auditorium 305 is taken by “Sorting”"):
        await class_of(course, lecturer=other, auditorium=" 305 ")
    await class_of(course, lecturer=other, auditorium="306")


async def test_what_study_work_a_class_is_can_change_until_reports_are_made(
    course_of, class_of, group_of, teacher, either_database, clock
):
    course, group = await course_of(), await group_of("IS-21")
    lecture = await class_of(None)
    work = StudyWork(
        course=course.id,
        groups=(group.id,),
        kind=Kind.EXAM,
        mode=Mode.HYBRID,
        waiting_room=True,
        auditorium="1",
    )
    by = Author(teacher.id, clock.now())
    async with either_database.begin() as connection:
        await change(connection, lecture.id, Changes(work=work), by, revision=1, policy=Policy())
        assert (await lecture_by_id(connection, lecture.id)).work == work
        for which in (Filter(courses=[course.id]), Filter(group=group.id), Filter(auditorium="1")):
            assert len(await list_lectures(connection, which)) == 1
        assert await list_lectures(connection, Filter(group=new_id())) == []
        wrong = Changes(work=StudyWork(groups=(group.id,)))
        with pytest.raises(Invalid, match="by way of a course"):
            await change(connection, lecture.id, wrong, by, revision=2, policy=Policy())
