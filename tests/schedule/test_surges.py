"""The surge switch: a faculty online in one step, and back."""

from datetime import timedelta

import pytest

from identity.rights import Role
from kernel.ids import new_id
from schedule import agenda, api, surge_api
from schedule.courses import Course, add_course, set_scope
from schedule.planning import Author, Plan, plan
from schedule.study_work import Mode, StudyWork

DAY = timedelta(days=1)
ASKED = {
    "reason": "Order 14, quarantine",
    "since": "2026-09-07T00:00:00Z",
    "until": "2026-10-01T00:00:00Z",
    "faculty": "Physics",
}


@pytest.fixture
async def saule(add_person):
    return await add_person(Role.COORDINATOR)


@pytest.fixture
async def ask(serve, bearer, saule):
    site = await serve([*api.routes(), *surge_api.routes()], agenda.opened)
    hers = await bearer(saule)

    async def ask(method, path, *, status=200, headers=hers, **how):
        async with site.request(method, f"/api/v1/{path}", headers=headers, **how) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    return ask


@pytest.fixture
async def term(database, clock, add_person):
    """Classes of two faculties and one of none: hybrid, hybrid, online, by television, hybrid."""
    lecturer = await add_person(Role.LECTURER)
    now, made = clock.now(), []
    async with database.begin() as connection:
        courses = [
            await add_course(
                connection,
                Course(id=new_id(), key=faculty, title="A", faculty=faculty, created_at=now),
            )
            for faculty in ("Physics", "History")
        ]
        physics, history = (course.id for course in courses)
        works = ((physics, Mode.HYBRID),) * 2 + (
            (physics, Mode.NETWORK),
            (history, Mode.HYBRID),
            (None, Mode.HYBRID),
        )
        for days, (course, mode) in enumerate(works, 1):
            wanted = Plan(
                title="Class",
                lecturer=lecturer.id,
                starts_at=now + days * DAY,
                ends_at=now + days * DAY + timedelta(hours=1),
                work=StudyWork(course=course, mode=mode),
            )
            made.append(await plan(connection, wanted, Author(lecturer.id, now)))
    return made


async def modes(ask) -> list[str]:
    return [one["mode"] for one in (await ask("GET", "lectures"))["lectures"]]


BEFORE = ["hybrid", "hybrid", "network", "hybrid", "hybrid"]


async def test_a_faculty_goes_online_in_one_reviewed_step_and_back(ask, term):
    shown = await ask("POST", "surges?dry_run=true", json=ASKED)
    assert (shown["classes"], shown["courses"], shown["by_mode"]) == (2, 1, {"hybrid": 2})
    assert await modes(ask) == BEFORE
    made = await ask("POST", "surges", json=ASKED, status=201)
    assert await modes(ask) == ["network", "network", "network", "hybrid", "hybrid"]
    address = f"surges/{made['surge']['id']}"
    assert (await ask("DELETE", f"{address}?dry_run=true"))["classes"] == 2
    assert (await ask("GET", "surges"))["surges"] == [made["surge"]]
    assert (await ask("DELETE", address))["classes"] == 2
    assert await modes(ask) == BEFORE
    await ask("DELETE", address, status=409)


async def test_what_somebody_changed_meanwhile_or_was_taught_stays(ask, term, clock):
    made = await ask("POST", "surges", json=ASKED, status=201)
    second = await ask("GET", f"lectures/{term[1].id}")
    patch = {"revision": second["revision"], "mode": "case"}
    await ask("PATCH", f"lectures/{second['id']}", json=patch)
    clock.advance(DAY + timedelta(minutes=1))
    assert (await ask("DELETE", f"surges/{made['surge']['id']}"))["classes"] == 0
    assert (await modes(ask))[:2] == ["network", "case"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"until": "2026-09-01T00:00:00Z"}, 400),
        ({"faculty": "Nowhere"}, 400),
        ({"reason": " "}, 400),
        ({"faculty": None}, 403),
    ],
)
async def test_a_surge_that_makes_no_sense_is_refused(ask, term, more, status):
    await ask("POST", "surges", json=ASKED | more, status=status)
    assert await modes(ask) == BEFORE


async def test_a_faculty_is_switched_by_its_own_coordinators(
    ask, term, add_person, bearer, database
):
    marat = await add_person(Role.COORDINATOR)
    async with database.begin() as connection:
        await set_scope(connection, marat.id, ["Physics"])
    await ask("POST", "surges", json=ASKED, status=403)
    theirs = await bearer(marat)
    await ask("POST", "surges", json=ASKED, headers=theirs, status=201)
    chief = await bearer(await add_person(Role.ADMIN))
    whole = ASKED | {"faculty": None, "mode": "television"}
    done = await ask("POST", "surges", json=whole, headers=chief, status=201)
    assert done["by_mode"] == {"network": 3, "hybrid": 1}
