from datetime import timedelta

import pytest

from identity.rights import Role
from kernel.ids import new_id
from schedule import agenda
from schedule.api import routes

HOUR = timedelta(hours=1)


@pytest.fixture
async def site(serve):
    return await serve(routes(), agenda.opened)


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Aigerim")


@pytest.fixture
async def hers(lecturer, bearer):
    """The headers of the lecturer."""
    return await bearer(lecturer)


@pytest.fixture
def body(clock):
    """A lecture to plan, in an hour from now."""

    def body(*, starts_in=HOUR, **more) -> dict:
        starts_at = clock.now() + starts_in
        times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + HOUR).isoformat()}
        return {"title": "Linear algebra", **times, **more}

    return body


@pytest.fixture
def headers_of(add_person, bearer):
    """The headers of somebody of a role; of nobody for None."""

    async def headers_of(role: Role | None) -> dict[str, str]:
        return {} if role is None else await bearer(await add_person(role))

    return headers_of


@pytest.fixture
async def planned(site, hers, body) -> dict:
    """A lecture that the lecturer has planned."""
    return await ask(site, "POST", "", json=body(), headers=hers, status=201)


async def ask(client, method: str, path: str, *, status: int = 200, **how) -> dict:
    async with client.request(method, f"/api/v1/lectures{path}", **how) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_a_lecturer_plans_teaches_and_ends_a_lecture(site, lecturer, hers, body, kept):
    made = await ask(site, "POST", "", json=body(), headers=hers, status=201)
    assert made["lecturer"] == str(lecturer.id)
    assert made["starts_at"] == "2026-09-07T05:00:00Z"
    assert (made["state"], made["revision"]) == ("planned", 1)
    path = f"/{made['id']}"
    assert await ask(site, "GET", path, headers=hers) == made
    live = await ask(site, "POST", f"{path}/start", headers=hers)
    assert (live["state"], live["recording"]) == ("live", "running")
    ended = await ask(site, "POST", f"{path}/stop", headers=hers)
    assert ended["state"] == "ended"
    kinds = [type(fact).__name__ for fact in kept.facts]
    assert kinds == ["LecturePlanned", "LectureOpened", "LectureStarted", "LectureEnded"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"title": ""}, 400),
        ({"title": None}, 400),
        ({"starts_at": "tomorrow"}, 400),
        ({"starts_at": "2026-09-07T05:00:00"}, 400),
        ({"ends_at": "2026-09-07T05:00:00Z"}, 400),
        ({"ends_at": "9999-12-31T23:59:59Z"}, 400),
        ({"ends_at": "9999-12-31T23:59:59-10:00"}, 400),
        ({"starts_at": "0001-01-01T00:00:00+05:00"}, 400),
        ({"lecturer": "me"}, 400),
        ({"surplus": 1}, 400),
        ({"lecturer": "0190d5a8-0000-7000-8000-000000000000"}, 403),
    ],
)
async def test_bad_bodies_get_a_problem_with_a_sentence(site, hers, body, wrong, status):
    said = await ask(site, "POST", "", json=body() | wrong, headers=hers, status=status)
    assert said["status"] == status
    assert said["title"].endswith(".")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b'{"title": 1}', b"null"])
async def test_garbage_is_bad_json(site, hers, text):
    headers = hers | {"Content-Type": "application/json"}
    await ask(site, "POST", "", data=text, headers=headers, status=400)


async def test_a_clash_tells_the_next_free_time_in_the_viewers_zone(site, add_person, bearer, body):
    lecturer = await add_person(Role.LECTURER, zone="Europe/Berlin")
    headers = await bearer(lecturer)
    await ask(site, "POST", "", json=body(), headers=headers, status=201)
    said = await ask(site, "POST", "", json=body(), headers=headers, status=409)
    assert "2026-09-07 08:00" in said["title"]


async def test_a_change_needs_the_revision_that_was_read(site, hers, body):
    made = await ask(site, "POST", "", json=body(), headers=hers, status=201)
    path, change = f"/{made['id']}", {"title": "Tensors"}
    await ask(site, "PATCH", path, json=change, headers=hers, status=400)
    await ask(site, "PATCH", path, json=change | {"revision": 7}, headers=hers, status=412)
    tag = {"If-Match": '"1"'}
    changed = await ask(site, "PATCH", path, json=change, headers=hers | tag)
    assert (changed["title"], changed["revision"]) == ("Tensors", 2)
    await ask(site, "PATCH", path, json=change, headers=hers | {"If-Match": "W/x"}, status=412)
    again = change | {"title": "Vectors", "revision": 1}
    await ask(site, "PATCH", path, json=again, headers=hers, status=412)


async def test_the_answer_carries_its_revision_as_etag(site, hers, body):
    async with site.post("/api/v1/lectures", json=body(), headers=hers) as answer:
        assert answer.headers["ETag"] == '"1"'


