"""Captions that are edited: version after version, each of which can be taken back."""

import pytest

from bench import clips
from identity.rights import Role
from player import caption_api, caption_editing, caption_shelf, sharing
from player.caption_history import MOST_VERSIONS
from player.captions import Cue
from player.delivery import LIBRARY
from schedule import subjects

FIRST = [{"begin_ms": 500, "end_ms": 2000, "text": "Күн жүйесі"}]
SECOND = [*FIRST, {"begin_ms": 2000, "end_ms": 2900, "text": "Ай & <b>жұлдыздар</b>"}]


@pytest.fixture
async def client(serve, library):
    routes = [*caption_api.routes(sharing.may_watch), *caption_editing.routes()]
    return await serve(routes, library, subjects.opened)


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Айгүл")


@pytest.fixture
async def lecture(client, lecturer, add_lecture, clock):
    """With a recording of three seconds."""
    planned = await add_lecture(lecturer)
    opened = client.app[LIBRARY].open_recording(planned.id, clock.now(), post=lambda call: call())
    clips.record(opened, 3)
    return planned


@pytest.fixture
async def ask(client, lecture, lecturer, bearer):
    """`await ask("PUT", cues, tag)`: status, tag and body of the answer."""
    own = await bearer(lecturer)
    address = f"/api/v1/lectures/{lecture.id}/captions/kk/cues"

    async def request(method, cues=None, tag=None, path=""):
        headers = own | ({"If-Match": tag} if tag else {})
        body = None if cues is None else {"cues": cues}
        answer = await client.request(method, address + path, json=body, headers=headers)
        return answer.status, answer.headers.get("ETag"), await answer.json()

    return request


async def test_each_save_is_a_version_that_can_be_taken_back(ask):
    _, tag, body = await ask("GET")
    assert (body["cues"], body["can_take_back"]) == ([], False)
    assert 2_900 < body["length_ms"] < 3_100
    _, tag, body = await ask("PUT", FIRST, tag)
    assert (body["cues"], body["can_take_back"]) == (FIRST, False)
    _, tag, body = await ask("PUT", SECOND, tag)
    assert (body["cues"], body["can_take_back"]) == (SECOND, True)
    _, tag, body = await ask("POST", tag=tag, path="/undo")
    assert (body["cues"], body["can_take_back"]) == (FIRST, False)
    assert (await ask("POST", tag=tag, path="/undo"))[0] == 409


async def test_nobody_overwrites_what_somebody_else_saved(ask):
    _, before, _ = await ask("GET")
    _, tag, _ = await ask("PUT", FIRST, before)
    assert (await ask("PUT", SECOND, before))[0] == 412
    assert (await ask("POST", tag=before, path="/undo"))[0] == 412
    assert (await ask("PUT", SECOND))[0] == 428
    assert (await ask("GET"))[1:] == (tag, (await ask("GET"))[2])


async def test_faults_are_told_by_cue_and_nothing_is_saved(ask):
    _, tag, _ = await ask("GET")
    wrong = [
        FIRST[0],
        {"begin_ms": 900, "end_ms": 800, "text": "x"},
        {"begin_ms": 9_000, "end_ms": 9_500, "text": "x"},
        {"begin_ms": 100, "end_ms": 200, "text": " \n "},
        {"begin_ms": -5, "end_ms": 200, "text": "x"},
        {"begin_ms": 5, "end_ms": 10**15, "text": "x"},
        {"begin_ms": 5, "end_ms": 10, "text": "x" * 1_001},
    ]
    status, _, body = await ask("PUT", wrong, tag)
    assert status == 400
    assert [each["cue"] for each in body["findings"]] == [1, 2, 3, 4, 5, 6]
    assert body["findings"][0]["problem"] == "the caption ends before it begins."
    assert (await ask("GET"))[2]["cues"] == []


async def test_only_who_may_edit_the_lecture_edits_its_captions(
    client, lecture, add_person, bearer
):
    student = await bearer(await add_person(Role.STUDENT, name="Дана"))
    address = f"/api/v1/lectures/{lecture.id}/captions/kk/cues"
    assert (await client.get(address, headers=student)).status == 403
    assert (await client.put(address, json={"cues": FIRST}, headers=student)).status == 403


async def test_deleted_captions_leave_no_earlier_versions(client, lecture, ask, lecturer, bearer):
    _, tag, _ = await ask("GET")
    _, tag, _ = await ask("PUT", FIRST, tag)
    await ask("PUT", SECOND, tag)
    own = await bearer(lecturer)
    deleted = await client.delete(f"/api/v1/lectures/{lecture.id}/captions/kk", headers=own)
    assert deleted.status == 204
    _, _, body = await ask("GET")
    assert (body["cues"], body["can_take_back"]) == ([], False)


def test_only_the_newest_versions_are_remembered(tmp_path):
    for number in range(MOST_VERSIONS + 5):
        caption_shelf.keep(tmp_path, "kk", [Cue(0, 1000, f"version {number}")])
    for _ in range(MOST_VERSIONS):
        caption_shelf.take_back(tmp_path, "kk")
    assert not caption_shelf.has_earlier(tmp_path, "kk")
    assert caption_shelf.read(tmp_path, "kk") == [Cue(0, 1000, "version 4")]
    assert [each.language for each in caption_shelf.listed(tmp_path)] == ["kk"]
