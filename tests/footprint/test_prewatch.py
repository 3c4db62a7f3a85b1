"""What is to be watched before class: who sees what of it, how far they are, who is reminded."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from footprint.prewatch import note_assignments
from identity.rights import Role
from kernel.ids import new_id
from player.events import Mode, ViewEnded
from schedule.courses import Course, add_course
from schedule.enrolments import Enrolment, Part, enrol
from schedule.events import AssignmentMade, AssignmentWithdrawn
from schedule.lectures import lectures
from schedule.notices import Way, notices
from schedule.study_work import StudyWork
from schedule.wishes import Ahead, Wish, confirm, save_wish, signature_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECRET = b"a secret of this test"


@pytest.fixture
async def flipped(store, clock, *, add_person, add_lecture):
    """A course with a recording, and a class of it in three days."""
    people = {
        "teacher": await add_person(Role.LECTURER, name="Aigerim", into=store),
        "dana": await add_person(Role.STUDENT, name="Dana", into=store),
        "timur": await add_person(Role.STUDENT, name="Timur", into=store),
        "stranger": await add_person(Role.STUDENT, name="Stranger", into=store),
    }
    async with store.begin() as connection:
        wanted = Course(id=new_id(), key="phys", title="Optics", created_at=clock.now())
        course = await add_course(connection, wanted)
        for name in ("dana", "timur"):
            learner = Enrolment(
                id=new_id(),
                course=course.id,
                person=people[name].id,
                part=Part.LEARNER,
                since=date(2026, 9, 1),
                changed_at=clock.now(),
            )
            await enrol(connection, learner)
    work, teacher = StudyWork(course=course.id), people["teacher"]
    recorded = await add_lecture(teacher, into=store, title="Lenses", work=work)
    coming = await add_lecture(teacher, into=store, title="Lab", work=work, starts_in=3 * DAY)
    async with store.begin() as connection:
        is_it = lectures.c.id == recorded.id
        over = {"state": "published", "recording": "ready"}
        await connection.execute(lectures.update().where(is_it).values(over))
    return people | {"recorded": recorded, "coming": coming}


@pytest.fixture
def ask(client, flipped, token_of):
    async def ask(who: str, method: str, path: str, status: int = 200, **how):
        headers = {"Authorization": f"Bearer {await token_of(flipped[who])}"}
        async with client.request(method, path, headers=headers, **how) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json() if status != 204 else None

    return ask


@pytest.fixture
def assign(ask, flipped):
    async def assign(status: int = 201, who: str = "teacher", **more):
        path = f"/api/v1/lectures/{flipped['coming'].id}/assignments"
        body = {"recording": str(flipped["recorded"].id)} | more
        return await ask(who, "POST", path, status, json=body)

    return assign


@pytest.fixture
def watch(journal, drained, flipped, clock):
    """Somebody plays the first minutes of the recording, which has ten."""

    async def watch(who: str, minutes: int) -> None:
        ended = ViewEnded(
            id=new_id(),
            at=clock.now(),
            lecture=flipped["recorded"].id,
            person=flipped[who].id,
            view=new_id(),
            mode=Mode.RECORDING,
            last_proof_at=clock.now(),
            segments=((0, minutes * 60_000),),
            length_ms=600_000,
        )
        await journal.record(ended)
        await drained()

    return watch


async def test_a_learner_sees_how_far_they_are_and_the_teacher_who_has(
    ask, assign, watch, flipped, kept
):
    made = await assign(percent=70)
    assert made["watched_percent"] is None
    await watch("dana", 7)
    await watch("timur", 3)
    of_class = f"/api/v1/lectures/{flipped['coming'].id}/assignments"
    of_recording = f"/api/v1/lectures/{flipped['recorded'].id}/assignments"
    for who, percent, is_done in (("dana", 70, True), ("timur", 30, False)):
        (mine,) = (await ask(who, "GET", "/api/v1/me/assignments"))["assignments"]
        assert (mine["watched_percent"], mine["is_done"]) == (percent, is_done)
        assert (mine["title"], mine["recording_title"]) == ("Lab", "Lenses")
        assert (await ask(who, "GET", of_class))["before"] == [mine]
        assert (await ask(who, "GET", of_recording))["of_recording"] == [mine]
    progress = f"/api/v1/assignments/{made['id']}/progress"
    people = (await ask("teacher", "GET", progress))["people"]
    assert [(one["name"], one["is_done"]) for one in people] == [("Timur", False), ("Dana", True)]
    assert isinstance(kept.facts[0], AssignmentMade)
    assert [fact.what for fact in kept.facts[1:]] == ["prewatch"]
    await ask("dana", "GET", progress, 403)
    await ask("stranger", "GET", of_class, 403)
    assert (await ask("stranger", "GET", "/api/v1/me/assignments"))["assignments"] == []


async def test_what_was_watched_after_the_deadline_is_too_late(assign, watch, ask, clock, flipped):
    deadline = flipped["coming"].starts_at - DAY
    await assign(deadline=deadline.isoformat())
    clock.advance(2 * DAY + HOUR * 2)
    await watch("dana", 10)
    (mine,) = (await ask("dana", "GET", "/api/v1/me/assignments"))["assignments"]
    assert mine["watched_percent"] == 0


async def test_what_makes_no_sense_is_not_assigned(assign, ask, flipped, kept):
    late = (flipped["coming"].starts_at + HOUR).isoformat()
    for wrong in (
        {"percent": 0},
        {"percent": 101},
        {"deadline": late},
        {"deadline": "2026-09-01T00:00:00Z"},
    ):
        await assign(400, **wrong)
    await assign(400, recording=str(flipped["coming"].id))
    await assign(404, recording=str(new_id()))
    await assign(403, who="dana")
    choices = f"/api/v1/lectures/{flipped['coming'].id}/assignments"
    assert [one["title"] for one in (await ask("teacher", "GET", choices))["choices"]] == ["Lenses"]
    made = await assign()
    await assign(409)
    assert (await ask("teacher", "GET", choices))["choices"] == []
    await ask("dana", "DELETE", f"/api/v1/assignments/{made['id']}", 403)
    await ask("teacher", "DELETE", f"/api/v1/assignments/{made['id']}", 204)
    assert (await ask("dana", "GET", "/api/v1/me/assignments"))["assignments"] == []
    told = [(type(fact), fact.lecture, fact.recording, fact.person) for fact in kept.facts]
    about = flipped["coming"].id, flipped["recorded"].id, flipped["teacher"].id
    assert told == [(AssignmentMade, *about), (AssignmentWithdrawn, *about)]


async def test_who_has_not_watched_is_reminded_once_a_day_before(
    assign, watch, store, clock, flipped
):
    async with store.begin() as connection:
        for name in ("dana", "timur", "teacher"):
            person = flipped[name].id
            wish = Wish(person=person, email=f"{name}@example.kz", ahead=Ahead.QUARTER)
            await save_wish(connection, wish)
            signature = signature_of(SECRET, person, f"{name}@example.kz")
            await confirm(connection, person, signature, secret=SECRET, at=clock.now())
    await assign()
    await watch("dana", 9)

    async def note() -> int:
        return await note_assignments(store, [Way.MAIL], clock.now())

    assert await note() == 0
    clock.advance(2 * DAY + 2 * HOUR)
    assert [await note() for _ in range(2)] == [1, 0]
    async with store.connect() as connection:
        people = list((await connection.execute(sa.select(notices.c.person))).scalars())
    assert people == [flipped["timur"].id]
