"""The room socket, by real clients of a real server."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from identity.rights import Role
from identity.tickets import TICKETS, Ticket
from kernel.errors import Unavailable
from kernel.ids import new_id
from live.client_messages import LONGEST_MESSAGE_BYTES
from live.events import ChatSaid, PersonJoined, PersonLeft, RoomClosed, RoomOpened, SeatsAlive
from live.seats import GRACE
from schedule.lifecycle import LectureState


async def test_a_welcome_tells_everything(school):
    served = await school()
    guest = await served.enter(served.lecturer)
    me = guest.welcome["me"]
    assert me["can_host"]
    assert me["can_publish"]
    assert me["role"] == "lecturer"
    assert guest.welcome["lecture"]["state"] == "live"
    assert [person["name"] for person in guest.welcome["people"]] == ["Prof. Seitova"]


async def test_a_line_reaches_everybody(school, line):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    await student.send("say", **line("Сәлем"))
    assert (await lecturer.hear("chat"))["text"] == "Сәлем"
    assert (await student.hear("chat"))["text"] == "Сәлем"


async def test_a_newcomer_finds_what_was_said(school, line):
    served = await school()
    student = await served.enter()
    await student.send("say", **line("first"))
    await student.hear("chat")
    latecomer = await served.enter()
    assert [said["text"] for said in latecomer.welcome["chat"]] == ["first"]


async def test_a_line_is_kept_before_it_is_shown(school, line, kept, monkeypatch):
    served = await school()
    student = await served.enter()
    may_keep = asyncio.Event()
    keep = kept.record

    async def slowly(*facts):
        if isinstance(facts[0], ChatSaid):
            await may_keep.wait()
        await keep(*facts)

    monkeypatch.setattr(kept, "record", slowly)
    await student.send("say", **line("not yet"))
    latecomer = await served.enter()
    assert latecomer.welcome["chat"] == []
    may_keep.set()
    await latecomer.hear("chat")
    assert [said.text for said in served.facts(ChatSaid)] == ["not yet"]


async def test_a_line_that_cannot_be_kept_is_refused_and_shown_to_nobody(
    school, line, kept, monkeypatch
):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()

    async def refuse(*_facts):
        raise Unavailable("This can't be kept now: the disk says no space left.")

    with monkeypatch.context() as full:
        full.setattr(kept, "record", refuse)
        lost = line("lost")
        await student.send("say", **lost)
        refused = await student.hear("refused")
    assert (refused["code"], refused["about"]) == ("unavailable", lost["id"])
    await student.send("say", **lost)
    assert (await lecturer.hear("chat"))["text"] == "lost"


async def test_a_line_said_twice_is_shown_once_and_answered_twice(school, line):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    once = line("once")
    for _ in range(2):
        await student.send("say", **once)
        assert (await student.hear("chat"))["id"] == once["id"]
    await student.send("say", **line("next"))
    assert (await lecturer.hear("chat"))["text"] == "once"
    assert (await lecturer.hear("chat"))["text"] == "next"
    assert len(served.facts(ChatSaid)) == 2


async def test_writing_too_fast_is_refused_in_a_sentence(school, line):
    served = await school()
    student = await served.enter()
    for _ in range(6):
        await student.send("say", **line("spam"))
    refused = await student.hear("refused")
    assert refused["code"] == "too-many"
    assert refused["message"].endswith(".")
    assert len(served.facts(ChatSaid)) == 5


async def test_joining_is_kept_before_the_welcome(school):
    served = await school()
    student = await served.enter(device="a phone")
    (joined,) = served.facts(PersonJoined)
    assert str(joined.seat) == student.welcome["seat"]
    assert (joined.device, joined.channel, joined.lecture) == (
        "a phone",
        "webrtc",
        served.lecture.id,
    )
    assert [opened.run for opened in served.facts(RoomOpened)] == [joined.run]


async def test_joining_keeps_how_far_the_clock_of_the_device_is_off(school, clock):
    served = await school()
    ours = clock.now().timestamp() * 1000
    for told in (ours + 3_000, ours - 500, "noon", None):
        await served.enter(clock=told)
    assert [joined.skew_ms for joined in served.facts(PersonJoined)] == [3_000, -500, None, None]


async def test_leaving_ends_the_seat_at_once(school):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    await student.send("leave")
    assert (await student.hear("bye"))["reason"] == "left"
    assert (await lecturer.hear("person_left"))["person"] == student.welcome["me"]["person"]
    (left,) = served.facts(PersonLeft)
    assert left.reason == "left"


async def test_a_dropped_socket_resumes_its_seat_without_a_trace(school):
    served = await school()
    student = await served.add_person(Role.STUDENT)
    lecturer, before = await served.enter(served.lecturer), await served.enter(student)
    before.kill()
    assert (await lecturer.hear("person_changed"))["person"]["presence"] == "reconnecting"
    after = await served.enter(student, resume=before.welcome["resume"])
    assert after.welcome["seat"] == before.welcome["seat"]
    assert (await lecturer.hear("person_changed"))["person"]["presence"] == "present"
    assert len(served.facts(PersonJoined)) == 2
    assert served.facts(PersonLeft) == []


async def test_a_second_socket_of_a_seat_replaces_the_first(school):
    served = await school()
    student = await served.add_person(Role.STUDENT)
    before = await served.enter(student)
    after = await served.enter(student, resume=before.welcome["resume"])
    assert (await before.hear("bye"))["reason"] == "replaced"
    await after.send("raise_hand")
    assert (await after.hear("hand"))["raised"]


async def test_a_stranger_cannot_resume_a_seat(school):
    served = await school()
    owner = await served.enter()
    thief = await served.enter(resume=owner.welcome["resume"])
    assert thief.welcome["seat"] != owner.welcome["seat"]


async def test_a_killed_browser_left_at_its_last_proof(school, clock):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    clock.advance(timedelta(seconds=7))
    await student.send("alive")
    await student.send("raise_hand")
    await lecturer.hear("hand")
    proven = clock.now()
    student.kill()
    await lecturer.hear("person_changed")
    clock.advance(GRACE + timedelta(seconds=1))
    await lecturer.send("alive")
    await lecturer.hear("person_left")
    (left,) = served.facts(PersonLeft)
    assert (left.reason, left.last_proof_at) == ("lost", proven)


async def test_a_checkpoint_names_who_is_alive(school, clock):
    served = await school()
    student = await served.enter()
    clock.advance(timedelta(seconds=3))
    await student.send("raise_hand")
    await student.hear("hand")
    await (await served.live()).look_after_seats(is_checkpoint=True)
    (checkpoint,) = served.facts(SeatsAlive)
    (proof,) = checkpoint.seats
    assert (str(proof.seat), proof.last_proof_at) == (student.welcome["seat"], clock.now())


async def test_only_the_time_in_which_the_page_was_in_sight_counts_as_such(school, clock):
    served = await school()
    student = await served.enter()

    async def for_seconds(seconds):
        clock.advance(timedelta(seconds=seconds))
        await told("alive")

    async def told(kind, **what):
        await student.send(kind, **what)
        await student.send("alive", echo=1)
        await student.hear("alive")

    await for_seconds(1)  # it has not told yet
    await told("visibility", visible=True)
    for _ in range(5):
        await for_seconds(2)
    await for_seconds(GRACE.seconds)  # a silence of which nobody knows anything
    await told("visibility", visible=False)
    await for_seconds(3)
    await told("visibility", visible=True)
    await for_seconds(4)
    await (await served.live()).look_after_seats(is_checkpoint=True)
    await student.send("leave")
    await student.hear("bye")
    (checkpoint,), (left,) = served.facts(SeatsAlive), served.facts(PersonLeft)
    assert checkpoint.seats[0].visible_s == left.visible_s == 5 * 2 + 4
    assert left.received_s == 0


async def test_what_the_page_told_holds_for_its_socket_only(school, clock):
    served = await school()
    student = await served.add_person(Role.STUDENT)
    before = await served.enter(student)
    await before.send("visibility", visible=True)
    await before.send("alive", echo=1)
    await before.hear("alive")
    after = await served.enter(student, resume=before.welcome["resume"])
    clock.advance(timedelta(seconds=5))
    await after.send("leave")
    await after.hear("bye")
    assert [left.visible_s for left in served.facts(PersonLeft)] == [0]


async def test_a_client_that_never_tells_has_no_time_in_sight(school, clock):
    served = await school()
    student = await served.enter()
    clock.advance(timedelta(seconds=5))
    await student.send("leave")
    await student.hear("bye")
    assert [left.visible_s for left in served.facts(PersonLeft)] == [None]


async def test_two_tabs_are_one_person(school):
    served = await school()
    student = await served.add_person(Role.STUDENT)
    first, second = await served.enter(student), await served.enter(student)
    assert first.welcome["seat"] != second.welcome["seat"]
    assert len(second.welcome["people"]) == 1


@pytest.mark.parametrize("text", ["{", '{"type": "dance"}', "[" * 10_000])
async def test_garbage_is_refused_in_a_sentence(school, text):
    served = await school()
    student = await served.enter()
    await student.socket.send_str(text)
    refused = await student.hear("refused")
    assert refused["code"] == "invalid"
    assert refused["message"].endswith(".")


async def test_repeated_garbage_ends_the_socket(school):
    served = await school()
    student = await served.enter()
    for _ in range(10):
        await student.socket.send_str("garbage")
    heard = await student.heard_until_close()
    assert heard[-1]["type"] == "bye"
    assert heard[-1]["reason"] == "garbage"


async def test_a_flood_ends_the_socket(school):
    served = await school()
    student = await served.enter()
    for _ in range(250):
        await student.send("alive")
    assert (await student.hear("bye"))["reason"] == "garbage"


async def test_binary_and_oversized_messages_are_refused(school):
    served = await school()
    student = await served.enter()
    await student.socket.send_bytes(b"\x00")
    assert "text" in (await student.hear("refused"))["message"]
    await student.socket.send_str("a" * (LONGEST_MESSAGE_BYTES + 1))
    assert (await student.hear("refused"))["code"] == "too-large"


async def test_a_frame_beyond_all_measure_cuts_the_connection_and_not_the_room(school, line):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    await student.socket.send_str("a" * (1 << 21))
    await student.heard_until_close()
    await lecturer.send("say", **line("we go on"))
    assert (await lecturer.hear("chat"))["text"] == "we go on"


@pytest.mark.parametrize("first", ['{"type": "alive"}', "garbage"])
async def test_whoever_does_not_say_hello_is_sent_away(school, first):
    served = await school()
    socket = await served.socket(served.lecturer)
    await socket.send_str(first)
    bye = await socket.receive_json()
    assert (bye["type"], bye["reason"]) == ("bye", "garbage")
    assert (await socket.receive()).type is WSMsgType.CLOSE
    assert served.facts(PersonJoined) == []


async def test_before_the_doors_open_there_is_a_clear_answer(school):
    served = await school(LectureState.PLANNED)
    socket = await served.socket(served.lecturer)
    bye = await socket.receive_json()
    assert (bye["type"], bye["reason"]) == ("bye", "not_open")


async def test_after_the_end_there_is_a_clear_answer(school):
    served = await school()
    await served.stop()
    socket = await served.socket(served.lecturer)
    assert (await socket.receive_json())["reason"] == "ended"


async def test_the_end_of_the_lecture_empties_the_room(school):
    served = await school(is_recorded=False)
    student = await served.enter()
    await served.stop()
    heard = await student.heard_until_close()
    assert [message.get("state") for message in heard] == ["ended", "published", None]
    assert heard[-1]["reason"] == "ended"
    (left,) = served.facts(PersonLeft)
    assert left.reason == "ended"
    assert len(served.facts(RoomClosed)) == 1


async def test_nobody_comes_in_without_proof_of_identity(school):
    served = await school()
    with pytest.raises(WSServerHandshakeError) as refused:
        await served.client.ws_connect(f"/lectures/{served.lecture.id}/socket")
    assert refused.value.status == 401


async def test_there_is_no_room_without_a_lecture(school, bearer):
    served = await school()
    with pytest.raises(WSServerHandshakeError) as refused:
        await served.client.ws_connect(
            f"/lectures/{new_id()}/socket", headers=await bearer(served.lecturer)
        )
    assert refused.value.status == 404


async def test_a_guest_comes_in_by_ticket_and_only_there(school, add_lecture):
    served = await school()
    tickets = served.client.app[TICKETS]
    good = tickets.issue(Ticket(lecture=served.lecture.id, name="Guest"), timedelta(hours=1))
    path = f"/lectures/{served.lecture.id}/socket?ticket={good}"
    socket = await served.client.ws_connect(path)
    await socket.send_json({"type": "hello", "device": "tab"})
    welcome = await socket.receive_json()
    assert (welcome["me"]["name"], welcome["me"]["role"]) == ("Guest", "guest")
    other = tickets.issue(Ticket(lecture=new_id(), name="Guest"), timedelta(hours=1))
    with pytest.raises(WSServerHandshakeError) as refused:
        await served.client.ws_connect(f"/lectures/{served.lecture.id}/socket?ticket={other}")
    assert refused.value.status == 403


async def test_a_page_of_another_site_cannot_open_a_socket(school, bearer):
    served = await school()
    token = (await bearer(served.lecturer))["Authorization"].removeprefix("Bearer ")
    headers = {"Cookie": f"daris_session={token}", "Origin": "https://elsewhere.example"}
    with pytest.raises(WSServerHandshakeError) as refused:
        await served.client.ws_connect(f"/lectures/{served.lecture.id}/socket", headers=headers)
    assert refused.value.status == 403


async def test_hands_and_floor_pass_between_host_and_student(school):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    who = student.welcome["me"]["person"]
    await student.send("raise_hand")
    assert (await lecturer.hear("hand"))["person"] == who
    await lecturer.send("give_floor", person=who)
    assert (await student.hear("floor"))["given"]
    await lecturer.send("take_floor", person=who)
    assert not (await student.hear("floor"))["given"]


async def test_a_student_who_gives_the_floor_is_refused(school):
    served = await school()
    student = await served.enter()
    await student.send("give_floor", person=student.welcome["me"]["person"])
    refused = await student.hear("refused")
    assert (refused["code"], refused["about"]) == ("forbidden", "give_floor")


async def test_a_malformed_offer_is_refused_and_the_seat_stays(school, line):
    served = await school()
    lecturer = await served.enter(served.lecturer)
    await lecturer.send("offer", sdp="v=0\r\nnonsense")
    assert (await lecturer.hear("refused"))["about"] == "offer"
    await lecturer.send("say", **line("still here"))
    assert (await lecturer.hear("chat"))["text"] == "still here"


async def test_a_socket_that_asks_whether_it_lives_is_answered(school):
    served = await school()
    student = await served.enter()
    await student.send("alive")
    await student.send("alive", echo=7)
    assert (await student.hear("alive"))["echo"] == 7
