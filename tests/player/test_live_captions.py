"""Captions that are written while the lecture runs: as a rendition of its stream, and kept with it."""

import asyncio
import re
from datetime import timedelta

import m3u8
import pytest

from bench import clips
from identity.rights import Role
from kernel.ids import new_id
from kernel.web import RECORDER
from player import caption_api, caption_shelf, delivery
from player.delivery import LIBRARY
from player.events import CaptionWritten
from player.live_captions import segment_text
from transcode import caption_lines
from transcode.library import Library
from transcode.manifest import Keeping

SECONDS = 32  # of the clip: longer than the boundary of delta updates


@pytest.fixture(scope="module")
def clip():
    return clips.interleaved(camera=clips.video(SECONDS), voice=clips.voice(SECONDS))


@pytest.fixture
async def client(serve, tmp_path, may_watch):
    async def library(app):
        app[LIBRARY] = Library(tmp_path / "media")
        delivery.add_routes(app, may_watch)
        yield

    return await serve(caption_api.routes(may_watch), library)


@pytest.fixture
async def host(add_person):
    return await add_person(Role.LECTURER, name="Айгүл")


@pytest.fixture
async def own(host, bearer):
    return await bearer(host)


@pytest.fixture
async def lecture(host, add_lecture):
    return await add_lecture(host)


@pytest.fixture
def live(client, lecture, clock, clip):
    """The lecture as it runs: `live.play(until)` in seconds moves media and clock."""
    return Live(client.app[LIBRARY], lecture.id, clock, clip)


class Live:
    def __init__(self, library, lecture, clock, clip):
        self.recording = library.open_recording(lecture, clock.now(), post=lambda call: call())
        self._clock, self._clip, self._played = clock, list(clip), 0.0

    def play(self, until: float) -> None:
        while self._clip and self._clip[0][1].time < until:
            self.recording.push(*self._clip.pop(0))
        self._clock.advance(timedelta(seconds=until - self._played))
        self._played = until


async def write(client, lecture, own, text, **more):
    address = f"/api/v1/lectures/{lecture.id}/captions/live"
    return await client.post(address, headers=own, json={"language": "kk", "text": text} | more)


def place(lecture) -> str:
    return f"/hls/{lecture.id}/captions"


async def playlist(client, lecture, own, query="") -> str:
    answer = await client.get(f"{place(lecture)}/kk.m3u8{query}", headers=own)
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def segment(client, lecture, own, msn) -> str:
    answer = await client.get(f"{place(lecture)}/kk/live-{msn}.vtt", headers=own)
    assert answer.status == 200, await answer.text()
    assert "immutable" in answer.headers["Cache-Control"]
    return await answer.text()


async def test_the_rendition_is_in_step_with_the_programme(client, lecture, live, own):
    live.play(7)
    assert (await write(client, lecture, own, "Күн жүйесі")).status == 201
    live.play(13)
    index = await client.get(f"/hls/{lecture.id}/index.m3u8", headers=own)
    [media] = [one for one in m3u8.loads(await index.text()).media if one.type == "SUBTITLES"]
    assert (media.language, media.uri) == ("kk", "captions/kk.m3u8")
    captions = m3u8.loads(await playlist(client, lecture, own))
    programme = await client.get(f"/hls/{lecture.id}/programme.m3u8", headers=own)
    pictures = [one for one in m3u8.loads(await programme.text()).segments if one.uri]
    assert captions.media_sequence == 0
    assert captions.server_control.can_block_reload == "YES"
    assert [(one.duration, one.program_date_time) for one in captions.segments] == [
        (one.duration, one.program_date_time) for one in pictures
    ]
    assert [one.uri for one in captions.segments] == [f"kk/live-{n}.vtt" for n in range(6)]


async def test_what_is_said_now_is_shown_in_the_segments_of_now(client, lecture, live, own):
    live.play(7)
    await write(client, lecture, own, "Күн жүйесі")
    live.play(13)
    texts = [await segment(client, lecture, own, msn) for msn in range(6)]
    assert ["Күн жүйесі" in text for text in texts] == [False, False, False, True, True, False]
    mpegts, begins = re.search(r"LOCAL:([\d:.]+),MPEGTS:(\d+)", texts[3]).group(2, 1)
    assert (begins, int(mpegts)) == ("00:00:06.000", 6 * 90_000)
    assert "00:00:07.000 --> 00:00:09.500" in texts[3]


async def test_a_late_caption_changes_no_segment_that_was_fetched(client, lecture, live, own):
    live.play(5)
    await write(client, lecture, own, "Бірінші")
    live.play(9)
    before = [await segment(client, lecture, own, msn) for msn in range(4)]
    await write(client, lecture, own, "Кеш айтылды", ago_ms=6_000)
    live.play(13)
    assert [await segment(client, lecture, own, msn) for msn in range(4)] == before
    assert "Кеш айтылды" in await segment(client, lecture, own, 4)


async def test_the_playlist_waits_for_the_segment_that_is_asked_for(client, lecture, live, own):
    live.play(5)
    await write(client, lecture, own, "Күн")
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(playlist(client, lecture, own, "?_HLS_msn=2&_HLS_part=0"))
        early = tasks.create_task(segment(client, lecture, own, 2))
        while not live.recording.programme._grown._waiters:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert not asked.done()
        live.play(9)
    assert "live-2.vtt" in asked.result()
    assert "Күн" in early.result()
    far = await client.get(f"{place(lecture)}/kk.m3u8?_HLS_msn=99", headers=own)
    assert far.status == 400


