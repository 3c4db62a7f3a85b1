"""Chromium publishes and receives through a stage."""

import asyncio

import pytest

from live.messages import Source

pytestmark = pytest.mark.e2e


def wanted(room, *sources):
    """What a page asks for: the published tracks of these sources, or all."""
    return [
        [str(track.id), track.kind]
        for track in room.stage.tracks.values()
        if not sources or track.source in sources
    ]


@pytest.mark.parametrize("media_port", ["best", "python"], indirect=True)
async def test_two_students_see_and_hear_the_lecturer(room, sit, until_seen):
    lecturer = await sit()
    await lecturer.evaluate("publish('camera')")
    assert {track.source for track in room.told.added} == {"camera", "microphone"}
    for _ in range(2):
        student = await sit()
        [sound] = await student.evaluate("tracks => receive(tracks)", wanted(room, "microphone"))
        [video] = await student.evaluate("tracks => receive(tracks)", wanted(room, "camera"))
        seen = await until_seen(student, video, lambda seen: seen["frames"] > 20)
        assert seen["width"] == 640
        assert seen["lost"] == 0
        await until_seen(student, sound, lambda seen: seen["energy"] > 0)
    room_peers = len(room.peers)
    assert room.told.ready.count(next(iter(room.peers))) == 1
    assert room_peers == 3


async def test_the_first_picture_comes_at_once(room, sit, until_seen):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("publish('camera')")
    await room.told.until(lambda: len(room.told.ready) == 1)
    [mid] = await student.evaluate("tracks => receive(tracks)", wanted(room, "camera"))
    await until_seen(student, mid, lambda seen: seen["width"] > 0)
    waited = await student.evaluate("mid => times[mid] - times.offer", mid)
    assert waited < 2000  # milliseconds; about 100 on an idle machine


@pytest.mark.untimed
async def test_a_screen_is_added_and_taken_away_on_the_same_connections(room, sit, until_seen):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("publish('camera')")
    [camera] = await student.evaluate("tracks => receive(tracks)", wanted(room, "camera"))
    await lecturer.evaluate("publish('screen')")
    [screen] = await student.evaluate("tracks => receive(tracks)", wanted(room, "screen"))
    await until_seen(student, screen, lambda seen: seen["frames"] > 10 and seen["width"] == 800)
    await lecturer.evaluate("unpublish('screen')")
    assert [track.source for track in room.told.removed] == ["screen"]
    await student.evaluate("mid => stop(mid)", screen)
    before = await until_seen(student, camera, lambda seen: seen["frames"] > 0)
    await until_seen(student, camera, lambda seen: seen["frames"] > before["frames"] + 10)
    await lecturer.evaluate("publish('screen')")
    [again] = await student.evaluate("tracks => receive(tracks)", wanted(room, "screen"))
    await until_seen(student, again, lambda seen: seen["frames"] > 10)


async def test_a_student_who_gets_the_floor_publishes_on_the_connection_it_has(
    room, sit, until_seen
):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("publish('camera')")
    [camera] = await student.evaluate("tracks => receive(tracks)", wanted(room, "camera"))
    await until_seen(student, camera, lambda seen: seen["frames"] > 0)
    theirs = set(room.stage.tracks)
    await student.evaluate("publish('camera', {layered: true})")
    assert await student.evaluate("climbed(400_000)")
    tracks = [[str(t.id), t.kind] for t in room.stage.tracks.values() if t.id not in theirs]
    mids = await lecturer.evaluate("tracks => receive(tracks)", tracks)
    for mid in mids:
        await until_seen(lecturer, mid, lambda seen: seen["frames"] > 10 or seen["energy"] > 0)


@pytest.mark.untimed
async def test_who_leaves_the_stage_and_comes_back_still_sends_in_layers(room, sit):
    student = await sit()
    added = await student.evaluate("publish('camera', {layered: true, width: 1280, height: 720})")
    mid = next(mid for mid, source in added if source == "camera")
    for direction in ("inactive", "sendonly", "inactive", "sendonly"):
        await student.evaluate(
            """([mid, direction]) => {
                connection.getTransceivers().find((one) => one.mid === mid).direction = direction;
                if (direction === "inactive") delete sources[mid]; else sources[mid] = "camera";
                return negotiate();
            }""",
            [mid, direction],
        )
    [camera] = [t for t in room.stage.tracks.values() if t.source is Source.CAMERA]
    forwarder = room.stage._forwarders[camera.id]
    assert [layer.rid for layer in forwarder.layers] == ["q", "h", "f"]
    for layer in forwarder.layers:
        forwarder.want_keyframe(room.port.clock.monotonic(), 0, layer.index)
    async with asyncio.timeout(20):
        while not all(layer.height for layer in forwarder.layers):  # noqa: ASYNC110 - of packets
            await asyncio.sleep(0.05)


