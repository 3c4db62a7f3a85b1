import pytest

from identity.rights import Role
from schedule import academic_api, calendar_api

TERM = {"name": "Autumn term", "starts_on": "2026-08-31", "ends_on": "2026-12-13"}


@pytest.fixture
async def site(serve):
    return await serve([*academic_api.routes(), *calendar_api.routes()])


@pytest.fixture
async def theirs(add_person, bearer):
    """The headers of a coordinator."""
    return await bearer(await add_person(Role.COORDINATOR))


async def ask(client, method: str, path: str = "", *, status: int = 200, **how) -> dict:
    async with client.request(method, f"/api/v1/periods{path}", **how) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_a_coordinator_keeps_the_calendar(site, theirs):
    made = await ask(site, "POST", json=TERM, headers=theirs, status=201)
    assert (made["weeks"], made["midterm_week"], made["calendar"]) == (15, 10, "university")
    path = f"/{made['id']}"
    patch = {"revision": 1, "midterm_week": 8, "name": "Autumn"}
    changed = await ask(site, "PATCH", path, json=patch, headers=theirs)
    assert changed == made | {"midterm_week": 8, "name": "Autumn", "revision": 2}
    await ask(site, "PATCH", path, json=patch, headers=theirs, status=409)
    assert await ask(site, "GET", path, headers=theirs) == changed
    assert await ask(site, "GET", headers=theirs) == {"periods": [changed]}
    assert await ask(site, "GET", "?from=2027-01-01", headers=theirs) == {"periods": []}


async def test_a_short_period_has_no_midterm_by_itself(site, theirs):
    session = TERM | {"ends_on": "2026-09-13"}
    made = await ask(site, "POST", json=session, headers=theirs, status=201)
    assert made["midterm_week"] is None


async def test_an_mba_has_teaching_hours_of_its_own(site, theirs):
    evening = TERM | {"calendar": "mba", "opens": "18:00", "closes": "22:00"}
    made = await ask(site, "POST", json=evening, headers=theirs, status=201)
    assert (made["opens"], made["closes"]) == ("18:00", "22:00")
    path = f"/{made['id']}"
    later = {"revision": 1, "opens": "18:30"}
    assert (await ask(site, "PATCH", path, json=later, headers=theirs))["opens"] == "18:30"
    wrong = {"revision": 2, "closes": "18:30"}
    await ask(site, "PATCH", path, json=wrong, headers=theirs, status=400)
    wrong = {"revision": 2, "closes": "soon"}
    await ask(site, "PATCH", path, json=wrong, headers=theirs, status=400)


async def test_holidays_are_replaced_as_a_whole(site, theirs):
    made = await ask(site, "POST", json=TERM, headers=theirs, status=201)
    path = f"/{made['id']}/holidays"
    days = {"holidays": [{"day": "2026-10-25", "name": "Republic Day"}]}
    assert await ask(site, "PUT", path, json=days, headers=theirs) == days
    assert await ask(site, "GET", path, headers=theirs) == days
    twice = {"holidays": days["holidays"] * 2}
    await ask(site, "PUT", path, json=twice, headers=theirs, status=400)
    outside = {"holidays": [{"day": "2027-01-01", "name": "New Year"}]}
    refused = await ask(site, "PUT", path, json=outside, headers=theirs, status=400)
    assert refused["findings"][0]["day"] == "2027-01-01"


@pytest.mark.parametrize("wrong", [{"starts_on": "soon"}, {"midterm_week": 0}, {"year": 1}])
async def test_what_makes_no_sense_is_refused(site, theirs, wrong):
    await ask(site, "POST", json=TERM | wrong, headers=theirs, status=400)


@pytest.mark.parametrize("role", [Role.LECTURER, Role.STUDENT])
async def test_others_read_it_only(site, role, add_person, bearer):
    headers = await bearer(await add_person(role))
    await ask(site, "POST", json=TERM, headers=headers, status=403)
    assert await ask(site, "GET", headers=headers) == {"periods": []}
    await ask(site, "GET", status=401)


async def test_an_unknown_period_is_not_found(site, theirs):
    await ask(site, "GET", "/00000000-0000-0000-0000-000000000000", headers=theirs, status=404)
    await ask(site, "GET", "/nothing", headers=theirs, status=404)
