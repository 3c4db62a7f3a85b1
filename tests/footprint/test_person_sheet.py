"""All classes of one person; who was expected and never came is absent, on every sheet."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from footprint.events import FootprintRead
from footprint.purposes import NewSwitch, Purpose, switch
from identity.rights import Role
from kernel.ids import new_id
from schedule.courses import Course, add_course
from schedule.enrolments import Enrolment, Part, enrol
from schedule.lectures import lectures
from schedule.study_work import StudyWork

MINE = "/api/v1/me/attendance"


@pytest.fixture
def store(database):
    """Nothing here is SQL of one kind."""
    return database


@pytest.fixture
async def course(store, clock, room, journal, drained, *, add_person, add_lecture):
    """Two classes of a course were taught: Aliya was at the first, Bolat at none; Tolkyn enrols
    between the two. A third was never taught."""
    lecturer = await add_person(Role.LECTURER, name="Dana", into=store)
    people = [
        await add_person(Role.STUDENT, name=n, into=store) for n in ("=Aliya", "Bolat", "Tolkyn")
    ]
    async with store.begin() as connection:
        course = Course(id=new_id(), key="opt", title="Optics", created_at=clock.now())
        course = await add_course(connection, course)
        for person, since in zip(people, (1, 1, 10), strict=True):
            when = {"since": date(2026, 9, since), "changed_at": clock.now()}
            one = Enrolment(id=new_id(), course=course.id, person=person.id, **when)
            await enrol(connection, one)
        teaches = {"person": lecturer.id, "part": Part.LECTURER, "since": date(2026, 9, 1)}
        one = Enrolment(id=new_id(), course=course.id, changed_at=clock.now(), **teaches)
        await enrol(connection, one)
    work = StudyWork(course=course.id)
    classes = [
        await add_lecture(lecturer, into=store, starts_in=timedelta(hours=1, days=days), work=work)
        for days in (0, 7, 14)
    ]
    room.lecture = classes[0].id
    here = room.joined(people[0].id, 60)
    await journal.record(here, room.left(here, 105))
    await drained()
    async with store.begin() as connection:
        for one in classes[:2]:
            times = {"started_at": one.starts_at, "ended_at": one.ends_at, "state": "ended"}
            which = lectures.c.id == one.id
            await connection.execute(lectures.update().where(which).values(times))
    clock.advance(timedelta(days=30))
    return lecturer, people, classes


async def test_who_was_expected_and_never_came_is_absent(course, get, token_of):
    lecturer, people, classes = course
    token = await token_of(lecturer)
    found = []
    for one in classes:
        sheet = await (await get(f"/api/v1/lectures/{one.id}/attendance", token)).json()
        found.append({row["name"]: row["status"] for row in sheet["rows"]})
    assert found == [
        {"=Aliya": "present", "Bolat": "absent"},
        {"=Aliya": "absent", "Bolat": "absent", "Tolkyn": "absent"},
        {},
    ]
    why = await get(f"/api/v1/lectures/{classes[0].id}/attendance/{people[1].id}", token)
    assert (await why.json())["visits"] == []


async def test_nobody_is_absent_while_attendance_is_not_recorded(course, get, token_of, store):
    lecturer, [aliya, *_], classes = course
    begins = classes[0].starts_at + timedelta(days=1)
    off = NewSwitch(purpose=Purpose.ATTENDANCE, is_on=False, reason="Order 5", since=begins)
    async with store.begin() as connection:
        await switch(connection, off, by=lecturer.id, now=begins)
    path = f"/lectures/{classes[1].id}/attendance"
    token = await token_of(lecturer)
    assert (await (await get(f"/api/v1{path}", token)).json())["rows"] == []
    assert 'data-testid="not-recorded"' in await (await get(path, token)).text()
    mine = await (await get(MINE, await token_of(aliya))).json()
    assert [one["lecture"] for one in mine["classes"]] == [str(classes[0].id)]


async def test_ones_own_sheet_has_the_same_classes_in_each_form(course, get, token_of, kept):
    _, [aliya, bolat, _], _ = course
    token = await token_of(aliya)
    found = await (await get(MINE, token)).json()
    assert [(one["course_title"], one["status"], one["minutes"]) for one in found["classes"]] == [
        ("Optics", "present", 45.0),
        ("Optics", "absent", 0.0),
    ]
    bolats = await (await get(MINE, await token_of(bolat))).json()
    assert [one["status"] for one in bolats["classes"]] == ["absent", "absent"]
    book = load_workbook(BytesIO(await (await get(MINE, token, format="xlsx")).read()))
    rows = list(book["classes"].iter_rows(values_only=True))
    assert [(row[2], row[7], row[8]) for row in rows] == [
        ("course", "status", "minutes"),
        ("Optics", "present", 45),
        ("Optics", "absent", 0),
    ]
    assert (await (await get(MINE, token, format="csv")).text()).count("Optics") == 2
    page = await (await get("/me/attendance", token)).text()
    assert page.count('data-testid="person-class"') == 2
    assert kept.facts == []


async def test_a_lecturers_sheet_counts_what_they_taught_apart(course, get, token_of):
    lecturer, _, _ = course
    token = await token_of(lecturer)
    found = await (await get(MINE, token)).json()
    assert [(one["is_teacher"], one["status"]) for one in found["classes"]] == [(True, None)] * 2
    totals = (await (await get("/api/v1/me/footprint", token)).json())["totals"]
    assert (totals["lectures_taught"], totals["minutes_taught"]) == (2, 100.0)
    assert totals["lectures_attended"] == 0


async def test_anothers_sheet_is_read_by_right_and_on_record(
    course, get, token_of, kept, *, add_person, store
):
    lecturer, [aliya, *_], _ = course
    path = f"/api/v1/people/{aliya.id}/attendance"
    assert (await get(path, await token_of(lecturer))).status == 403
    admin = await token_of(await add_person(Role.ADMIN, into=store))
    assert (await get(path, admin)).status == 200
    assert [(type(fact), fact.of) for fact in kept.facts] == [(FootprintRead, aliya.id)]


async def test_class_and_course_come_as_workbooks(course, get, token_of):
    lecturer, _, classes = course
    token = await token_of(lecturer)
    path = f"/api/v1/lectures/{classes[0].id}/attendance"
    answer = await get(path, token, format="xlsx")
    assert answer.headers["Content-Disposition"].endswith('.xlsx"')
    book = load_workbook(BytesIO(await answer.read()))
    assert book.sheetnames == ["people", "intervals", "about"]
    assert [row[2] for row in book["people"].iter_rows(values_only=True)] == [
        "name",
        "=Aliya",
        "Bolat",
    ]


async def test_a_course_has_all_its_classes_of_whatever_series(course, get, token_of):
    lecturer, [aliya, *_], classes = course
    token, path = await token_of(lecturer), f"/courses/{classes[0].work.course}/attendance"
    found = await (await get(f"/api/v1{path}", token)).json()
    assert [(one["lecture"], one["statuses"]) for one in found["classes"]] == [
        (str(classes[0].id), {"present": 1, "absent": 1}),
        (str(classes[1].id), {"absent": 3}),
    ]
    names = {one["name"]: one["statuses"] for one in found["learners"]}
    assert names["Tolkyn"] == [None, "absent"]
    assert "Tolkyn" in await (await get(path, token)).text()
    assert (await get(path, await token_of(aliya))).status == 403


async def test_who_sees_a_course_sees_what_of_a_sheet_is_of_it(course, get, token_of, kept):
    lecturer, [aliya, bolat, _], classes = course
    path = f"/courses/{classes[0].work.course}/attendance/{aliya.id}"
    token = await token_of(lecturer)
    found = await (await get(f"/api/v1{path}", token)).json()
    assert [one["status"] for one in found["classes"]] == ["present", "absent"]
    assert [(fact.what, fact.of) for fact in kept.facts] == [("attendance", aliya.id)]
    assert (await (await get(path, token)).text()).count('data-testid="person-class"') == 2
    assert (await get(f"/api/v1{path}", await token_of(aliya))).status == 200
    assert (await get(f"/api/v1{path}", await token_of(bolat))).status == 403
    stranger = path.replace(str(aliya.id), str(new_id()))
    assert (await get(f"/api/v1{stranger}", token)).status == 404
