"""Who may watch a recording: the choice of its hosts, and the public link."""

from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

import pytest

from identity.rights import Role
from identity.tickets import TICKETS, Ticket
from kernel.web import CLOCK, RECORDER
from player import beacons, caption_api, delivery, sharing, site, views
from player.beacons import VIEWS, Views
from player.delivery import LIBRARY
from schedule import agenda, subjects
from schedule.events import RecordingShared
from schedule.lifecycle import Visibility
from schedule.timetable import TIMETABLE
from transcode.library import Library

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def client(serve, tmp_path):
    async def library(app):
        app[LIBRARY] = Library(tmp_path / "media")
        app[VIEWS] = Views(app[RECORDER], app[CLOCK])
        delivery.add_routes(app, sharing.may_watch)
        yield

    return await serve(
        [
            *site.ROUTES,
            *views.routes(),
            *sharing.routes(),
            *beacons.routes(sharing.may_watch),
            *caption_api.routes(sharing.may_watch),
        ],
        library,
        agenda.opened,
        subjects.opened,
    )


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Айгүл")


@pytest.fixture
async def lecture(lecturer, add_lecture, publish):
    planned = await add_lecture(lecturer)
    return await publish(planned, 2, started_at=planned.starts_at, ended_at=planned.ends_at)


@pytest.fixture
async def choose(client, lecture, lecturer, bearer):
    """`await choose("link")`: the answer, as the host gets it."""
    proof = await bearer(lecturer)
    address = f"/api/v1/lectures/{lecture.id}/recording/access"

    async def put(visibility: str):
        answer = await client.put(address, json={"visibility": visibility}, headers=proof)
        assert answer.status == HTTPStatus.OK
        return await answer.json()

    return put


async def follow(client, url: str):
    """What a stranger's browser gets of the link; with the ticket in `cookies`."""
    path = url[url.index("/lectures/") :]
    return await client.get(path, allow_redirects=False)


def visitor(answer) -> dict[str, str]:
    return {"Cookie": f"daris_ticket={answer.cookies['daris_ticket'].value}"}


async def statuses(client, lecture, headers) -> list[int]:
    paths = (f"/lectures/{lecture.id}", f"/hls/{lecture.id}/index.m3u8")
    found = [await client.get(path, headers=headers, allow_redirects=False) for path in paths]
    return [answer.status for answer in found]


async def test_a_public_link_lets_strangers_watch_and_leaves_no_trace(client, lecture, choose):
    url = (await choose("link"))["url"]
    assert await statuses(client, lecture, {}) == [303, 401]
    entered = await follow(client, url)
    assert (entered.status, entered.headers["Location"]) == (303, f"/lectures/{lecture.id}")
    stranger = visitor(entered)
    client.session.cookie_jar.clear()
    assert await statuses(client, lecture, stranger) == [200, 200]
    page = await (await client.get(f"/lectures/{lecture.id}", headers=stranger)).text()
    assert "/beacon" not in page
    assert "/chat" not in page
    kinds = {type(fact).__name__ for fact in client.app[RECORDER].facts}
    assert kinds <= {"LecturePlanned", "RecordingShared"}
    beacon = {"view": str(uuid4()), "mode": "recording", "position": 1, "playing": True}
    token = page.partition('name="csrf-token" content="')[2].partition('"')[0]
    address = f"/api/v1/lectures/{lecture.id}/beacon"
    sent = await client.post(address, json=beacon, headers={**stranger, "X-CSRF-Token": token})
    assert sent.status == HTTPStatus.NO_CONTENT
    assert "ViewBegan" not in {type(fact).__name__ for fact in client.app[RECORDER].facts}


async def test_a_revoked_link_ends_at_once_and_does_not_come_back(client, lecture, choose, clock):
    url = (await choose("link"))["url"]
    stranger = visitor(await follow(client, url))
    client.session.cookie_jar.clear()
    assert await statuses(client, lecture, stranger) == [200, 200]
    assert await choose("group") == {"visibility": "group", "url": None}
    assert await statuses(client, lecture, stranger) == [303, 403]
    assert (await follow(client, url)).status == HTTPStatus.GONE
    assert (await choose("link"))["url"] != url
    assert await statuses(client, lecture, stranger) == [303, 403]
    assert (await follow(client, url)).status == HTTPStatus.GONE


