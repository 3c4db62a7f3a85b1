"""The offline package: what is in it, and what comes back from it."""

import asyncio
import hashlib
import hmac
import json
import zipfile
from datetime import timedelta
from io import BytesIO
from uuid import UUID

import msgspec
import pytest

from bench import clips
from identity.rights import Role
from player import caption_shelf, extras, package_api
from player.captions import Cue
from player.delivery import LIBRARY
from player.events import ViewBegan, ViewEnded
from player.watch_record import FORMAT, key_of
from schedule.questions import Question
from transcode.edition import AS_TAKEN, Cut

pytestmark = pytest.mark.timeout(60)

SECRET = "a secret of the house"
SAID = ("Дана", "</script><script>alert(1)</script>")
LENGTH = timedelta(seconds=3)
QUESTION = Question("Қайсысы?", ("Ньютон", "</script>"), right=(0,))


@pytest.fixture
async def client(serve, clock, library):
    async def chat_of(request, lecture):
        return [(clock.now() + timedelta(seconds=2), *SAID)]

    async def results_of(request, lecture):
        return [package_api.Result(clock.now() + timedelta(seconds=1), QUESTION, 4, (3, 1))]

    routes = package_api.routes(chat_of, results_of)
    return await serve(routes, library, extras.opened, secret=SECRET)


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Айгүл")


@pytest.fixture
async def lecture(client, lecturer, add_lecture, clock):
    """With a recording of three seconds, and captions."""
    planned = await add_lecture(lecturer, title="Толқын: 1/2")
    library = client.app[LIBRARY]
    opened = library.open_recording(planned.id, clock.now(), post=lambda call: call())
    clips.record(opened, 3)
    caption_shelf.keep(library.folder / str(planned.id), "kk", [Cue(500, 900, "Күн & жүйе")])
    return planned


@pytest.fixture
def handed_in(client, lecture, clock):
    """`await handed_in(headers, …)`: a record as a package's page would save it."""

    async def post(headers, *, secret=SECRET, spoil="", of=lecture.id, **more):
        package = more.pop("package", PACKAGE)
        began = clock.now() + timedelta(hours=2)
        view = {
            "view": str(VIEW),
            "began_at": began.isoformat(),
            "ended_at": (began + timedelta(seconds=3)).isoformat(),
            "position_ms": 2900,
            "segments": [[0, 1000], [900, 2900]],
        }
        record = json.dumps({"package": str(package), "lecture": str(of), "views": [view | more]})
        key = key_of(secret.encode(), package, of)
        signature = hmac.digest(key, record.encode(), "sha256").hex()
        body = {"format": FORMAT, "record": record + spoil, "signature": signature}
        address = f"/api/v1/lectures/{lecture.id}/watch-records"
        clock.advance(timedelta(hours=3))
        try:
            return await client.post(address, json=body, headers=headers)
        finally:
            clock.advance(-timedelta(hours=3))

    return post


VIEW = UUID("11111111-1111-4111-8111-111111111111")
PACKAGE = UUID("0199e000-0000-7000-8000-000000000001")  # minted in October 2025


async def packed(client, lecture, headers, query=""):
    """The zip, once its MP4 is made."""
    address = f"/api/v1/lectures/{lecture.id}/package.zip{query}"
    while True:
        response = await client.get(address, headers=headers)
        if response.status != 202:
            break
        await asyncio.sleep(0.05)
    assert response.status == 200, await response.text()
    return zipfile.ZipFile(BytesIO(await response.read()))


def shown(case) -> dict:
    script = case.read("data.js").decode()
    return json.loads(script.removeprefix("window.DARIS_CASE = ").removesuffix(";\n"))


async def test_a_package_holds_all_that_its_manifest_says(client, lecture, lecturer, bearer):
    case = await packed(client, lecture, await bearer(lecturer))
    manifest = json.loads(case.read("manifest.json"))
    assert set(case.namelist()) == {*manifest["files"], "manifest.json"}
    assert {"index.html", "media/lecture.mp4", "captions/kk.vtt"} <= set(case.namelist())
    for name, noted in manifest["files"].items():
        data = case.read(name)
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (noted["sha256"], noted["size"])
    assert case.read("transcript/kk.txt").decode() == "00:00:00  Күн & жүйе\n"
    assert shown(case)["words"]["kk"].keys() >= {"Save what I watched", "Transcript"}


async def test_the_camera_is_in_it_where_a_screen_was_shown(
    client, lecturer, add_lecture, bearer, clock
):
    planned = await add_lecture(lecturer)
    opened = client.app[LIBRARY].open_recording(planned.id, clock.now(), post=lambda call: call())
    for kind, unit in clips.interleaved(
        camera=clips.video(4), screen=clips.video(2, starts=2), voice=clips.voice(4)
    ):
        opened.push(kind, unit)
    opened.finish()
    case = await packed(client, planned, await bearer(lecturer))
    assert {"media/lecture.mp4", "media/camera.mp4"} <= set(case.namelist())
    assert shown(case)["camera"] == "media/camera.mp4"


