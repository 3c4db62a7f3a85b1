"""The policy of its day judges a lecture; people are judged by the rule of their category."""

from datetime import timedelta

import pytest

from footprint.rebuilding import rebuild
from footprint.statements import House
from identity.rights import Role
from kernel.ids import new_id
from player.events import Mode, ViewBegan, ViewEnded
from schedule.courses import Course, add_course
from schedule.enrolments import Enrolment, enrol
from schedule.lectures import bare_lecture, lectures
from schedule.lifecycle import Policy
from schedule.planning import Author, Changes, change
from schedule.study_work import StudyWork

POLICIES = "/api/v1/attendance/policies"


@pytest.fixture
def store(database):
    """Nothing here is SQL of one kind."""
    return database


@pytest.fixture
async def admin(store, add_person, token_of) -> str:
    return await token_of(await add_person(Role.ADMIN, name="Root", into=store))


@pytest.fixture
def post(client, admin):
    async def post(path: str, body: dict, *, token: str = admin):
        return await client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})

    return post


@pytest.fixture
async def visited(store, clock, room, journal, drained, add_person, add_lecture):
    """A lecture of 50 minutes in which Aliya was for 20, and whose recording she played half of
    two days later."""
    lecturer = await add_person(Role.LECTURER, name="Dana", into=store)
    aliya = await add_person(Role.STUDENT, name="Aliya", into=store)
    lecture = await add_lecture(lecturer, into=store, starts_in=timedelta(hours=1))
    room.lecture = lecture.id
    joined, view = room.joined(aliya.id, 60), new_id()
    at = room.at(2 * 24 * 60)
    seen = {"lecture": lecture.id, "person": aliya.id, "view": view, "mode": Mode.RECORDING}
    await journal.record(joined, room.left(joined, 80), ViewBegan(id=new_id(), at=at, **seen))
    end = at + timedelta(minutes=25)
    whole, half = 50 * 60_000, ((0, 25 * 60_000),)
    ended = {"length_ms": whole, "segments": half, "last_proof_at": end}
    await journal.record(ViewEnded(id=new_id(), at=end, **seen, **ended))
    await drained()
    clock.advance(timedelta(days=5))
    return lecture, aliya


def rules(lecture, version: str = "kaznu-1", **policy) -> dict:
    return {"begins_at": lecture.starts_at.isoformat(), "policy": {"version": version} | policy}


@pytest.fixture
def row(visited, get, admin):
    """Aliya's row, and the version that judged it."""

    async def row() -> tuple[dict, str]:
        sheet = await (await get(f"/api/v1/lectures/{visited[0].id}/attendance", admin)).json()
        return sheet["rows"][0], sheet["policy"]

    return row


async def test_a_policy_counts_from_its_day_on_and_results_name_it(visited, post, row):
    lecture, _ = visited
    later = rules(lecture, "later-1", present_percent=10)
    later["begins_at"] = (lecture.starts_at + timedelta(seconds=1)).isoformat()
    assert (await post(POLICIES, later)).status == 201
    found, version = await row()
    assert (found["status"], version) == ("absent", "daris-1")
    assert (await post(POLICIES, rules(lecture, present_minutes=20))).status == 201
    found, version = await row()
    assert (found["status"], version) == ("present", "kaznu-1")


