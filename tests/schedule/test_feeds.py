"""The secret address of a person's calendar."""

from datetime import timedelta

import pytest

from identity.people import disable
from identity.rights import Role
from schedule import agenda, api, feed_api

HOUR = timedelta(hours=1)


@pytest.fixture
async def site(serve):
    return await serve([*feed_api.routes(), *api.routes()], agenda.opened)


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Aigerim, professor")


@pytest.fixture
def make(site, bearer):
    """Make a person's address; its path."""

    async def make(person) -> str:
        async with site.post("/api/v1/me/feed", headers=await bearer(person)) as answer:
            assert answer.status == 201
            url = (await answer.json())["url"]
            return url[url.index("/calendar/") :]

    return make


async def events(site, path: str) -> list[dict[str, str]]:
    """The properties of each event, read as a calendar program does: unfolded, by name."""
    async with site.get(path) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/calendar"
        text = await answer.text()
    assert text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").split("\r\n")
    found: list[dict[str, str]] = []
    for name, _, value in (line.partition(":") for line in lines):
        if (name, value) == ("BEGIN", "VEVENT"):
            found.append({})
        elif found:
            found[-1].setdefault(name, value)
    return found


async def test_a_change_and_a_cancellation_reach_the_calendar(
    site, lecturer, make, add_lecture, bearer
):
    title = "Сызықтық алгебра және аналитикалық геометрия"
    lecture = await add_lecture(lecturer, title=title)
    path, headers = await make(lecturer), await bearer(lecturer)
    (planned,) = await events(site, path)
    assert (planned["SUMMARY"], planned["SEQUENCE"]) == (title, "0")
    assert planned["STATUS"] == "CONFIRMED"
    address = f"/api/v1/lectures/{lecture.id}"
    async with site.patch(address, json={"revision": 1, "title": "B"}, headers=headers) as answer:
        assert answer.status == 200
    async with site.delete(address, headers=headers) as answer:
        assert answer.status == 200
    (cancelled,) = await events(site, path)
    assert cancelled["UID"] == planned["UID"]
    assert (cancelled["SEQUENCE"], cancelled["STATUS"]) == ("2", "CANCELLED")


async def test_a_lecturer_gets_their_own_and_a_student_all(
    site, lecturer, make, add_person, add_lecture
):
    await add_lecture(lecturer, title="Mine")
    await add_lecture(await add_person(Role.LECTURER), title="Theirs")
    own = await events(site, await make(lecturer))
    every = await events(site, await make(await add_person(Role.STUDENT)))
    assert [event["SUMMARY"] for event in own] == ["Mine"]
    assert {event["SUMMARY"] for event in every} == {"Mine", "Theirs"}


async def test_what_a_program_has_already_is_not_sent_again(site, lecturer, make, add_lecture):
    await add_lecture(lecturer)
    path = await make(lecturer)
    async with site.get(path) as answer:
        tag = answer.headers["ETag"]
    async with site.get(path, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
    await add_lecture(lecturer, starts_in=3 * HOUR)
    async with site.get(path, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 200


async def test_an_address_ends_when_it_is_revoked_or_made_anew(site, lecturer, make, bearer):
    first, second = await make(lecturer), await make(lecturer)
    headers = await bearer(lecturer)
    async with site.get(first) as answer:
        assert answer.status == 404
    async with site.get("/api/v1/me/feed", headers=headers) as answer:
        assert await answer.json() == {"created_at": "2026-09-07T04:00:00Z", "url": None}
    for _ in range(2):
        async with site.delete("/api/v1/me/feed", headers=headers) as answer:
            assert answer.status == 204
    async with site.get(second) as answer:
        assert answer.status == 404
    async with site.get("/api/v1/me/feed", headers=headers) as answer:
        assert (await answer.json())["created_at"] is None


async def test_a_disabled_persons_address_ends(site, lecturer, make, database, clock):
    path = await make(lecturer)
    async with database.begin() as connection:
        await disable(connection, lecturer.id, at=clock.now())
    async with site.get(path) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("secret", ["", "short", "A" * 43, "../" * 15, "%00" * 43])
async def test_a_guessed_address_is_not_found(site, secret):
    async with site.get(f"/calendar/{secret}.ics") as answer:
        assert answer.status == 404


async def test_only_people_have_one(site):
    for method in ("GET", "POST", "DELETE"):
        async with site.request(method, "/api/v1/me/feed") as answer:
            assert answer.status == 401