async def test_a_client_that_knows_the_beginning_gets_what_it_lacks(client, lecture, live, own):
    live.play(SECONDS)
    await write(client, lecture, own, "Күн")
    whole = await playlist(client, lecture, own)
    delta = await playlist(client, lecture, own, "?_HLS_msn=14&_HLS_skip=YES")
    skipped = int(re.search(r"SKIPPED-SEGMENTS=(\d+)", delta).group(1))
    listed = whole.split("#EXT-X-PROGRAM-DATE-TIME")[1:]
    assert delta.split("#EXT-X-PROGRAM-DATE-TIME")[1:] == listed[skipped:]
    assert sum(one.duration for one in m3u8.loads(whole).segments[skipped:]) >= 24


async def test_who_watched_live_is_told_of_the_end_and_the_recording_has_the_captions(
    client, lecture, live, own
):
    live.play(5)
    await write(client, lecture, own, "Күн <b>жүйесі</b>", ago_ms=1_500)
    await write(client, lecture, own, "Солнечная система", language="ru")
    live.play(9)
    live.recording.finish()
    ended = await playlist(client, lecture, own, "?_HLS_msn=5")  # waits for the end
    assert ended.endswith("#EXT-X-ENDLIST\n")
    assert "live-3.vtt" in ended
    address = f"/api/v1/lectures/{lecture.id}/captions"
    listed = await (await client.get(address, headers=own)).json()
    assert [one["language"] for one in listed["captions"]] == ["kk", "ru"]
    read = await (await client.get(f"{address}/kk", headers=own)).json()
    [cue] = read["cues"]
    assert (cue["begin_ms"], cue["text"]) == (3_500, "Күн <b>жүйесі</b>")
    assert "kk/0.vtt" in await playlist(client, lecture, own)


async def test_what_was_written_outlives_a_crash_and_is_taken_over_once(
    client, lecture, live, own, tmp_path
):
    live.play(5)
    await write(client, lecture, own, "Күн")
    live.play(9)
    before = await segment(client, lecture, own, 2)
    assert "Күн" in before
    folder = live.recording.folder
    with caption_lines.file_of(folder).open("ab") as file:
        file.write(b'\n{"id": "torn')  # by a power cut
    found = Library(tmp_path / "media").find(lecture.id)  # as another process finds it
    assert segment_text(found.programme.segment(2), found.captions.of("kk")) == before
    live.recording.finish()
    assert [cue.text for cue in caption_shelf.read(folder, "kk")] == ["Күн"]
    assert not caption_lines.file_of(folder).exists()
    caption_shelf.keep(folder, "kk", [])
    assert caption_shelf.read(folder, "kk") == []


async def test_what_is_said_in_a_pause_is_shown_and_not_kept(client, lecture, live, own):
    live.play(5)
    await write(client, lecture, own, "Жазылады")
    live.recording.switch(Keeping.PAUSED)
    live.play(9)
    await write(client, lecture, own, "Жазылмайды")
    assert [line.text for line in live.recording.captions.of("kk")] == ["Жазылады", "Жазылмайды"]
    live.recording.switch(Keeping.ON)
    live.play(13)
    await write(client, lecture, own, "Қайтадан")
    live.recording.finish()
    cues = caption_shelf.read(live.recording.folder, "kk")
    assert [cue.text for cue in cues] == ["Жазылады", "Қайтадан"]
    assert cues[1].begin_ms == pytest.approx(9_000, abs=300)  # the pause takes no time


async def test_the_same_caption_twice_is_one(client, lecture, live, own):
    live.play(5)
    number = str(new_id())
    answers = [await write(client, lecture, own, "Күн", id=number) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert await answers[0].json() == await answers[1].json()
    assert len(live.recording.captions.of("kk")) == 1
    facts = [f for f in client.app[RECORDER].facts if isinstance(f, CaptionWritten)]
    assert {fact.language for fact in facts} == {"kk"}


@pytest.mark.parametrize(
    "body",
    [
        {"text": "  \n"},
        {"text": "long" * 300},
        {"language": "no language"},
        {"ago_ms": -1},
        {"ago_ms": 10**9},
        {"id": "019ab0c4-0000-4000-8000-000000000001"},
        {"colour": "red"},
    ],
)
async def test_a_caption_that_makes_no_sense_is_told_so(client, lecture, live, own, body):
    live.play(5)
    answer = await write(client, lecture, own, **{"text": "Күн"} | body)
    assert answer.status == 400
    assert answer.content_type == "application/problem+json"
    assert not live.recording.captions.languages


async def test_who_does_not_moderate_writes_no_captions(client, lecture, live, add_person, bearer):
    live.play(5)
    student = await bearer(await add_person(Role.STUDENT))
    tutor = await bearer(await add_person(Role.TUTOR))
    assert (await write(client, lecture, student, "Күн")).status == 403
    assert (await write(client, lecture, {}, "Күн")).status == 401
    assert (await write(client, lecture, tutor, "Күн")).status == 201
    assert (await client.get(f"{place(lecture)}/kk.m3u8")).status == 401
    assert (await client.get(f"{place(lecture)}/kk/live-0.vtt")).status == 401


async def test_a_lecture_that_is_not_live_takes_no_live_captions(client, lecture, own):
    assert (await write(client, lecture, own, "Күн")).status == 409


async def test_a_language_that_nobody_writes_in_is_not_there(client, lecture, live, own):
    live.play(5)
    assert (await client.get(f"{place(lecture)}/ru.m3u8", headers=own)).status == 404
    assert (await client.get(f"{place(lecture)}/ru/live-0.vtt", headers=own)).status == 404
