"""The record button: over the socket and over HTTP, and what a new process makes of it."""

import asyncio

from identity.rights import Role
from live.client_messages import Consent, Record, RecordAction
from live.events import (
    RecordingConsented,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)
from live.rooms import ROOMS, Rooms
from schedule.lifecycle import RecordingState

FOLDER = "media/{}"


async def told(guest, state: str) -> dict:
    """The next message that says that the recording is in that state."""
    while True:
        heard = (await guest.hear("recording"))["recording"]
        if heard["state"] == state:
            return heard


async def begun(served) -> None:
    """The room has seen that its lecture is live."""
    room = await served.client.app[ROOMS].find(served.lecture.id)
    async with asyncio.timeout(10):
        while room.on_record is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def recorded(served, state: RecordingState) -> None:
    async with asyncio.timeout(10):
        while (await served.state()).recording is not state:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_nothing_is_stored_before_a_host_presses_record(school, tmp_path):
    served = await school(is_recorded=False)
    host, student = await served.enter(served.lecturer), await served.enter()
    folder = tmp_path / FOLDER.format(served.lecture.id)
    assert student.welcome["recording"]["state"] == "off"
    assert not folder.exists()
    await begun(served)
    await host.send("record", action="start")
    assert (await told(student, "on"))["is_on"]
    await recorded(served, RecordingState.RUNNING)
    assert folder.exists()
    (started,) = served.facts(RecordingStarted)
    assert started.person == served.lecturer.id


async def test_everybody_sees_pause_and_resume_and_both_are_facts(school):
    served = await school()
    host, student = await served.enter(served.lecturer), await served.enter()
    await begun(served)
    await host.send("record", action="pause")
    assert not (await told(student, "paused"))["is_on"]
    await host.send("record", action="resume")
    await told(student, "on")
    await host.send("record", action="stop")
    await told(student, "off")
    kinds = (RecordingPaused, RecordingResumed, RecordingStopped)
    assert [[fact.person for fact in served.facts(kind)] for kind in kinds] == [
        [served.lecturer.id]
    ] * 3


async def test_a_pause_outlives_the_process(school, kept):
    served = await school()
    host = await served.enter(served.lecturer)
    await begun(served)
    await host.send("record", action="pause")
    await told(host, "paused")
    before = served.client.app[ROOMS]
    await before.stop()
    kept.facts.clear()
    rooms = Rooms(before._house, before._bus)
    async with rooms.open():
        live = await rooms.enterable(await served.state())
        async with asyncio.timeout(10):
            while live.room.recording.state != "paused":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert not served.facts(RecordingStarted)


async def test_a_student_may_not_record(school):
    served = await school()
    student = await served.enter()
    await student.send("record", action="stop")
    assert (await student.hear("refused"))["code"] == "forbidden"


async def test_the_button_works_over_http(school, bearer):
    served = await school()
    await served.enter(served.lecturer)
    await begun(served)
    address = f"/api/v1/lectures/{served.lecture.id}/recording"
    student = await bearer(await served.add_person(Role.STUDENT, name="Aigerim"))
    assert (await served.client.post(f"{address}/pause", headers=student)).status == 403
    lecturer = await bearer(served.lecturer)
    for action, state in (("pause", "paused"), ("pause", "paused"), ("start", "on")):
        answer = await served.client.post(f"{address}/{action}", headers=lecturer)
        assert answer.status == 200
        assert (await answer.json())["recording"]["state"] == state
    assert len(served.facts(RecordingPaused)) == 1
    assert (await served.client.post(f"{address}/burn", headers=lecturer)).status == 404


async def test_what_is_not_recorded_can_not_be_paused(school, bearer):
    served = await school(is_recorded=False)
    await served.enter(served.lecturer)
    await begun(served)
    address = f"/api/v1/lectures/{served.lecture.id}/recording/pause"
    answer = await served.client.post(address, headers=await bearer(served.lecturer))
    assert answer.status == 409


def test_consent_is_kept_once_a_person(room, sit):
    seat = sit()
    (fact,) = room.decide(seat, Consent()).facts
    assert isinstance(fact, RecordingConsented)
    assert fact.person == seat.person
    assert not room.decide(seat, Consent()).facts


def test_consent_that_was_not_kept_can_be_given_again(room, sit):
    seat = sit()
    room.could_not_keep(room.decide(seat, Consent()).facts)
    assert room.decide(seat, Consent()).facts


def test_moderators_may_record_and_the_room_leaves_it_to_the_broadcast(room, sit):
    decision = room.decide(sit(can_moderate=True), Record(RecordAction.START))
    assert decision.facts == ()