async def test_a_class_is_judged_by_the_version_to_which_it_is_pinned_even_when_it_is_over(
    visited, post, row, get, admin, *, store, clock, token_of
):
    lecture, aliya = visited
    later = rules(lecture, "later-1", present_percent=10)
    later["begins_at"] = (lecture.ends_at + timedelta(days=90)).isoformat()
    await post(POLICIES, later)
    async with store.begin() as connection:
        times = {"started_at": lecture.starts_at, "ended_at": lecture.ends_at, "state": "ended"}
        await connection.execute(lectures.update().values(times))

    async def pin(version: str | None) -> None:
        async with store.begin() as connection:
            revision = (await bare_lecture(connection, lecture.id)).revision
            changes = Changes(work=StudyWork(attendance_policy=version))
            by = Author(None, clock.now())
            await change(connection, lecture.id, changes, by, revision=revision, policy=Policy())

    async def judged() -> tuple[str, str]:
        found, version = await row()
        return found["status"], version

    assert await judged() == ("absent", "daris-1")
    await pin("later-1")
    assert await judged() == ("present", "later-1")
    mine = await (await get("/api/v1/me/footprint", await token_of(aliya))).json()
    assert mine["totals"]["lectures_attended"] == 1
    asked = f"{POLICIES}?dry_run=true"
    assert (await (await post(asked, rules(lecture, late_after="PT0S"))).json())["classes"] == 0
    why = f"/lectures/{lecture.id}/attendance/{aliya.id}"
    assert '"is_pinned":true' in await (await get(f"/api/v1{why}", admin)).text()
    assert "осы сабақ үшін таңдалған" in await (await get(why, admin)).text()
    assert "later-1" in await (await get(f"/lectures/{lecture.id}/attendance", admin)).text()
    async with store.begin() as connection:
        await rebuild(connection, House("https://live.example.edu"))
    assert await judged() == ("present", "later-1")
    await pin(None)
    assert await judged() == ("absent", "daris-1")


async def test_what_a_policy_would_change_is_told_by_number_and_nothing_is_kept(
    visited, post, get, admin, row, store
):
    lecture, _ = visited
    async with store.begin() as connection:
        times = {"started_at": lecture.starts_at, "ended_at": lecture.ends_at, "state": "ended"}
        await connection.execute(lectures.update().values(times))
    asked = f"{POLICIES}?dry_run=true"
    found = await (await post(asked, rules(lecture, present_minutes=20))).json()
    assert (found["classes"], found["people"], found["is_complete"]) == (1, 1, True)
    [changed] = found["changed"]
    assert changed["changes"] == [{"before": "absent", "after": "present", "people": 1}]
    assert "Aliya" not in str(found)
    assert (await (await post(asked, rules(lecture, late_after="PT1H"))).json())["changed"] == []
    later = rules(lecture) | {"begins_at": lecture.ends_at.isoformat()}
    assert (await (await post(asked, later)).json())["classes"] == 0
    assert (await post(asked, rules(lecture, "daris-1"))).status == 409
    assert len((await (await get(POLICIES, admin)).json())["policies"]) == 1
    assert (await row())[0]["status"] == "absent"


async def test_the_category_of_an_enrolment_counts_in_its_course(
    visited, post, row, store, clock, get, token_of
):
    lecture, aliya = visited
    async with store.begin() as connection:
        course = Course(id=new_id(), key="opt", title="Optics", created_at=clock.now())
        course = await add_course(connection, course)
        since = {"since": lecture.starts_at.date(), "changed_at": clock.now()}
        why = {"category": 2, "legal_basis": "Certificate 7"}
        one = Enrolment(id=new_id(), course=course.id, person=aliya.id, **since, **why)
        await enrol(connection, one)
    await post(POLICIES, rules(lecture, overrides={"1.9.2": {"present_percent": 40}}))
    assert (await row())[0]["status"] == "absent"
    async with store.begin() as connection:
        await connection.execute(lectures.update().values(course=course.id))
    assert (await row())[0]["status"] == "present"
    mine = await (await get("/api/v1/me/footprint", await token_of(aliya))).json()
    assert mine["totals"]["lectures_attended"] == 1


async def test_the_pages_show_every_version_and_ones_own_categories(
    visited, post, get, admin, token_of
):
    lecture, aliya = visited
    overrides = {"1.9.2": {"is_excused": True}, "works-abroad": {"present_minutes": 10}}
    await post(POLICIES, rules(lecture, overrides=overrides))
    student = await token_of(aliya)
    page = await (await get("/attendance/policies", student)).text()
    assert page.count('data-testid="policy"') == 2
    assert ("policy-form" in page, "works-abroad" in page) == (False, True)
    page = await (await get("/attendance/policies", admin)).text()
    assert 'value="kaznu-2"' in page
    path = f"/people/{aliya.id}/categories"
    await post(f"/api/v1{path}", {"category": "1.9.2", "begins_on": "2026-09-01"})
    assert "1.9.2" in await (await get(path, student)).text()
    assert "category-form" in await (await get(path, admin)).text()
    other = await (await get(f"/people/{new_id()}/categories", student)).json()
    assert other["status"] == 403


