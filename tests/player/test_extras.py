"""The file to take away, the poster and the AAC over HTTP: made when wanted, for whom may watch."""

import asyncio
from urllib.parse import unquote

import pytest

from bench import clips
from identity.rights import Role
from player import extras, views
from player.delivery import LIBRARY
from transcode import jobs
from transcode.jobs import Job
from transcode.library import Library

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def client(serve, library, may_watch):
    return await serve([*extras.routes(may_watch), *views.routes()], library, extras.opened)


@pytest.fixture
async def lecture(add_person, add_lecture, publish):
    """Over, with a recording of three seconds."""
    person = await add_person(Role.LECTURER, name="Айгүл")
    planned = await add_lecture(person, title="Толқын: 1/2 бөлім")
    return await publish(planned, 3)


@pytest.fixture
async def student(add_person, bearer):
    return await bearer(await add_person(Role.STUDENT, name="Дана"))


async def made(client, lecture, headers, **more):
    """The first answer that is not `still being made`."""
    while True:
        response = await client.get(address(lecture), headers=headers | more)
        if response.status != 202:
            return response
        assert int(response.headers["Retry-After"]) > 0
        assert (await response.json())["state"] == "making"
        await asyncio.sleep(0.05)


def address(lecture) -> str:
    return f"/api/v1/lectures/{lecture.id}/recording.mp4"


async def test_the_file_is_made_when_somebody_asks(client, lecture, student):
    response = await made(client, lecture, student)
    assert response.status == 200
    assert (await response.read())[4:8] == b"ftyp"
    name = unquote(response.headers["Content-Disposition"])
    assert "Толқын 1 2 бөлім 2026-09-07.mp4" in name
    assert response.headers["Accept-Ranges"] == "bytes"


async def test_a_part_of_the_file_can_be_asked_for(client, lecture, student):
    whole = await (await made(client, lecture, student)).read()
    part = await made(client, lecture, student, Range="bytes=100-199")
    assert part.status == 206
    assert await part.read() == whole[100:200]


async def test_the_poster_and_the_aac_come_with_it(client, lecture, student):
    await made(client, lecture, student)
    for name, kind in (
        ("poster.jpg", "image/jpeg"),
        ("aac.m3u8", "application/vnd.apple.mpegurl"),
        ("aac.mp4", "audio/mp4"),
    ):
        response = await client.get(f"/hls/{lecture.id}/{name}", headers=student)
        assert (response.status, response.content_type) == (200, kind)
    page = await (await client.get("/", headers=student)).text()
    assert f"/hls/{lecture.id}/poster.jpg" in page


async def test_after_it_was_made_the_multivariant_offers_both_voices(client, lecture, student):
    found = await client.app[LIBRARY].fetch(lecture.id)
    assert b"mp4a" not in found.multivariant().plain
    await made(client, lecture, student)
    for library in (client.app[LIBRARY], Library(client.app[LIBRARY].folder)):
        text = (await library.fetch(lecture.id)).multivariant().plain.decode()
        assert ',opus"' in text
        assert ',mp4a.40.2"' in text


async def test_strangers_get_nothing(client, lecture, student):
    await made(client, lecture, student)
    for path in (address(lecture), f"/hls/{lecture.id}/poster.jpg", f"/hls/{lecture.id}/aac.mp4"):
        assert (await client.get(path)).status == 401


async def test_without_a_recording_there_is_no_file(client, student, add_person, add_lecture):
    planned = await add_lecture(await add_person(Role.LECTURER))
    response = await client.get(address(planned), headers=student)
    assert response.status == 404
    assert (await client.get(f"/hls/{planned.id}/poster.jpg", headers=student)).status == 404


async def test_while_it_is_recorded_there_is_no_file(
    client, student, add_person, add_lecture, clock
):
    planned = await add_lecture(await add_person(Role.LECTURER))
    opened = client.app[LIBRARY].open_recording(planned.id, clock.now(), post=lambda call: call())
    for kind, unit in clips.interleaved(camera=clips.video(2), voice=clips.voice(2)):
        opened.push(kind, unit)
    response = await client.get(address(planned), headers=student)
    assert response.status == 409
    opened.finish()


async def test_where_no_screen_was_shown_there_is_no_second_file(client, lecture, student):
    other = await client.get(f"/api/v1/lectures/{lecture.id}/camera.mp4", headers=student)
    assert (other.status, (await other.json())["title"]) == (
        404,
        "There is no camera beside a screen in this recording.",
    )


async def test_what_cannot_be_made_is_said_and_not_tried_for_ever(client, lecture, student):
    found = await client.app[LIBRARY].fetch(lecture.id)
    (found.folder / "voice.m3u8").unlink()
    response = await made(client, lecture, student)
    assert response.status == 503
    assert jobs.ended(found.folder)[Job.FILE].reason == "voice.m3u8: No such file or directory."