async def test_the_chat_is_in_it_only_if_that_is_wanted(client, lecture, lecturer, bearer):
    headers = await bearer(lecturer)
    without = await packed(client, lecture, headers)
    assert "chat.json" not in without.namelist()
    assert "Дана" not in without.read("data.js").decode()
    case = await packed(client, lecture, headers, "?chat=1")
    [line] = json.loads(case.read("chat.json"))
    assert (line["name"], line["text"]) == SAID
    assert 1_900 < line["at_ms"] <= 2_000


async def test_what_polls_came_to_is_in_it(client, lecture, lecturer, bearer):
    case = await packed(client, lecture, await bearer(lecturer))
    [poll] = json.loads(case.read("polls.json"))
    assert shown(case)["polls"] == [poll]
    assert (poll["question"]["text"], poll["counts"], poll["answered"]) == ("Қайсысы?", [3, 1], 4)
    assert 900 < poll["at_ms"] <= 1_000


async def test_only_who_may_edit_takes_a_package_away(client, lecture, add_person, bearer):
    address = f"/api/v1/lectures/{lecture.id}/package.zip"
    assert (await client.get(address)).status == 401
    student = await bearer(await add_person(Role.STUDENT))
    assert (await client.get(address, headers=student)).status == 403


async def test_what_was_watched_comes_back_once_and_late(
    client, lecture, add_person, bearer, handed_in, kept, clock
):
    student = await add_person(Role.STUDENT)
    headers = await bearer(student)
    assert await (await handed_in(headers)).json() == {"taken": 1, "known": 0}
    began, ended = kept.facts
    assert isinstance(began, ViewBegan)
    assert isinstance(ended, ViewEnded)
    assert (ended.person, ended.lecture, ended.is_late) == (student.id, lecture.id, True)
    assert ended.segments == ((0, 2900),)
    assert ended.at == clock.now() + timedelta(hours=2, seconds=3)
    assert await (await handed_in(headers)).json() == {"taken": 0, "known": 1}
    assert len(kept.facts) == 2


async def test_a_record_of_a_package_counts_by_what_the_package_held(
    client, lecture, add_person, bearer, handed_in, kept, clock
):
    cut = msgspec.structs.replace(AS_TAKEN, at=clock.now(), cuts=(Cut(0, 1_500),))
    client.app[LIBRARY].edit(lecture.id, cut)
    assert (await handed_in(await bearer(await add_person(Role.STUDENT)))).status == 200
    assert (kept.facts[1].revision, kept.facts[1].segments) == (0, ((0, 2900),))


async def test_nobody_hands_in_what_somebody_else_did(client, add_person, bearer, handed_in, kept):
    await handed_in(await bearer(await add_person(Role.STUDENT)))
    assert (await handed_in(await bearer(await add_person(Role.STUDENT)))).status == 409
    assert len(kept.facts) == 2


@pytest.mark.parametrize(
    ("forged", "status"),
    [
        ({"secret": "another house"}, 422),
        ({"spoil": " "}, 422),
        ({"of": UUID(int=1)}, 400),
        ({"segments": [[0, 60_000]]}, 422),
        ({"segments": [[2000, 1000]]}, 422),
        ({"segments": [[-1, 1000]]}, 400),
        ({"segments": [[0, 2900]] * 6}, 422),
        ({"ended_at": "2020-01-01T00:00:00Z"}, 422),
        ({"ended_at": "2036-01-01T00:00:00Z"}, 422),
        ({"began_at": "2024-01-01T00:00:00Z"}, 422),
        ({"began_at": "2026-09-07T06:00:00"}, 400),
        ({"segments": [[0, 1]] * 2_001}, 400),
        ({"view": "no id"}, 400),
    ],
)
async def test_what_can_not_have_been_is_refused(
    add_person, bearer, handed_in, kept, forged, status
):
    response = await handed_in(await bearer(await add_person(Role.STUDENT)), **forged)
    assert (response.status, kept.facts) == (status, [])


async def test_what_is_no_record_is_said(client, lecture, lecturer, bearer):
    address = f"/api/v1/lectures/{lecture.id}/watch-records"
    for body in (b"", b"PK\x03\x04", b"[" * 100_000, b'{"format": "x"}'):
        response = await client.post(address, data=body, headers=await bearer(lecturer))
        assert response.status == 400
        assert "no watch record" in (await response.json())["title"]


async def test_a_record_that_can_not_be_kept_can_be_handed_in_again(
    client, add_person, bearer, handed_in, kept, monkeypatch
):
    headers = await bearer(await add_person(Role.STUDENT))

    async def refuse(*facts):
        raise package_api.Unavailable("The disk does not keep up; try again in a moment.")

    with monkeypatch.context() as patch:
        patch.setattr(kept, "record", refuse)
        assert (await handed_in(headers)).status == 503
    assert await (await handed_in(headers)).json() == {"taken": 1, "known": 0}
