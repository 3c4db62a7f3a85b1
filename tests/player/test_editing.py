"""The editor over HTTP: who may cut, what viewers get then, and how it is taken back."""

import os

import pytest

from identity.rights import Role
from kernel.web import RECORDER
from player import caption_shelf, delivery, editing, extras
from player.captions import Cue
from player.delivery import LIBRARY
from player.events import RecordingEdited
from transcode.library import Library

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def client(serve, tmp_path, may_watch):
    async def library(app):
        app[LIBRARY] = Library(tmp_path / "media")
        delivery.add_routes(app, may_watch)
        yield

    return await serve([*extras.routes(may_watch), *editing.routes()], library, extras.opened)


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Айгүл")


@pytest.fixture
async def lecture(lecturer, add_lecture, publish):
    """Over, with a recording of twelve seconds."""
    planned = await add_lecture(lecturer)
    return await publish(planned, 12, gop=25)


@pytest.fixture
def address(lecture) -> str:
    return f"/api/v1/lectures/{lecture.id}/recording/edition"


@pytest.fixture
async def host(bearer, lecturer):
    return await bearer(lecturer)


@pytest.fixture
async def student(add_person, bearer):
    return await bearer(await add_person(Role.STUDENT, name="Дана"))


CUT = {"cuts": [{"starts_ms": 3_000, "ends_ms": 8_000}]}


async def put(client, address, headers, body, revision: int = 0):
    return await client.put(address, headers=headers | {"If-Match": f'"{revision}"'}, json=body)


async def playlist(client, lecture, headers, name="programme") -> str:
    answer = await client.get(f"/hls/{lecture.id}/{name}.m3u8", headers=headers)
    assert answer.status == 200
    return await answer.text()


async def test_viewers_get_a_cut_at_once_and_it_can_be_taken_back(
    client, address, lecture, host, student
):
    before = await playlist(client, lecture, student)
    cut = await put(client, address, host, CUT)
    assert cut.status == 200
    assert cut.headers["ETag"] == '"1"'
    assert (await cut.json())["played_ms"] == pytest.approx(7_000, abs=1_500)
    assert "#EXT-X-DISCONTINUITY" in await playlist(client, lecture, student)
    undone = await client.post(f"{address}/undo", headers=host | {"If-Match": '"1"'})
    assert (await undone.json())["cuts"] == []
    assert await playlist(client, lecture, student) == before


async def test_the_editor_sees_it_uncut_and_nobody_else(client, address, lecture, host, student):
    before = await playlist(client, lecture, host)
    await put(client, address, host, CUT)
    assert await playlist(client, lecture, host, "uncut-programme") == before
    assert "uncut-programme.m3u8" in await playlist(client, lecture, host, "uncut")
    refused = await client.get(f"/hls/{lecture.id}/uncut.m3u8", headers=student)
    assert refused.status == 403


async def test_students_read_chapters_and_cut_nothing(client, address, host, student):
    chapters = [{"at_ms": 4_000, "title": "Әлсіз өріс"}, {"at_ms": 0, "title": "Кіріспе"}]
    assert (await put(client, address, host, {"chapters": chapters})).status == 200
    told = await (await client.get(address, headers=student)).json()
    assert [each["title"] for each in told["chapters"]] == ["Кіріспе", "Әлсіз өріс"]
    assert (await put(client, address, student, CUT, revision=1)).status == 403


async def test_slides_that_shall_be_no_chapters_are_remembered(client, address, host):
    await put(client, address, host, {"dismissed_ms": [8_000, 2_000]})
    told = await (await client.get(address, headers=host)).json()
    assert told["dismissed_ms"] == [2_000, 8_000]


async def test_an_edit_names_the_revision_that_was_read(client, address, host):
    assert (await client.put(address, headers=host, json=CUT)).status == 428
    assert (await put(client, address, host, CUT)).status == 200
    assert (await put(client, address, host, CUT)).status == 412
    nothing = await client.post(f"{address}/undo", headers=host | {"If-Match": '"0"'})
    assert nothing.status == 409