async def test_a_version_is_never_changed(visited, post, get, admin):
    assert (await post(POLICIES, rules(visited[0]))).status == 201
    assert (await post(POLICIES, rules(visited[0]))).status == 409
    assert (await post(POLICIES, rules(visited[0], "daris-1"))).status == 409
    known = await (await get(POLICIES, admin)).json()
    assert [one["policy"]["version"] for one in known["policies"]] == ["daris-1", "kaznu-1"]


async def test_a_recording_played_by_the_deadline_counts(visited, post, row):
    too_late = {"percent": 50, "days": 1}
    await post(POLICIES, rules(visited[0], "a-1", asynchronous=too_late))
    assert (await row())[0]["status"] == "absent"
    await post(POLICIES, rules(visited[0], "a-2", asynchronous=too_late | {"days": 3}))
    found, _ = await row()
    assert (found["status"], found["covered_percent"]) == ("watched", 50.0)


async def test_a_category_has_its_own_deadline_and_is_not_told(
    visited, post, row, get, admin, token_of
):
    lecture, aliya = visited
    replay = {"percent": 50, "days": 30}
    overrides = {"works-abroad": {"asynchronous": replay}}
    policy = rules(lecture, asynchronous={"percent": 50, "days": 1}, overrides=overrides)
    await post(POLICIES, policy)
    assert (await row())[0]["status"] == "absent"
    day = lecture.starts_at.date()
    path = f"/api/v1/people/{aliya.id}/categories"
    category = {"category": "works-abroad", "begins_on": day.isoformat()}
    assert (await post(path, category)).status == 201
    found, _ = await row()
    assert found["status"] == "watched"
    why = f"/api/v1/lectures/{lecture.id}/attendance/{aliya.id}"
    said = await (await get(why, admin)).text()
    assert '"has_own_rule":true' in said
    assert "works-abroad" not in said
    mine = await (await get("/api/v1/me/footprint", await token_of(aliya))).json()
    assert mine["totals"]["lectures_attended"] == 1
    ended = {**category, "begins_on": "2026-01-01", "ends_on": "2026-01-02"}
    await post(path, ended)
    assert (await row())[0]["status"] == "absent"


async def test_categories_are_ones_own_and_reading_others_is_a_fact(
    visited, get, admin, token_of, add_person, store, kept
):
    _, aliya = visited
    path = f"/api/v1/people/{aliya.id}/categories"
    assert await (await get(path, await token_of(aliya))).json() == {"categories": []}
    assert kept.facts == []
    assert (await get(path, admin)).status == 200
    assert (kept.facts[0].what, kept.facts[0].of) == ("categories", aliya.id)
    other = await add_person(Role.LECTURER, into=store)
    assert (await get(path, await token_of(other))).status == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"begins_at": "2026-09-07T04:00:00", "policy": {"version": "x-1"}},
        {"begins_at": "1999-09-07T04:00:00Z", "policy": {"version": "x-1"}},
        {"begins_at": "2026-09-07T04:00:00Z", "policy": {"version": "x-1", "late_after": 5}},
    ],
    ids=str,
)
async def test_a_policy_that_is_none_is_refused_in_a_sentence(post, body):
    answer = await post(POLICIES, body)
    assert answer.status == 400
    assert (await answer.json())["title"].endswith(".")


async def test_nobody_below_makes_rules(post, add_person, store, token_of, visited):
    lecturer = await token_of(await add_person(Role.LECTURER, into=store))
    assert (await post(POLICIES, rules(visited[0]), token=lecturer)).status == 403
