"""What is being made of a recording, told to its host: at once, as it goes, and after a failure."""

import asyncio
import json

import pytest

from bench import clips
from identity.rights import Role
from player import extras, job_api
from player.delivery import LIBRARY
from player.job_api import Verdict, judged
from schedule.lectures import advance
from schedule.lifecycle import LectureState, RecordingState
from transcode.jobs import Job

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def client(serve, library, may_watch):
    return await serve([*extras.routes(may_watch), *job_api.routes()], library, extras.opened)


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Айгүл")


@pytest.fixture
async def host(bearer, lecturer):
    return await bearer(lecturer)


@pytest.fixture
async def lecture(client, lecturer, add_lecture, database, clock):
    """Over; camera, voice, and from second 2 a screen that changes at second 8."""
    planned = await add_lecture(lecturer)
    opened = client.app[LIBRARY].open_recording(planned.id, clock.now(), post=lambda call: call())
    screen = [
        unit for at, shade in ((2, 0), (8, 150)) for unit in clips.video(6, starts=at, shade=shade)
    ]
    for kind, unit in clips.interleaved(
        camera=clips.video(14), screen=screen, voice=clips.voice(14)
    ):
        opened.push(kind, unit)
    opened.finish()
    async with database.begin() as connection:
        published = {"state": LectureState.PUBLISHED, "recording": RecordingState.READY}
        return await advance(connection, planned, None, at=clock.now(), **published)


@pytest.fixture
def address(lecture) -> str:
    return f"/api/v1/lectures/{lecture.id}/jobs"


async def followed(client, address, headers) -> list[dict]:
    """All that is told until nothing is left to do."""
    async with client.get(f"{address}/events", headers=headers) as stream:
        assert stream.content_type == "text/event-stream"
        lines = [line async for line in stream.content]
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: ")]


def states(told: dict) -> dict[str, str]:
    return {each["job"]: each["state"] for each in told["jobs"]}


async def test_a_host_follows_all_jobs_to_their_end(client, address, host, lecture):
    told = await followed(client, address, host)
    assert set(states(told[-1]).values()) == {"made"}
    assert set(states(told[-1])) == set(Job)
    running = [each for one in told for each in one["jobs"] if each["state"] == "running"]
    assert running
    assert all(0 <= each["percent"] < 100 for each in running)
    now = await (await client.get(address, headers=host)).json()
    assert now == told[-1]
    assert now["slides_ms"] == [2_000, 8_000]
    assert now["loudness"]["verdict"] == "good"
    peaks = await client.get(f"/hls/{lecture.id}/waveform.bin", headers=host)
    assert len(await peaks.read()) == pytest.approx(4 * 14, abs=1)


async def test_what_failed_says_why_and_is_tried_again_when_asked(client, address, host, lecture):
    playlist = client.app[LIBRARY].folder / str(lecture.id) / "voice.m3u8"
    text = playlist.read_text()
    playlist.write_text("nonsense")
    told = (await followed(client, address, host))[-1]
    reasons = {each["job"]: each["reason"] for each in told["jobs"] if each["state"] == "failed"}
    assert reasons["file"] == "voice.m3u8 is no playlist"
    playlist.write_text(text)
    for job in reasons:
        assert (await client.post(f"{address}/{job}/retry", headers=host)).status == 202
    assert set(states((await followed(client, address, host))[-1]).values()) == {"made"}
    assert (await client.post(f"{address}/file/retry", headers=host)).status == 409
    assert (await client.post(f"{address}/tea/retry", headers=host)).status == 404


async def test_a_child_that_dies_of_what_it_reads_is_not_given_it_again(
    client, address, host, lecture, monkeypatch
):
    """Its place is taken by one that says what it does and dies."""
    begun = asyncio.create_subprocess_exec

    async def dying(*command, **more):
        return await begun("sh", "-c", "echo slides 40; kill -SEGV $$", **more)

    with monkeypatch.context() as patch:
        patch.setattr(extras.asyncio, "create_subprocess_exec", dying)
        await extras.run_finisher(client.app[LIBRARY].folder / str(lecture.id))
    told = (await followed(client, address, host))[-1]
    assert {job: state for job, state in states(told).items() if state != "made"} == {
        "slides": "failed"
    }


async def test_the_camera_is_a_second_file_to_take_away(client, host, lecture):
    while True:
        given = await client.get(f"/api/v1/lectures/{lecture.id}/camera.mp4", headers=host)
        if given.status != 202:
            break
        await asyncio.sleep(0.05)
    assert (await given.read())[4:8] == b"ftyp"
    assert "camera.mp4" in given.headers["Content-Disposition"]


async def test_only_hosts_are_told(client, address, add_person, bearer):
    assert (await client.get(address)).status == 401
    for role in (Role.STUDENT, Role.LECTURER):
        headers = await bearer(await add_person(role))
        for path in (address, f"{address}/events"):
            assert (await client.get(path, headers=headers)).status == 403
        assert (await client.post(f"{address}/file/retry", headers=headers)).status == 403


@pytest.mark.parametrize(
    ("integrated_lufs", "peak_db", "verdict"),
    [
        (-70.0, -70.0, Verdict.SILENT),
        (-36.0, -12.0, Verdict.QUIET),
        (-20.0, -3.0, Verdict.GOOD),
        (-9.0, 1.4, Verdict.CLIPPED),
        (-40.0, 0.3, Verdict.CLIPPED),
    ],
)
def test_what_people_hear_is_judged(integrated_lufs, peak_db, verdict):
    assert judged(integrated_lufs, peak_db) is verdict
