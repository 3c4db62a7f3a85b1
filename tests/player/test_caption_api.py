"""Captions over HTTP: for whom, and what is said when they are not right."""

from io import BytesIO

import m3u8
import pytest

from bench import clips
from identity.rights import Role
from player import caption_api
from player.delivery import LIBRARY

VTT = "WEBVTT\n\n00:00.500 --> 00:02.000\nКүн жүйесі\n"


@pytest.fixture
async def client(serve, library, may_watch):
    return await serve(caption_api.routes(may_watch), library)


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


def address(lecture, language=""):
    return f"/api/v1/lectures/{lecture.id}/captions" + (f"/{language}" if language else "")


async def test_the_lecturer_puts_captions_and_a_student_reads_them(
    client, lecture, lecturer, add_person, bearer
):
    own = await bearer(lecturer)
    assert (await client.put(address(lecture, "kk"), data=VTT, headers=own)).status == 200
    student = await bearer(await add_person(Role.STUDENT))
    listed = await (await client.get(address(lecture), headers=student)).json()
    assert [each["language"] for each in listed["captions"]] == ["kk"]
    read = await (await client.get(address(lecture, "kk"), headers=student)).json()
    assert read["cues"] == [{"begin_ms": 500, "end_ms": 2000, "text": "Күн жүйесі"}]
    file = await client.get(f"/hls/{lecture.id}/captions/kk.vtt", headers=student)
    assert file.content_type == "text/vtt"
    assert "00:00:00.500 --> 00:00:02.000\nКүн жүйесі" in await file.text()


async def test_only_who_may_edit_the_lecture_changes_its_captions(
    client, lecture, lecturer, add_person, bearer
):
    await client.put(address(lecture, "kk"), data=VTT, headers=await bearer(lecturer))
    for person in (await add_person(Role.STUDENT), await add_person(Role.LECTURER)):
        headers = await bearer(person)
        assert (await client.put(address(lecture, "kk"), data=VTT, headers=headers)).status == 403
        assert (await client.delete(address(lecture, "kk"), headers=headers)).status == 403
    assert (await client.get(address(lecture))).status == 401
    assert (await client.get(f"/hls/{lecture.id}/captions/kk.vtt")).status == 401


async def test_a_broken_file_is_told_by_line_and_changes_nothing(client, lecture, lecturer, bearer):
    own = await bearer(lecturer)
    await client.put(address(lecture, "kk"), data=VTT, headers=own)
    broken = VTT.replace("02.000", "00.000")
    response = await client.put(address(lecture, "kk"), data=broken, headers=own)
    assert response.status == 400
    assert (await response.json())["findings"] == [
        {"line": 3, "problem": "the caption ends before it begins."}
    ]
    assert len((await (await client.get(address(lecture, "kk"), headers=own)).json())["cues"]) == 1


async def test_what_is_too_large_or_not_there_is_said(client, lecture, lecturer, bearer):
    own = await bearer(lecturer)
    large = await client.put(
        address(lecture, "kk"), data=BytesIO(bytes((1 << 20) + 1)), headers=own
    )
    assert large.status == 413
    assert (await client.get(address(lecture, "de"), headers=own)).status == 404
    assert (await client.delete(address(lecture, "de"), headers=own)).status == 404
    hostile = await client.put(address(lecture, "..%2f..%2fsecret"), data=VTT, headers=own)
    assert hostile.status in {400, 404}


async def test_deleted_captions_are_gone(client, lecture, lecturer, bearer):
    own = await bearer(lecturer)
    await client.put(address(lecture, "kk"), data=VTT, headers=own)
    assert (await client.delete(address(lecture, "kk"), headers=own)).status == 204
    listed = await (await client.get(address(lecture), headers=own)).json()
    assert listed == {"captions": []}


async def test_the_rendition_is_there_for_who_may_watch_and_only_as_far_as_it_goes(
    client, lecture, lecturer, bearer
):
    own = await bearer(lecturer)
    await client.put(address(lecture, "kk"), data=VTT, headers=own)
    place = f"/hls/{lecture.id}/captions"
    playlist = await client.get(f"{place}/kk.m3u8", headers=own)
    assert playlist.content_type == "application/vnd.apple.mpegurl"
    [segment] = m3u8.loads(await playlist.text()).segments
    text = await (await client.get(f"{place}/{segment.uri}", headers=own)).text()
    assert text.startswith("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:")
    assert "Күн жүйесі" in text
    for missing in ("kk/1.vtt", "ru.m3u8", "ru/0.vtt"):
        assert (await client.get(f"{place}/{missing}", headers=own)).status == 404
    assert (await client.get(f"{place}/kk.m3u8")).status == 401
    assert (await client.get(f"{place}/kk/0.vtt")).status == 401
