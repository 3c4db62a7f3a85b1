"""The HLS origin, asked by a real client over loopback."""

import asyncio
import gzip
import os
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import count
from uuid import UUID, uuid4

import m3u8
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bench import clips
from kernel.errors import Forbidden
from kernel.web import problems
from player.delivery import LIBRARY, add_routes
from transcode.access_unit import TrackKind
from transcode.library import Library

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
LECTURE = uuid4()
FORBIDDEN = uuid4()


@pytest.fixture
def library(tmp_path) -> Library:
    return Library(tmp_path)


@pytest.fixture
async def client(library):
    async def guard(_: web.Request, lecture: UUID) -> None:
        if lecture == FORBIDDEN:
            raise Forbidden("This lecture is not for you.")

    app = web.Application(middlewares=[problems])
    app[LIBRARY] = library
    add_routes(app, guard)
    async with TestClient(TestServer(app), auto_decompress=False) as opened:
        yield opened


@pytest.fixture
def opened(library, client):
    return library.open_recording(LECTURE, EPOCH, post=lambda call: call())


@pytest.fixture(scope="module")
def film():
    return clips.interleaved(camera=clips.video(12), voice=clips.voice(12))


def push(recording, film, starts: float, ends: float) -> None:
    for kind, unit in film:
        if starts <= unit.time < ends:
            recording.push(kind, unit)


async def get(client, path: str, status: int = 200, **kwargs) -> tuple[bytes, dict]:
    async with client.get(f"/hls/{LECTURE}/{path}", **kwargs) as response:
        assert response.status == status, await response.text()
        body = await response.read()
        is_zipped = response.headers.get("Content-Encoding") == "gzip"
        return gzip.decompress(body) if is_zipped else body, response.headers


async def playlist(client, path: str) -> m3u8.M3U8:
    return m3u8.loads((await get(client, path))[0].decode())


async def test_the_multivariant_leads_to_every_byte(client, opened, film):
    push(opened, film, 0, 12)
    top = await playlist(client, "index.m3u8")
    assert top.playlists[0].stream_info.codecs == "avc1.42C00C,opus"
    for name in (top.playlists[0].uri, top.media[0].uri):
        listed = await playlist(client, name)
        whole = b""
        for segment in listed.segments:
            if segment.init_section:
                init, _ = await get(client, segment.init_section.uri)
                assert init[4:8] == b"ftyp"
            parts = [(await get(client, part.uri))[0] for part in segment.parts]
            if segment.uri:
                body, _ = await get(client, segment.uri)
                assert not parts or body == b"".join(parts)
                whole += body
        assert whole.count(b"moof") > 30


async def test_a_playlist_request_waits_for_the_part_it_names(client, opened, film):
    push(opened, film, 0, 3)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(
            get(client, "camera.m3u8", params={"_HLS_msn": "1", "_HLS_part": "5"})
        )
        hinted = tasks.create_task(get(client, "camera/1.5.m4s"))
        await get(client, "camera.m3u8")
        assert not waiting.done()
        assert not hinted.done()
        push(opened, film, 3, 4)
    text = waiting.result()[0].decode()
    assert 'URI="camera/1.5.m4s"' in text
    assert hinted.result()[0][4:8] == b"moof"


async def test_what_is_there_already_is_answered_at_once(client, opened, film):
    push(opened, film, 0, 3)
    async with asyncio.timeout(2):
        await get(client, "camera.m3u8", params={"_HLS_msn": "0"})
        await get(client, "camera.m3u8", params={"_HLS_msn": "0", "_HLS_part": "99"})


@pytest.mark.parametrize(
    "query",
    [
        {"_HLS_msn": "99"},
        {"_HLS_msn": "-1"},
        {"_HLS_msn": "one"},
        {"_HLS_part": "1"},
        {"_HLS_msn": "9" * 30},
    ],
)
async def test_impossible_directives_are_refused(client, opened, film, query):
    push(opened, film, 0, 3)
    await get(client, "camera.m3u8", 400, params=query)


async def test_delta_updates_are_given_when_asked_for(client, opened):
    push(opened, clips.interleaved(camera=clips.video(40, size=(64, 64), rate=5, gop=10)), 0, 40)
    text, _ = await get(client, "camera.m3u8", params={"_HLS_msn": "19", "_HLS_skip": "YES"})
    assert b"#EXT-X-SKIP:SKIPPED-SEGMENTS=" in text


async def test_playlists_are_gzipped_and_not_cached(client, opened, film):
    push(opened, film, 0, 3)
    plain, _ = await get(client, "camera.m3u8", headers={"Accept-Encoding": "identity"})
    zipped, headers = await get(client, "camera.m3u8", headers={"Accept-Encoding": "gzip, br"})
    assert zipped == plain
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Content-Type"] == "application/vnd.apple.mpegurl"


async def test_media_never_changes_and_may_be_cached(client, opened, film):
    push(opened, film, 0, 3)
    for path, kind in (("camera/0.m4s", "video/mp4"), ("voice/init-0.mp4", "audio/mp4")):
        _, headers = await get(client, path)
        assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert headers["Content-Type"] == kind


@pytest.mark.parametrize("path", ["camera.m3u8", "camera/0.m4s", "camera/init-0.mp4"])
async def test_who_has_the_bytes_is_told_so(client, opened, film, path):
    push(opened, film, 0, 3)
    _, headers = await get(client, path)
    known = {"If-None-Match": f'"other", {headers["ETag"]}'}
    body, again = await get(client, path, 304, headers=known)
    assert body == b""
    assert again["ETag"] == headers["ETag"]
    await get(client, path, 200, headers={"If-None-Match": '"other"'})