@pytest.mark.parametrize(
    "body",
    [
        {"cuts": [{"starts_ms": 0, "ends_ms": 12_000}]},
        {"cuts": [{"starts_ms": -1, "ends_ms": 12}]},
        {"cuts": [{"starts_ms": 1}]},
        {"chapters": [{"at_ms": 0, "title": ""}]},
        {"keep": []},
    ],
)
async def test_an_edit_that_makes_no_sense_is_told_so(client, address, host, body):
    assert (await put(client, address, host, body)).status == 400


async def test_captions_stay_with_what_is_said_when_cuts_come_and_go(
    client, address, lecture, host, clock
):
    folder = client.app[LIBRARY].folder / str(lecture.id)
    before = [Cue(500, 900, "a"), Cue(2_500, 8_500, "b"), Cue(4_000, 5_000, "c")]
    later = Cue(10_000, 11_000, "d")
    caption_shelf.keep(folder, "kk", [*before, later])
    cut = await put(client, address, host, CUT)
    gone = 12_000 - (await cut.json())["played_ms"]
    moved = Cue(10_000 - gone, 11_000 - gone, "d")
    read = caption_shelf.read(folder, "kk")
    assert [cue.text for cue in read] == ["a", "b", "d"]
    assert read[0] == before[0]
    assert read[2].begin_ms == pytest.approx(moved.begin_ms, abs=2)
    caption_shelf.keep(folder, "ru", read)  # by the revision with the cut
    await client.post(f"{address}/undo", headers=host | {"If-Match": '"1"'})
    assert caption_shelf.read(folder, "kk") == [*before, later]
    assert caption_shelf.read(folder, "ru")[2].begin_ms == pytest.approx(10_000, abs=2)


async def test_captions_in_a_cut_outlive_an_edit_of_the_others(client, address, lecture, host):
    folder = client.app[LIBRARY].folder / str(lecture.id)
    taken = [Cue(500, 900, "a"), Cue(2_500, 4_500, "b"), Cue(4_600, 5_000, "c")]
    caption_shelf.keep(folder, "kk", taken)
    await put(client, address, host, CUT)
    first, over = caption_shelf.read(folder, "kk")
    assert over.end_ms < 4_500  # what the cut left of it
    edited = Cue(first.begin_ms, first.end_ms, "A")
    caption_shelf.keep(folder, "kk", [edited, over])
    assert caption_shelf.read(folder, "kk") == [edited, over]
    await client.post(f"{address}/undo", headers=host | {"If-Match": '"1"'})
    assert caption_shelf.read(folder, "kk") == [Cue(500, 900, "A"), *taken[1:]]


async def test_captions_of_before_revisions_were_noted_count_by_their_age(
    client, address, lecture, host, clock
):
    folder = client.app[LIBRARY].folder / str(lecture.id)
    for language, age in (("kk", -60), ("ru", 60)):
        caption_shelf.keep(folder, language, [Cue(0, 100, "a")])
        file = folder / "captions" / f"{language}.vtt"
        file.write_text("WEBVTT\n\n00:09.000 --> 00:10.000\nТолқын\n")
        moment = clock.now().timestamp() + age
        os.utime(file, (moment, moment))
    cut = await put(client, address, host, CUT)
    gone = 12_000 - (await cut.json())["played_ms"]
    [kk], [ru] = (caption_shelf.read(folder, language) for language in ("kk", "ru"))
    assert kk.begin_ms == pytest.approx(9_000 - gone, abs=2)
    assert ru.begin_ms == 9_000


async def test_who_cut_what_is_a_fact(client, address, host, lecturer):
    cut = await (await put(client, address, host, CUT)).json()
    (fact,) = [f for f in client.app[RECORDER].facts if isinstance(f, RecordingEdited)]
    assert (fact.person, fact.revision, fact.cuts) == (lecturer.id, 1, ((3_000, 8_000),))
    assert fact.uncut_ms == 12_000
    assert sum(ends - begins for begins, ends in fact.played) == cut["played_ms"]
    assert all(begins >= 8_000 or ends <= 3_000 for begins, ends in fact.played)