@pytest.mark.untimed
async def test_a_lecturer_who_reloads_keeps_the_tracks_and_the_students_see_on(
    room, sit, until_seen
):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("publish('camera')")
    before = set(room.stage.tracks)
    [camera] = await student.evaluate("tracks => receive(tracks)", wanted(room, "camera"))
    await until_seen(student, camera, lambda seen: seen["frames"] > 10)
    room.peers.pop(room.told.added[0].seat)
    await lecturer.reload()
    await lecturer.evaluate("publish('camera')")
    assert set(room.stage.tracks) == before
    seen = await until_seen(student, camera, lambda seen: True)
    await until_seen(student, camera, lambda now: now["frames"] > seen["frames"] + 20)


async def test_what_is_muted_is_not_forwarded(room, sit, until_seen):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("publish('camera')")
    [camera] = await student.evaluate("tracks => receive(tracks)", wanted(room, "camera"))
    await until_seen(student, camera, lambda seen: seen["frames"] > 10)
    peer = room.peers[room.told.added[0].seat]
    peer.set_muted(Source.CAMERA, muted=True)
    still = await until_seen(student, camera, lambda seen: True)
    await asyncio.sleep(0.5)  # a silence can only be seen by waiting
    seen = await until_seen(student, camera, lambda seen: True)
    assert seen["frames"] - still["frames"] < 5
    peer.set_muted(Source.CAMERA, muted=False)
    seen = await until_seen(student, camera, lambda now: now["frames"] > seen["frames"] + 10)
    assert seen["lost"] == 0


async def test_a_page_that_closes_is_noticed_at_once(room, sit):
    student = await sit()
    lecturer = await sit()
    await lecturer.evaluate("publish('camera')")
    await student.evaluate("tracks => receive(tracks)", wanted(room))
    await room.told.until(lambda: len(room.told.ready) == 2)
    await student.evaluate("connection.close()")
    await room.told.until(lambda: len(room.told.lost) == 1)
    assert room.told.removed == []


async def test_the_publishers_bandwidth_climbs(room, sit):
    lecturer = await sit()
    await lecturer.evaluate("publish('camera')")
    assert await lecturer.evaluate("climbed(600_000)")


async def test_a_vp8_publisher_is_taken_and_seen(room, sit, until_seen):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("only = 'video/VP8'")
    await lecturer.evaluate("publish('camera')")
    assert "vp8" in {track.codec for track in room.told.added}
    [camera] = await student.evaluate("tracks => receive(tracks)", wanted(room, "camera"))
    await until_seen(student, camera, lambda seen: seen["frames"] > 10)


@pytest.mark.untimed
async def test_who_cannot_take_the_codec_gets_the_section_refused_and_the_rest(
    room, sit, until_seen
):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("publish('camera')")
    await student.evaluate("only = 'video/VP8'")
    tracks = wanted(room, "camera") + wanted(room, "microphone")
    video, sound = await student.evaluate("tracks => receive(tracks)", tracks)
    assert await student.evaluate("mid => direction(mid)", video) == "inactive"
    await until_seen(student, sound, lambda seen: seen["energy"] > 0)


RESTART = """async () => {
    const pair = async () => [...(await connection.getStats()).values()]
        .find(report => report.type === "transport").selectedCandidatePairId;
    const before = await pair();
    connection.restartIce();
    await negotiate();
    globalThis.hasMoved = async () => await pair() !== before;
}"""


async def goes_on(page, mid, until_seen):
    """Wait for more pictures than there are now."""
    before = await until_seen(page, mid, lambda seen: seen["frames"] > 0)
    await until_seen(page, mid, lambda seen: seen["frames"] > before["frames"] + 10)


@pytest.mark.untimed
async def test_both_sides_restart_ice_and_the_picture_goes_on(room, sit, until_seen):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("publish('camera')")
    [mid] = await student.evaluate("tracks => receive(tracks)", wanted(room, "camera"))
    await goes_on(student, mid, until_seen)
    for page in (lecturer, student):
        await page.evaluate(RESTART)
        await page.wait_for_function("hasMoved()")
        await goes_on(student, mid, until_seen)
    assert len(room.told.ready) == 2
    assert room.told.removed == room.told.lost == []


@pytest.mark.parametrize("codec", ["video/H264", "video/VP8"])
async def test_a_picture_in_layers_changes_its_size_without_a_loss(room, sit, until_seen, codec):
    lecturer, student = await sit(), await sit()
    await lecturer.evaluate("codec => { only = codec; }", codec)
    await lecturer.evaluate("publish('camera', {layered: true, width: 1280, height: 720})")
    await lecturer.evaluate("climbed(600_000)")
    [camera] = [t for t in room.stage.tracks.values() if t.source is Source.CAMERA]
    [mid] = await student.evaluate("tracks => receive(tracks)", wanted(room, "camera"))
    seat = next(seat for seat in room.peers if seat != camera.seat)
    for height, width in ((720, 1280), (180, 320), (360, 640), (720, 1280)):
        room.peers[seat].view({camera.id: height})
        seen = await until_seen(student, mid, lambda seen, width=width: seen["width"] == width)
        enough = seen["frames"] + 10
        seen = await until_seen(student, mid, lambda seen, enough=enough: seen["frames"] > enough)
    assert seen["lost"] == 0