async def test_a_lecture_is_cancelled_by_delete(site, hers, body, kept):
    made = await ask(site, "POST", "", json=body(), headers=hers, status=201)
    path = f"/{made['id']}?reason=ill"
    assert (await ask(site, "DELETE", path, headers=hers))["state"] == "cancelled"
    assert kept.facts[-1].reason == "ill"


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        (Role.STUDENT, {"GET": 200, "PATCH": 403, "start": 403, "stop": 403, "DELETE": 403}),
        (Role.LECTURER, {"GET": 200, "PATCH": 403, "start": 403, "stop": 403, "DELETE": 403}),
        (Role.VOLUNTEER, {"GET": 200, "PATCH": 403, "start": 403, "stop": 403, "DELETE": 403}),
        (Role.COORDINATOR, {"GET": 200, "PATCH": 200, "start": 403, "stop": 403, "DELETE": 200}),
        (Role.ADMIN, {"GET": 200, "PATCH": 200, "start": 200, "stop": 200}),
        (None, {"GET": 401, "PATCH": 401, "start": 401, "stop": 401, "DELETE": 401}),
    ],
)
async def test_others_do_what_their_role_allows(site, planned, headers_of, role, statuses):
    theirs = await headers_of(role)
    for action, status in statuses.items():
        path, how = f"/{planned['id']}", {"headers": theirs, "status": status}
        if action in {"start", "stop"}:
            await ask(site, "POST", f"{path}/{action}", **how)
        elif action == "PATCH":
            await ask(site, "PATCH", path, json={"title": "Mine", "revision": 1}, **how)
        else:
            await ask(site, action, path, **how)


async def test_nobody_gives_a_lecture_to_somebody_else_without_the_right(
    site, hers, body, add_person
):
    other = await add_person(Role.LECTURER)
    made = await ask(site, "POST", "", json=body(), headers=hers, status=201)
    change = {"revision": 1, "lecturer": str(other.id)}
    await ask(site, "PATCH", f"/{made['id']}", json=change, headers=hers, status=403)


async def test_a_coordinator_plans_for_a_lecturer(site, lecturer, add_person, bearer, body):
    headers = await bearer(await add_person(Role.COORDINATOR))
    wanted = body(lecturer=str(lecturer.id))
    made = await ask(site, "POST", "", json=wanted, headers=headers, status=201)
    assert made["lecturer_name"] == "Aigerim"
    await ask(site, "POST", "", json=body(starts_in=3 * HOUR), headers=headers, status=400)


async def test_what_does_not_exist_is_not_found(site, hers):
    await ask(site, "GET", f"/{new_id()}", headers=hers, status=404)
    await ask(site, "GET", "/not-an-id", headers=hers, status=404)
    await ask(site, "POST", f"/{new_id()}/start", headers=hers, status=404)


async def test_the_list_filters_and_pages(site, hers, body):
    for hours in (1, 3, 5):
        wanted = body(starts_in=hours * HOUR)
        await ask(site, "POST", "", json=wanted, headers=hers, status=201)
    first = await ask(site, "GET", "?limit=2", headers=hers)
    assert len(first["lectures"]) == 2
    rest = await ask(site, "GET", f"?limit=2&after={first['after']}", headers=hers)
    assert (len(rest["lectures"]), rest["after"]) == (1, None)
    narrowed = await ask(site, "GET", "?from=2026-09-07T08:30:00Z&state=planned,open", headers=hers)
    assert len(narrowed["lectures"]) == 1
    assert (await ask(site, "GET", "?state=cancelled", headers=hers))["lectures"] == []


@pytest.mark.parametrize(
    "query",
    [
        "from=0001-01-01T00:00:00%2B05:00",
        "limit=0",
        "limit=x",
        "after=x",
        "from=now",
        "state=gone",
        "lecturer=1",
        "limit=501",
    ],
)
async def test_a_wrong_query_is_refused_with_a_sentence(site, hers, query):
    assert (await ask(site, "GET", f"?{query}", headers=hers, status=400))["title"]


async def test_an_invited_guest_sees_the_one_lecture(site, hers, body):
    made = await ask(site, "POST", "", json=body(), headers=hers, status=201)
    other = await ask(site, "POST", "", json=body(starts_in=3 * HOUR), headers=hers, status=201)
    wanted = {"name": "Visitor", "minutes": 60}
    path = f"/{made['id']}"
    invited = await ask(site, "POST", f"{path}/tickets", json=wanted, headers=hers, status=201)
    assert invited["url"].endswith(f"/lectures{path}?ticket={invited['ticket']}")
    guest = {"Authorization": f"Bearer {invited['ticket']}"}
    assert (await ask(site, "GET", path, headers=guest))["id"] == made["id"]
    await ask(site, "GET", f"/{other['id']}", headers=guest, status=403)
    await ask(site, "GET", "", headers=guest, status=403)
    await ask(site, "POST", f"{path}/start", headers=guest, status=403)


async def test_the_calendar_file_of_a_lecture(site, hers, body):
    made = await ask(site, "POST", "", json=body(), headers=hers, status=201)
    async with site.get(f"/lectures/{made['id']}.ics", headers=hers) as answer:
        assert answer.content_type == "text/calendar"
        assert f"UID:{made['id']}@127.0.0.1" in await answer.text()
    async with site.get(f"/lectures/{made['id']}.ics") as answer:
        assert answer.status == 401
