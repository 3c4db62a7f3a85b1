"""WHIP and WHEP over HTTP: what RFC 9725 asks for, and a real encoder on a real stage."""

import asyncio
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import av
import pytest
from playwright.async_api import async_playwright

from identity.rights import Role
from kernel.clock import SystemClock
from kernel.ids import new_id
from live import peer
from live.events import (
    PersonJoined,
    PersonLeft,
    RecordingFinished,
    RecordingStarted,
    TrackPublished,
    TrackUnpublished,
)
from schedule.lifecycle import LectureState, RecordingState

OFFER = "\r\n".join(
    (
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=setup:actpass",
        "a=mid:0",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "",
    )
)


@pytest.fixture
def clock():
    """Media has its own time."""
    return SystemClock()


@pytest.fixture
def encoder():
    """`async with encoder(served, seconds=3) as process`: on air inside, and killed behind."""

    @asynccontextmanager
    async def run(served, *, seconds=60.0, query=""):
        token = (await served.bearer(served.lecturer))["Authorization"].removeprefix("Bearer ")
        address = str(served.client.make_url(f"/whip/{served.lecture.id}{query}"))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.encoder", address, "--token", token),
            *("--seconds", str(seconds)),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(30):
                assert await process.stdout.readline() == b"on air\n"
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    return run


async def post(served, person, *, kind="whip", body=OFFER, **headers):
    headers = {"Content-Type": "application/sdp"} | headers
    if person is not None:
        headers |= await served.bearer(person)
    return await served.client.post(f"/{kind}/{served.lecture.id}", data=body, headers=headers)


async def test_a_session_is_created_and_ended(school):
    served = await school(settings={"ice_servers": ("turn:u:p@turn.example:3478?transport=tcp",)})
    answer = await post(served, served.lecturer)
    assert answer.status == 201
    assert answer.content_type == "application/sdp"
    assert "a=setup:passive" in await answer.text()
    assert answer.headers["ETag"]
    assert 'rel="ice-server"; username="u"' in answer.headers["Link"]
    location = answer.headers["Location"]
    assert location.startswith(f"/whip/{served.lecture.id}/")
    assert (await served.client.delete(location)).status == 200
    assert (await served.client.delete(location)).status == 404
    assert [fact.channel for fact in served.facts(PersonJoined)] == ["whip"]
    assert [fact.reason for fact in served.facts(PersonLeft)] == ["left"]


async def test_a_student_may_not_publish(school, add_person):
    answer = await post(await school(), await add_person(Role.STUDENT))
    assert answer.status == 403


async def test_there_is_no_session_without_a_lecture(school, bearer):
    served = await school()
    headers = {"Content-Type": "application/sdp"} | await bearer(served.lecturer)
    answer = await served.client.post(f"/whip/{new_id()}", data=OFFER, headers=headers)
    assert answer.status == 404


async def test_the_doors_are_shut_for_encoders_too(school):
    served = await school(LectureState.PLANNED)
    assert (await post(served, served.lecturer)).status == 409


async def test_a_player_is_told_when_nothing_is_on_the_stage(school, add_person):
    served = await school()
    offer = OFFER.replace("sendonly", "recvonly")
    answer = await post(served, await add_person(Role.STUDENT), kind="whep", body=offer)
    assert answer.status == 409
    assert int(answer.headers["Retry-After"]) > 0
    assert len((await served.live()).room.seats) == 0


async def test_a_player_in_a_crowd_is_told_when_to_come_back(school, add_person, crowd):
    served = await school()
    crowd(served)
    offer = OFFER.replace("sendonly", "recvonly")
    answer = await post(served, await add_person(Role.STUDENT), kind="whep", body=offer)
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert not served.facts(PersonJoined)


@pytest.mark.e2e
@pytest.mark.untimed
async def test_an_encoder_publishes_into_the_lecture_and_its_recording(school, encoder, tmp_path):
    served = await school()
    student = await served.enter()
    async with encoder(served, seconds=5) as process:
        tracks = (await student.hear("tracks"))["tracks"]
        while len(tracks) < 2:
            tracks = (await student.hear("tracks"))["tracks"]
        assert {track["source"] for track in tracks} == {"camera", "microphone"}
        await process.wait()
        assert process.returncode == 0
    await served.stop()
    heard = await student.heard_until_close()
    assert [message["state"] for message in heard if message["type"] == "state"] == [
        "ended",
        "published",
    ]
    assert (await served.state()).recording is RecordingState.READY
    folder = tmp_path / "media" / str(served.lecture.id)
    with av.open(str(folder / "index.m3u8")) as recording:
        pictures = sum(1 for _ in recording.decode(video=0))
    assert pictures > 50
    assert len(served.facts(TrackPublished)) == len(served.facts(TrackUnpublished)) == 2
    assert len(served.facts(RecordingStarted)) == len(served.facts(RecordingFinished)) == 1


@pytest.mark.e2e
async def test_an_encoder_that_is_killed_leaves_at_its_last_packet(school, encoder, monkeypatch):
    monkeypatch.setattr(peer, "CONSENT_SECONDS", 1.5)
    served = await school(is_recorded=False)
    student = await served.enter()
    async with encoder(served) as process:
        await student.hear("tracks")
        process.kill()
        killed_at = datetime.now(UTC)
        await process.wait()
        left = await student.hear("person_left")
    assert left["person"] == str(served.lecturer.id)
    (fact,) = served.facts(PersonLeft)
    assert fact.reason == "lost"
    assert abs(fact.last_proof_at - killed_at) < timedelta(seconds=1)


WATCH = """async ([address, token]) => {
    const peer = new RTCPeerConnection();
    for (const kind of ["video", "audio"]) peer.addTransceiver(kind, {direction: "recvonly"});
    await peer.setLocalDescription();
    const headers = {"Content-Type": "application/sdp", Authorization: `Bearer ${token}`};
    const answer = await fetch(address, {method: "POST", body: peer.localDescription.sdp, headers});
    await peer.setRemoteDescription({type: "answer", sdp: await answer.text()});
    globalThis.frames = async () => [...(await peer.getStats()).values()]
        .find((one) => one.type === "inbound-rtp" && one.kind === "video")?.framesDecoded ?? 0;
    globalThis.leave = () => fetch(new URL(answer.headers.get("Location"), address),
        {method: "DELETE", headers}).then((response) => response.status);
    return answer.status;
}"""


@pytest.mark.e2e
@pytest.mark.untimed
async def test_a_player_of_another_origin_sees_the_lecture(school, encoder, add_person):
    served = await school(is_recorded=False)
    viewer = await add_person(Role.STUDENT)
    token = (await served.bearer(viewer))["Authorization"].removeprefix("Bearer ")
    address = str(served.client.make_url(f"/whep/{served.lecture.id}"))
    async with encoder(served), async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page()
        assert await page.evaluate(WATCH, [address, token]) == 201
        await page.wait_for_function("async () => await frames() > 25")
        assert await page.evaluate("leave()") == 200
        await browser.close()
    assert [fact.channel for fact in served.facts(PersonJoined)] == ["whip", "whep"]
    assert served.facts(PersonLeft)[0].person == viewer.id
