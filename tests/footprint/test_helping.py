"""What tutors and volunteers did for a class, by whose doing it was."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from identity.rights import Role
from kernel.ids import new_id
from live.events import FloorGiven, HandLowered, MuteAsked
from player.events import Mode, ViewPaused, ViewPlayed
from schedule.courses import Course, add_course
from schedule.enrolments import Enrolment, Part, enrol
from schedule.lectures import lectures
from schedule.study_work import StudyWork


@pytest.fixture
def store(database):
    """Nothing here is SQL of one kind."""
    return database


@pytest.fixture
async def helped(store, clock, room, journal, drained, *, add_person, add_lecture):
    """Timur helped at the first of two classes: he gave the floor, lowered a hand, muted somebody, and
    wrote a line; that he watched the recording later is no help. A student who lowered her own hand helped
    nobody."""
    lecturer = await add_person(Role.LECTURER, name="Dana", into=store)
    timur = await add_person(Role.VOLUNTEER, name="Timur", into=store)
    aliya = await add_person(Role.STUDENT, name="Aliya", into=store)
    async with store.begin() as connection:
        course = Course(id=new_id(), key="opt", title="Optics", created_at=clock.now())
        course = await add_course(connection, course)
        since = {"course": course.id, "since": date(2026, 9, 1), "changed_at": clock.now()}
        parts = ((lecturer, Part.LECTURER), (timur, Part.VOLUNTEER), (aliya, Part.LEARNER))
        for person, part in parts:
            one = Enrolment(id=new_id(), person=person.id, part=part, **since)
            await enrol(connection, one)
    work = StudyWork(course=course.id)
    classes = [
        await add_lecture(lecturer, into=store, starts_in=timedelta(hours=1, days=days), work=work)
        for days in (0, 7)
    ]
    async with store.begin() as connection:
        times = {"started_at": lectures.c.starts_at, "ended_at": lectures.c.ends_at}
        await connection.execute(lectures.update().values(times))
    room.lecture = classes[0].id
    his, hers = room.joined(timur.id, 50), room.joined(aliya.id, 60)
    of = {"at": room.at(70), "lecture": room.lecture, "run": room.run, "person": aliya.id}
    watching = {"lecture": room.lecture, "person": timur.id, "view": new_id(), "position_ms": 0}
    watching["mode"] = Mode.RECORDING
    await journal.record(
        *(his, hers, room.said(his, "The slides are here", 65)),
        FloorGiven(id=new_id(), by=timur.id, **of),
        HandLowered(id=new_id(), by=timur.id, **of),
        HandLowered(id=new_id(), by=aliya.id, **of),
        MuteAsked(id=new_id(), by=timur.id, source="microphone", **of),
        *(room.left(his, 115), room.left(hers, 110)),
        ViewPlayed(id=new_id(), at=room.at(200), **watching),
        ViewPaused(
            id=new_id(),
            at=room.at(230),
            last_proof_at=room.at(230),
            segments=((0, 1_800_000),),
            **watching,
        ),
    )
    await drained()
    return course, lecturer, timur, aliya


async def test_the_log_of_a_course_counts_hours_and_deeds(helped, get, token_of, kept):
    course, lecturer, timur, aliya = helped
    path, token = f"/api/v1/courses/{course.id}/helping", await token_of(lecturer)
    [row] = (await (await get(path, token)).json())["helped"]
    assert (row["name"], row["part"], row["minutes"]) == ("Timur", "volunteer", 65.0)
    deeds = ("lines", "floor", "mutes", "recording", "attendance")
    assert [row[deed] for deed in deeds] == [1, 2, 1, 0, 0]
    assert [fact.what for fact in kept.facts] == ["attendance"]
    book = load_workbook(BytesIO(await (await get(path, token, format="xlsx")).read()))
    assert book["helping"]["E2"].value == "Timur"
    assert "Timur" in await (await get(path.removeprefix("/api/v1"), token)).text()
    for someone in (timur, aliya):
        assert (await get(path, await token_of(someone))).status == 403


async def test_who_helps_is_no_learner_of_the_course(helped, get, token_of, store):
    course, lecturer, _, _ = helped
    async with store.begin() as connection:
        await connection.execute(lectures.update().values(state="ended"))
    path = f"/api/v1/courses/{course.id}/attendance"
    found = await (await get(path, await token_of(lecturer))).json()
    assert [one["name"] for one in found["learners"]] == ["Aliya"]
    assert [sum(one["statuses"].values()) for one in found["classes"]] == [1, 1]


async def test_a_helper_reads_their_own_log(helped, get, token_of, kept):
    _, _, timur, aliya = helped
    token = await token_of(timur)
    [row] = (await (await get("/api/v1/me/helping", token)).json())["helped"]
    assert row["minutes"] == 65.0
    assert ">1.1<" in await (await get("/me/helping", token)).text()
    assert (await (await get("/api/v1/me/helping", await token_of(aliya))).json())["helped"] == []
    assert kept.facts == []
