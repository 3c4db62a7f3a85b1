"""Offers through the room socket: who may be on the stage, and what the others are told."""

from identity.rights import Role
from live.events import TrackPublished, TrackUnpublished


def offer(certificate: str = "AB", *, mid: str = "0") -> str:
    return "\r\n".join(
        (
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            f"a=group:BUNDLE {mid}",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111",
            "c=IN IP4 0.0.0.0",
            "a=ice-ufrag:abcd",
            "a=ice-pwd:abcdefghijklmnopqrstuvwx",
            "a=fingerprint:sha-256 " + ":".join([certificate] * 32),
            "a=setup:actpass",
            f"a=mid:{mid}",
            "a=sendonly",
            "a=rtcp-mux",
            "a=rtpmap:111 opus/48000/2",
            "",
        )
    )


MICROPHONE = {"sdp": offer(), "send": {"0": "microphone"}}


async def test_a_host_publishes_and_the_others_are_told(school):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    await lecturer.send("offer", **MICROPHONE)
    assert "a=recvonly" in (await lecturer.hear("answer"))["sdp"]
    (track,) = (await student.hear("tracks"))["tracks"]
    assert (track["source"], track["kind"], track["muted"]) == ("microphone", "audio", False)
    assert track["person"] == lecturer.welcome["me"]["person"]
    latecomer = await served.enter()
    assert latecomer.welcome["tracks"] == [track]
    (fact,) = served.facts(TrackPublished)
    assert str(fact.track) == track["id"]


async def test_a_student_without_the_floor_is_answered_inactive_and_told_why(school):
    served = await school()
    student = await served.enter()
    await student.send("offer", **MICROPHONE)
    assert "a=inactive" in (await student.hear("answer"))["sdp"]
    refused = await student.hear("refused")
    assert (refused["code"], refused["about"]) == ("forbidden", "microphone")
    assert served.facts(TrackPublished) == []


async def test_in_a_crowd_students_are_put_off_and_who_teaches_is_not(school, crowd):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    await student.send("offer", sdp=offer())
    await student.hear("answer")
    crowd(served)
    await student.send("offer", sdp=offer("CD"))
    refused = await student.hear("refused")
    assert (refused["code"], refused["about"]) == ("crowded", "offer")
    await lecturer.send("offer", **MICROPHONE)
    assert "a=recvonly" in (await lecturer.hear("answer"))["sdp"]


async def test_who_comes_with_a_crowd_is_told_to_come_back(school, add_person, crowd):
    served = await school()
    crowd(served)
    socket = await served.socket(await add_person(Role.STUDENT))
    await socket.send_json({"type": "hello", "device": "tab"})
    bye = await socket.receive_json()
    assert (bye["type"], bye["reason"]) == ("bye", "restart")
    assert (await served.enter(served.lecturer)).welcome["me"]["can_host"]


async def test_taking_the_floor_takes_the_track_off_the_stage(school):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    who = student.welcome["me"]["person"]
    await lecturer.send("give_floor", person=who)
    await student.hear("floor")
    await student.send("offer", **MICROPHONE)
    assert len((await lecturer.hear("tracks"))["tracks"]) == 1
    await lecturer.send("take_floor", person=who)
    assert (await lecturer.hear("tracks"))["tracks"] == []
    assert len(served.facts(TrackUnpublished)) == 1
    room = await served.live()
    (forwarder,) = room.stage._forwarders.values()
    assert forwarder.is_muted


async def test_an_offer_without_the_source_takes_it_off(school):
    served = await school()
    lecturer = await served.enter(served.lecturer)
    await lecturer.send("offer", **MICROPHONE)
    assert len((await lecturer.hear("tracks"))["tracks"]) == 1
    await lecturer.send("offer", sdp=offer())
    assert (await lecturer.hear("tracks"))["tracks"] == []


async def test_a_reloaded_page_replaces_its_connection_and_keeps_its_tracks(school):
    served = await school()
    before = await served.enter(served.lecturer)
    await before.send("offer", **MICROPHONE)
    tracks = (await before.hear("tracks"))["tracks"]
    before.kill()
    after = await served.enter(served.lecturer, resume=before.welcome["resume"])
    assert after.welcome["tracks"] == tracks
    await after.send("offer", sdp=offer("CD"), send={"0": "microphone"})
    await after.hear("answer")
    await after.send("raise_hand")
    await after.hear("hand")
    assert served.facts(TrackUnpublished) == []
    assert len(served.facts(TrackPublished)) == 1


async def test_leaving_clears_the_stage(school):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    await lecturer.send("offer", **MICROPHONE)
    assert len((await student.hear("tracks"))["tracks"]) == 1
    await lecturer.send("leave")
    assert (await student.hear("tracks"))["tracks"] == []


async def test_a_mute_is_seen_by_all(school):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    await lecturer.send("offer", **MICROPHONE)
    await student.hear("tracks")
    await lecturer.send("set_muted", source="microphone", muted=True)
    assert (await student.hear("tracks"))["tracks"][0]["muted"]


async def test_a_host_asks_a_student_to_mute(school):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    who = student.welcome["me"]["person"]
    await lecturer.send("set_muted", source="microphone", muted=True, person=who)
    assert (await student.hear("mute_asked"))["source"] == "microphone"
