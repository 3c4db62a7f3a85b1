"""Courses and enrolments over HTTP: who manages, who sees what of whom."""

import pytest

from identity.rights import Role
from schedule import agenda, api, course_api, enrolment_api, series_api


@pytest.fixture
async def site(serve):
    routes = [course_api, enrolment_api, api, series_api]
    return await serve([route for one in routes for route in one.routes()], agenda.opened)


@pytest.fixture
async def someone(add_person, bearer):
    """`person, headers = await someone(Role.TUTOR)`."""

    async def someone(role, **more):
        person = await add_person(role, **more)
        return person, await bearer(person)

    return someone


@pytest.fixture
async def ask(site):
    async def ask(headers, method, path, *, status=200, **how):
        async with site.request(method, f"/api/v1/{path}", headers=headers, **how) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    return ask


@pytest.fixture
async def saule(someone):
    return (await someone(Role.COORDINATOR, name="Saule"))[1]


@pytest.fixture
async def course(ask, saule):
    body = {"key": "CS101", "title": "Algorithms", "faculty": "Physics", "credits": 5}
    return await ask(saule, "POST", "courses", json=body, status=201)


async def test_a_course_from_its_making_to_its_people(ask, saule, course, someone):
    assert await ask(saule, "GET", "courses?faculty=Physics") == {
        "courses": [course],
        "after": None,
    }
    path = f"courses/{course['id']}"
    changed = await ask(saule, "PATCH", path, json={"revision": 1, "credits": None})
    assert changed == course | {"credits": None, "revision": 2}
    await ask(saule, "PATCH", path, json={"revision": 1, "title": "Late"}, status=412)
    group = await ask(saule, "POST", "groups", json={"key": "IS-21"}, status=201)
    dana, hers = await someone(Role.STUDENT, name="Dana")
    body = {"login": dana.login, "study_group": group["id"], "category": 5, "legal_basis": "Order"}
    made = await ask(saule, "POST", f"{path}/enrolments", json=body, status=201)
    (member,) = (await ask(saule, "GET", f"{path}/enrolments"))["enrolments"]
    assert (member["name"], member["group"], member["category"]) == ("Dana", "is-21", 5)
    await ask(hers, "GET", f"{path}/enrolments", status=403)
    await ask(hers, "PATCH", f"enrolments/{made['id']}", json={}, status=403)
    await ask(saule, "PATCH", f"enrolments/{made['id']}", json={"until": "2026-12-01"})
    (member,) = (await ask(saule, "GET", f"{path}/enrolments"))["enrolments"]
    assert member["until"] == "2026-12-01"


async def test_who_teaches_a_course_sees_its_people_but_no_categories(ask, saule, course, someone):
    path = f"courses/{course['id']}/enrolments"
    aigerim, hers = await someone(Role.LECTURER)
    _, other = await someone(Role.LECTURER)
    for login, part in ((aigerim.login, "lecturer"), ((await someone(Role.STUDENT))[0].login, "")):
        more = {"part": part} if part else {"category": 2, "legal_basis": "Certificate 7"}
        await ask(saule, "POST", path, json={"login": login} | more, status=201)
    seen = (await ask(hers, "GET", path))["enrolments"]
    assert [one["part"] for one in seen] == ["lecturer", "learner"]
    assert not any({"category", "legal_basis"} & one.keys() for one in seen)
    await ask(other, "GET", path, status=403)


async def test_a_lecture_and_a_series_name_their_course_over_http(ask, course, someone):
    _, hers = await someone(Role.LECTURER)
    body = {
        "title": "Sorting",
        "starts_at": "2026-09-08T04:00:00Z",
        "ends_at": "2026-09-08T05:00:00Z",
        "course": course["id"],
        "kind": "seminar",
        "mode": "hybrid",
        "chat_mode": "questions",
        "waiting_room": True,
        "attendance_policy": "daris-1",
        "auditorium": "305",
    }
    made = await ask(hers, "POST", "lectures", json=body, status=201)
    assert {name: made[name] for name in body} == body
    listed = await ask(hers, "GET", f"lectures?course={course['id']}&auditorium=305")
    assert [one["id"] for one in listed["lectures"]] == [made["id"]]
    patch = {"revision": 1, "course": None, "auditorium": None}
    changed = await ask(hers, "PATCH", f"lectures/{made['id']}", json=patch)
    assert (changed["course"], changed["kind"], changed["auditorium"]) == (None, "seminar", None)
    wrong = body | {"kind": "party"}
    await ask(hers, "POST", "lectures", json=wrong, status=400)
    nowhere = body | {"course": made["id"], "starts_at": "2026-09-08T04:30:00Z"}
    await ask(hers, "POST", "lectures", json=nowhere, status=404)


async def test_a_class_is_pinned_to_a_published_policy_and_once_begun_by_who_makes_rules(
    ask, saule, someone, kept
):
    _, hers = await someone(Role.LECTURER)
    times = {"starts_at": "2026-09-08T04:00:00Z", "ends_at": "2026-09-08T05:00:00Z"}
    body = {"title": "Sorting", "attendance_policy": "kaznu-1"} | times
    refused = await ask(hers, "POST", "lectures", json=body, status=400)
    assert refused["title"] == "There is no attendance policy kaznu-1; published are daris-1."
    made = await ask(hers, "POST", "lectures", json=body | {"attendance_policy": None}, status=201)
    path, pinned = f"lectures/{made['id']}", {"attendance_policy": "daris-1"}
    await ask(hers, "PATCH", path, json={"revision": 1, "attendance_policy": "x"}, status=400)
    changed = await ask(hers, "PATCH", path, json={"revision": 1} | pinned)
    assert changed["attendance_policy"] == kept.facts[-1].attendance_policy == "daris-1"
    begun = await ask(hers, "POST", f"{path}/start")
    patch = {"revision": begun["revision"], "attendance_policy": None}
    await ask(hers, "PATCH", path, json=patch, status=403)
    await ask(hers, "PATCH", path, json=patch | pinned | {"summary": "Words may change."})
    patch["revision"] += 1
    assert (await ask(saule, "PATCH", path, json=patch))["attendance_policy"] is None


async def test_only_an_administrator_gives_a_coordinator_faculties(ask, saule, course, someone):
    _, chief = await someone(Role.ADMIN)
    other, theirs = await someone(Role.COORDINATOR, name="Marat")
    path = f"people/{other.id}/scope"
    await ask(saule, "PUT", path, json={"faculties": ["Physics"]}, status=403)
    await ask(chief, "PUT", path, json={"faculties": ["Physics"]})
    assert await ask(chief, "GET", path) == {"faculties": ["Physics"]}
    patch = {"revision": 1, "title": "Sorting"}
    await ask(saule, "PATCH", f"courses/{course['id']}", json=patch, status=403)
    await ask(theirs, "PATCH", f"courses/{course['id']}", json=patch)
    student, _ = await someone(Role.STUDENT)
    await ask(chief, "PUT", f"people/{student.id}/scope", json={"faculties": []}, status=400)
