"""A weekly series, from its preview to its end."""

from datetime import timedelta

import pytest

from identity.rights import Role
from kernel.ids import new_id
from schedule import academic_api, agenda, api, calendar_api
from schedule.series_api import routes

TERM = {"name": "Autumn term", "starts_on": "2026-08-31", "ends_on": "2026-12-13"}
HOLIDAY = {"holidays": [{"day": "2026-10-05", "name": "A free Monday"}]}
WEEKS = [2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15]  # week 1 is past, week 6 has the holiday


@pytest.fixture
async def site(serve):
    return await serve(
        [*routes(), *academic_api.routes(), *calendar_api.routes(), *api.routes()], agenda.opened
    )


@pytest.fixture
async def hers(add_person, bearer):
    """The headers of a lecturer."""
    return await bearer(await add_person(Role.LECTURER, name="Aigerim"))


@pytest.fixture
async def ask(site, hers):
    async def ask(method, path, *, status=200, headers=hers, **how):
        async with site.request(method, f"/api/v1/{path}", headers=headers, **how) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    return ask


@pytest.fixture
async def period(ask, add_person, bearer) -> str:
    theirs = await bearer(await add_person(Role.COORDINATOR))
    made = await ask("POST", "periods", json=TERM, headers=theirs, status=201)
    path = f"periods/{made['id']}/holidays"
    await ask("PUT", path, json=HOLIDAY, headers=theirs)
    return made["id"]


@pytest.fixture
def body(period):
    def body(**more) -> dict:
        when = {"weekday": 1, "begins": "10:00", "minutes": 50, "first_week": 1, "last_week": 15}
        return {"period": period, "title": "Linear algebra"} | when | more

    return body


@pytest.fixture
async def planned(ask, body) -> dict:
    return await ask("POST", "series", json=body(), status=201)


def by_week(answer: dict) -> dict[int, dict]:
    return {one["week"]: one for one in answer["classes"]}


def starts(answer: dict) -> dict[int, str]:
    return {one["week"]: one["starts_at"] for one in answer["classes"]}


async def _lecture(ask, one: dict) -> dict:
    return await ask("GET", f"lectures/{one['lecture']}")


async def test_the_coming_classes_of_a_series_are_lectures(ask, planned):
    assert list(by_week(planned)) == WEEKS
    assert starts(planned)[2] == "2026-09-07T05:00:00Z"
    lecture = await _lecture(ask, planned["classes"][-1])
    assert (lecture["title"], lecture["starts_at"]) == ("Linear algebra", "2026-12-07T05:00:00Z")
    series = planned["series"]
    assert await ask("GET", f"series/{series['id']}") == planned
    assert await ask("GET", f"series?period={series['period']}") == {"series": [series]}
    assert await ask("GET", f"series?lecture={lecture['id']}") == {"series": [series]}
    assert await ask("GET", f"series?lecture={new_id()}") == {"series": []}


async def test_a_series_pins_its_coming_classes_to_a_policy(ask, body, planned):
    path = f"series/{planned['series']['id']}"
    for revision, version in ((1, "daris-1"), (2, None)):
        patch = {"revision": revision, "attendance_policy": version}
        changed = await ask("PATCH", path, json=patch)
        assert changed["series"]["attendance_policy"] == version
        assert (await _lecture(ask, changed["classes"][-1]))["attendance_policy"] == version
    await ask("PATCH", path, json={"revision": 3, "attendance_policy": "nobody's"}, status=400)
    await ask("POST", "series", json=body(attendance_policy="nobody's"), status=400)


async def test_a_preview_saves_nothing(ask, body):
    shown = await ask("POST", "series?dry_run=true", json=body())
    assert list(by_week(shown)) == WEEKS
    assert await ask("GET", "series") == {"series": []}
    assert await ask("GET", "lectures") == {"lectures": [], "after": None}


async def test_all_conflicts_are_told_and_nothing_is_saved(ask, body):
    odd = await ask("POST", "series", json=body(weeks="odd", last_week=6), status=201)
    assert list(by_week(odd)) == [3, 5]
    refused = await ask("POST", "series", json=body(begins="10:30"), status=409)
    assert [(one["week"], one["day"]) for one in refused["findings"]] == [
        (3, "2026-09-14"),
        (5, "2026-09-28"),
    ]
    assert "teaches" in refused["findings"][0]["message"]
    shown = await ask("POST", "series?dry_run=true", json=body(begins="10:30"))
    assert shown["findings"] == refused["findings"]
    assert len((await ask("GET", "lectures"))["lectures"]) == 2


