"""Many lectures in one offline package."""

import asyncio
import hashlib
import json
import zipfile
from datetime import timedelta
from http import HTTPStatus
from io import BytesIO
from uuid import UUID, uuid4

import pytest

from identity.rights import Role
from player import course_package_api, extras, package_api, site
from player.watch_record import key_of

pytestmark = pytest.mark.timeout(90)

SECRET = "a secret of the house"
ADDRESS = "/api/v1/packages/course"


@pytest.fixture
async def client(serve, clock, library):
    async def chat_of(request, lecture):
        return [(clock.now(), "Дана", "Сұрақ бар")]

    async def results_of(request, lecture):
        return []

    told = chat_of, results_of
    routes = [*site.ROUTES, *package_api.routes(*told), *course_package_api.routes(*told)]
    return await serve(routes, library, extras.opened, course_package_api.opened, secret=SECRET)


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Айгүл")


@pytest.fixture
async def lectures(lecturer, add_lecture, publish):
    """Two with a recording, the later one planned first."""
    made = []
    for hours, title in ((5, "Екінші"), (1, "Бірінші")):
        planned = await add_lecture(lecturer, title=title, starts_in=timedelta(hours=hours))
        made.append(await publish(planned, 2, started_at=planned.starts_at))
    return made


def query(lectures, *more) -> str:
    return "?" + "&".join([*(f"lecture={each.id}" for each in lectures), *more])


async def whole(client, address, headers):
    """The zip, once its files are made."""
    answer = await begun(client, address, headers)
    return answer, zipfile.ZipFile(BytesIO(await answer.read()))


async def begun(client, address, headers):
    """The answer, once the files are made and there is a place."""
    while True:
        answer = await client.get(address, headers=headers)
        if answer.status not in {HTTPStatus.ACCEPTED, HTTPStatus.TOO_MANY_REQUESTS}:
            assert answer.status == HTTPStatus.OK
            return answer
        await asyncio.sleep(0.1)


async def test_a_course_is_a_page_and_the_packages_of_its_lectures(
    client, lectures, lecturer, bearer
):
    own = await bearer(lecturer)
    told = await (await client.get(ADDRESS + query(lectures), headers=own)).json()
    assert [each["title"] for each in told["lectures"]] == ["Бірінші", "Екінші"]
    assert told["size_bytes"] == sum(each["size_bytes"] for each in told["lectures"]) > 10_000
    address = f"{ADDRESS}.zip{query(lectures, 'chat=1', 'title=Толқындар: 1/2')}"
    answer, case = await whole(client, address, own)
    assert "lecture-" in answer.headers["Content-Disposition"]
    assert case.testzip() is None
    manifest = json.loads(case.read("manifest.json"))
    assert (manifest["format"], manifest["title"]) == ("daris-course-1", "Толқындар: 1/2")
    assert manifest["lectures"] == ["lectures/01/", "lectures/02/"]
    assert set(manifest["files"]) == set(case.namelist()) - {"manifest.json"}
    for name, file in manifest["files"].items():
        data = case.read(name)
        assert (file["size"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    shown = json.loads(case.read("data.js").decode().partition("= ")[2].rstrip(";\n"))
    assert [each["title"] for each in shown["lectures"]] == ["Бірінші", "Екінші"]
    first = json.loads(case.read("lectures/01/manifest.json"))
    assert (first["lecture"], first["has_chat"]) == (str(lectures[1].id), True)
    page = json.loads(case.read("lectures/01/data.js").decode().partition("= ")[2].rstrip(";\n"))
    package = UUID(page["package"])
    assert package != UUID(json.loads(case.read("lectures/02/manifest.json"))["package"])
    key = key_of(SECRET.encode(), package, lectures[1].id)  # so its record is handed in as usual
    assert page["key"] == key.hex()


async def test_only_lectures_that_one_may_edit_are_packed(
    client, lectures, lecturer, add_person, add_lecture, bearer
):
    other = await add_person(Role.LECTURER, name="Ержан")
    for person in (other, await add_person(Role.STUDENT, name="Дана")):
        refused = await client.get(f"{ADDRESS}.zip{query(lectures)}", headers=await bearer(person))
        assert refused.status == HTTPStatus.FORBIDDEN
    own = await bearer(lecturer)
    planned = await add_lecture(lecturer, starts_in=timedelta(hours=9))
    wrong = {
        "": HTTPStatus.NOT_FOUND,
        f"?lecture={uuid4()}": HTTPStatus.NOT_FOUND,
        query([planned]): HTTPStatus.NOT_FOUND,
        "?lecture=moon": HTTPStatus.BAD_REQUEST,
        "?" + "&".join(f"lecture={uuid4()}" for _ in range(61)): HTTPStatus.BAD_REQUEST,
    }
    for asked, status in wrong.items():
        assert (await client.get(ADDRESS + asked, headers=own)).status == status


async def test_the_page_lists_ones_own_recordings(client, lectures, lecturer, add_person, bearer):
    named = f"/packages?with={lectures[0].id}"
    page = await (await client.get(named, headers=await bearer(lecturer))).text()
    assert page.count('name="lecture"') == 2
    assert page.count("checked>") == 1
    other = await add_person(Role.LECTURER, name="Ержан")
    page = await (await client.get("/packages", headers=await bearer(other))).text()
    assert 'name="lecture"' not in page
    student = await add_person(Role.STUDENT, name="Дана")
    assert (await client.get("/packages", headers=await bearer(student))).status == 403


async def test_who_leaves_in_the_middle_frees_the_place(
    client, lectures, lecturer, bearer, tmp_path
):
    own = await bearer(lecturer)
    address = f"{ADDRESS}.zip{query(lectures)}"
    await whole(client, address, own)
    for lecture in lectures:
        folder = tmp_path / "media" / str(lecture.id)
        with (folder / "recording.mp4").open("r+b") as file:
            file.truncate(40 << 20)
    for _ in range(6):  # more than there are places
        answer = await begun(client, address, own)
        await answer.content.readexactly(1_000)
        answer.close()
    _, case = await whole(client, address, own)
    assert case.testzip() is None