async def test_a_playlist_that_has_grown_has_another_tag(client, opened, film):
    push(opened, film, 0, 3)
    _, before = await get(client, "camera.m3u8")
    push(opened, film, 3, 4)
    _, after = await get(client, "camera.m3u8")
    assert before["ETag"] != after["ETag"]


@pytest.mark.parametrize("path", ["index.m3u8", "camera.m3u8", "camera/0.m4s", "camera/0.1.m4s"])
async def test_a_head_is_what_a_get_has_above_its_body(client, opened, film, path):
    push(opened, film, 0, 3)
    _, asked = await get(client, path)
    async with client.head(f"/hls/{LECTURE}/{path}") as response:
        assert response.status == 200
        assert await response.read() == b""
        for name in ("Content-Type", "Content-Length", "Cache-Control", "ETag"):
            assert response.headers[name] == asked[name]


@pytest.mark.parametrize("path", ["camera/7.m4s", "camera/9.9.m4s", "camera/init-9.mp4", "x.m3u8"])
async def test_what_is_not_there_is_not_found(client, opened, film, path):
    push(opened, film, 0, 3)
    body, headers = await get(client, path, 404)
    assert headers["Content-Type"].startswith("application/problem+json")
    assert b"not-found" in body


async def test_an_unknown_lecture_is_not_found(client):
    async with client.get(f"/hls/{uuid4()}/index.m3u8") as response:
        assert response.status == 404


async def test_the_guard_is_asked_for_everything(client):
    for path in ("index.m3u8", "camera.m3u8", "voice/0.m4s", "voice/0.0.m4s", "screen.mp4"):
        async with client.get(f"/hls/{FORBIDDEN}/{path}") as response:
            assert response.status == 403


async def test_a_recording_is_byte_ranges_of_its_files(client, opened, film):
    push(opened, film, 0, 12)
    opened.finish()
    listed = await playlist(client, "programme.m3u8")
    assert listed.is_endlist
    assert listed.playlist_type == "vod"
    segment = listed.segments[1]
    size, offset = map(int, segment.byterange.split("@"))
    asked = {"Range": f"bytes={offset}-{offset + size - 1}"}
    body, headers = await get(client, segment.uri, 206, headers=asked)
    assert body == (await get(client, "camera/1.m4s"))[0]
    assert headers["Content-Range"].startswith(f"bytes {offset}-")


async def test_what_a_recording_has_lost_is_said_and_the_rest_plays(client, opened, film):
    push(opened, film, 0, 12)
    opened.finish()
    listed = (await playlist(client, "programme.m3u8")).segments
    first, last = (map(int, each.byterange.split("@")) for each in (listed[0], listed[-1]))
    (size, offset), (lost_size, lost_offset) = first, last
    os.truncate(opened.folder / "camera.mp4", lost_offset + lost_size - 1)
    asked = {"Range": f"bytes={lost_offset}-{lost_offset + lost_size - 1}"}
    body, _ = await get(client, listed[-1].uri, 404, headers=asked)
    assert b"does not hold these bytes" in body
    asked = {"Range": f"bytes={offset}-{offset + size - 1}"}
    await get(client, listed[0].uri, 206, headers=asked)


async def test_a_recording_can_be_downloaded(client, opened, film):
    push(opened, film, 0, 12)
    opened.finish()
    body, _ = await get(client, "camera.mp4")
    assert body == (opened.folder / "camera.mp4").read_bytes()
    await get(client, "screen.mp4", 200)
    await get(client, "camera.mp4", 404, headers={"Range": "bytes=999999999-999999999"})


async def test_who_watched_live_sees_it_end(client, opened, film):
    push(opened, film, 0, 12)
    async with asyncio.TaskGroup() as tasks:
        asked = {"_HLS_msn": "6", "_HLS_part": "0"}
        waiting = tasks.create_task(get(client, "programme.m3u8", params=asked))
        await get(client, "programme.m3u8")
        opened.finish()
    text = waiting.result()[0].decode()
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert "programme/5.m4s" in text


async def test_old_segments_come_from_the_file(client, opened):
    units = clips.video(100, size=(64, 64), rate=5, gop=10)
    push(opened, clips.interleaved(camera=units), 0, 100)
    assert opened.track(TrackKind.CAMERA).parts(0) is None
    body, _ = await get(client, "camera/0.m4s")
    assert body[4:8] == b"moof"


async def test_a_lecture_that_has_not_begun_is_waited_for(client, opened, film, monkeypatch):
    monkeypatch.setattr("player.delivery.PATIENCE", timedelta(0))
    await get(client, "index.m3u8", 503)
    await get(client, "screen.m3u8", 404)
    push(opened, film, 0, 3)
    await get(client, "index.m3u8")


async def test_the_playlist_of_a_running_lecture_keeps_its_rules(client, opened, film):
    """RFC 8216bis 6.2.1: nothing that was said is unsaid."""
    known: dict[int, tuple] = {}
    for step in count():
        push(opened, film, step / 4, (step + 1) / 4)
        opened.tick(Fraction(step + 1, 4))
        if not opened.programme.segments:
            continue
        listed = await playlist(client, "programme.m3u8")
        assert listed.target_duration == 4
        assert listed.media_sequence == 0
        whole = [each for each in listed.segments if each.uri]
        for msn, each in enumerate(whole):
            said = (each.uri, each.duration, each.program_date_time)
            assert known.setdefault(msn, said) == said
            assert round(each.duration) <= listed.target_duration
        if step == 47:
            break
    assert len(known) >= 5