async def test_exceptions_outlive_a_change_of_the_series(ask, planned):
    classes = by_week(planned)
    moved = f"lectures/{classes[4]['lecture']}"
    times = {"starts_at": "2026-09-22T05:00:00Z", "ends_at": "2026-09-22T06:00:00Z"}
    await ask("PATCH", moved, json={"revision": 1, **times})
    await ask("DELETE", f"lectures/{classes[5]['lecture']}")
    path = f"series/{planned['series']['id']}"
    patch = {"revision": 1, "weekday": 2, "begins": "12:00", "title": "Algebra"}
    changed = await ask("PATCH", path, json=patch | {"waiting_room": True})
    assert changed["series"]["waiting_room"]
    last = await _lecture(ask, changed["classes"][-1])
    assert (last["title"], last["waiting_room"]) == ("Algebra", True)
    after = by_week(changed)
    assert [week for week, one in after.items() if one["is_exception"]] == [4, 5]
    assert after[4]["starts_at"] == times["starts_at"]
    assert after[5]["state"] == "cancelled"
    assert after[7] == classes[7] | {
        "starts_at": "2026-10-13T07:00:00Z",
        "ends_at": "2026-10-13T07:50:00Z",
    }
    assert 6 in after  # the free day is a Monday
    assert (await _lecture(ask, after[7]))["title"] == "Algebra"
    await ask("PATCH", path, json=patch, status=412)


async def test_weeks_that_leave_and_come_back(ask, planned):
    path = f"series/{planned['series']['id']}"
    even = await ask("PATCH", path, json={"revision": 1, "weeks": "even"})
    assert list(by_week(even)) == [2, 4, 8, 10, 12, 14]
    assert (await _lecture(ask, by_week(planned)[3]))["state"] == "cancelled"
    every = await ask("PATCH", path, json={"revision": 2, "weeks": "all"})
    assert list(by_week(every)) == WEEKS
    assert {one["state"] for one in every["classes"]} == {"planned"}


async def test_what_has_begun_stays(ask, planned, clock):
    clock.advance(timedelta(days=8))
    path = f"series/{planned['series']['id']}"
    changed = await ask("PATCH", path, json={"revision": 1, "begins": "15:00"})
    assert starts(changed)[2] == starts(planned)[2]
    assert starts(changed)[3] == starts(planned)[3]
    assert starts(changed)[4] == "2026-09-21T10:00:00Z"


async def test_a_class_is_not_moved_into_the_past(ask, planned):
    path = f"series/{planned['series']['id']}"
    changed = await ask("PATCH", path, json={"revision": 1, "begins": "08:30"})
    assert starts(changed)[2] == starts(planned)[2]
    assert starts(changed)[3] == "2026-09-14T03:30:00Z"


async def test_ending_cancels_what_is_to_come(ask, planned):
    path = f"series/{planned['series']['id']}"
    ended = await ask("DELETE", path)
    assert ended["classes"] == []
    assert ended["series"]["ended_at"] is not None
    assert (await _lecture(ask, planned["classes"][0]))["state"] == "cancelled"
    assert await ask("DELETE", path) == ended
    await ask("PATCH", path, json={"revision": 2}, status=409)


async def test_a_change_that_does_not_fit_leaves_all_as_it_was(ask, body, planned):
    await ask("POST", "series", json=body(weekday=3, first_week=9, last_week=9), status=201)
    path = f"series/{planned['series']['id']}"
    refused = await ask("PATCH", path, json={"revision": 1, "weekday": 3}, status=409)
    assert [one["week"] for one in refused["findings"]] == [9]
    assert await ask("GET", path) == planned
    shown = await ask("PATCH", f"{path}?dry_run=true", json={"revision": 1, "weekday": 3})
    assert [one["week"] for one in shown["findings"]] == [9]
    assert await ask("GET", path) == planned


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekday": 8},
        {"begins": "25:00"},
        {"begins": "9:00"},
        {"minutes": 0},
        {"last_week": 16},
        {"last_week": 1},
        {"zone": "Mars/Base"},
        {"title": " "},
        {"weeks": "third"},
    ],
)
async def test_what_makes_no_sense_is_refused(ask, body, wrong):
    await ask("POST", "series", json=body(**wrong), status=400)
    await ask("POST", "series?dry_run=perhaps", json=body(), status=400)


async def test_rights_are_those_of_the_lectures(ask, body, planned, add_person, bearer):
    path = f"series/{planned['series']['id']}"
    for role in (Role.STUDENT, Role.LECTURER):
        headers = await bearer(await add_person(role))
        mine = body(lecturer=planned["series"]["lecturer"], begins="18:00")
        await ask("POST", "series", json=mine, headers=headers, status=403)
        await ask("PATCH", path, json={"revision": 1}, headers=headers, status=403)
        await ask("DELETE", path, headers=headers, status=403)
        assert await ask("GET", path, headers=headers) == planned
    unknown = body(period=str(new_id()))
    await ask("POST", "series", json=unknown, status=404)
    await ask("GET", f"series/{new_id()}", status=404)