async def test_a_link_that_another_process_ended_ends_within_seconds(
    client, lecture, choose, clock
):
    stranger = visitor(await follow(client, (await choose("link"))["url"]))
    client.session.cookie_jar.clear()
    video = f"/hls/{lecture.id}/index.m3u8"
    assert (await client.get(video, headers=stranger)).status == HTTPStatus.OK
    await client.app[TIMETABLE].share_recording(lecture.id, Visibility.UNIVERSITY, by=None)
    clock.advance(timedelta(seconds=16))
    assert (await client.get(video, headers=stranger)).status == HTTPStatus.FORBIDDEN
    assert (await client.app[subjects.SUBJECTS].of(lecture.id)).link is None


async def test_a_new_link_ends_the_one_before(client, lecture, lecturer, choose, bearer):
    first = (await choose("link"))["url"]
    assert (await choose("link"))["url"] == first  # choosing again changes nothing
    address = f"/api/v1/lectures/{lecture.id}/recording/access"
    renewed = await (await client.post(f"{address}/link", headers=await bearer(lecturer))).json()
    assert renewed["visibility"] == "link"
    assert renewed["url"] != first
    assert (await follow(client, first)).status == HTTPStatus.GONE
    assert (await follow(client, renewed["url"])).status == HTTPStatus.SEE_OTHER


async def test_a_ticket_of_another_lecture_is_refused(
    client, lecture, lecturer, add_lecture, publish, choose
):
    other = await publish(await add_lecture(lecturer, starts_in=timedelta(hours=3)), 1)
    stranger = visitor(await follow(client, (await choose("link"))["url"]))
    client.session.cookie_jar.clear()
    assert await statuses(client, other, stranger) == [303, 403]
    forged = Ticket(lecture=lecture.id, name="", roles=frozenset({Role.VISITOR}), link=uuid4())
    bearer = {"Authorization": f"Bearer {client.app[TICKETS].issue(forged, timedelta(hours=1))}"}
    assert await statuses(client, lecture, bearer) == [303, 403]


async def test_who_is_signed_in_follows_the_link_as_themselves(client, choose, add_person, bearer):
    url = (await choose("link"))["url"]
    path = url[url.index("/lectures/") :]
    student = await bearer(await add_person(Role.STUDENT, name="Дана"))
    answer = await client.get(path, headers=student, allow_redirects=False)
    assert answer.status == HTTPStatus.SEE_OTHER
    assert "daris_ticket" not in answer.cookies


async def test_only_hosts_choose_and_each_choice_is_a_fact(
    client, lecture, lecturer, choose, add_person, bearer
):
    await choose("university")
    await choose("university")
    await choose("link")
    facts = [fact for fact in client.app[RECORDER].facts if isinstance(fact, RecordingShared)]
    assert [(f.visibility, f.has_new_link, f.person) for f in facts] == [
        (Visibility.UNIVERSITY, False, lecturer.id),
        (Visibility.LINK, True, lecturer.id),
    ]
    address = f"/api/v1/lectures/{lecture.id}/recording/access"
    student = await bearer(await add_person(Role.STUDENT, name="Дана"))
    assert (await client.get(address, headers=student)).status == HTTPStatus.FORBIDDEN
    body = {"visibility": "group"}
    assert (await client.put(address, json=body, headers=student)).status == HTTPStatus.FORBIDDEN
    bad = await client.put(address, json={"visibility": "moon"}, headers=await bearer(lecturer))
    assert bad.status == HTTPStatus.BAD_REQUEST
    nowhere = await client.get(f"/lectures/{lecture.id}/open/{'A' * 32}")
    assert nowhere.status == HTTPStatus.GONE
