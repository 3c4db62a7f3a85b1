"""A purpose that is off leaves nothing in the log; what was kept before stays as it was."""

import json
from datetime import timedelta

import pytest

from footprint.consents import TEXTS
from footprint.log import head
from footprint.purposes import KINDS
from identity.rights import Role
from kernel.ids import new_id
from live.events import RecordingConsented
from player.events import Mode, ViewBegan, ViewEnded, ViewPlayed
from player.site import HERE

ADDRESS = "/api/v1/purposes"


@pytest.fixture
def store(database):
    """Nothing here is SQL of one kind."""
    return database


@pytest.fixture
async def admin(store, add_person, token_of) -> str:
    return await token_of(await add_person(Role.ADMIN, name="Root", into=store))


@pytest.fixture
def switch(client, admin):
    async def switch(purpose: str, is_on: bool = False, *, token: str = admin, **more):
        body = {"purpose": purpose, "is_on": is_on, "reason": "Order 5"} | more
        headers = {"Authorization": f"Bearer {token}"}
        return await client.post(ADDRESS, json=body, headers=headers)

    return switch


async def test_what_is_off_is_not_written_and_what_was_written_stays(
    room, journal, drained, switch, clock, kinds_of, get, admin
):
    early, late = room.joined(new_id(), 1), room.joined(new_id(), 120)
    await journal.record(early, room.said(early, "before", 2))
    await drained()
    clock.advance(timedelta(minutes=30))
    assert (await switch("chat")).status == 201
    await journal.record(late, room.said(late, "after", 121))
    await drained()
    assert await kinds_of() == ["person-joined", "chat-said", "purpose-switched", "person-joined"]
    clock.advance(timedelta(hours=3))
    assert (await switch("chat", True)).status == 201
    await journal.record(room.said(late, "on again", 300))
    await drained()
    assert (await kinds_of())[-1] == "chat-said"
    found = {one["purpose"]: one for one in (await (await get(ADDRESS, admin)).json())["purposes"]}
    assert [one["is_on"] for one in found["chat"]["switches"]] == [False, True]
    assert found["chat"]["is_on"]


async def test_a_stay_ends_at_its_last_proof_before_attendance_was_switched_off(
    room, journal, drained, drain, switch, clock, store, get, admin, *, add_person, add_lecture
):
    lecturer = await add_person(Role.LECTURER, into=store)
    lecture = await add_lecture(lecturer, into=store, starts_in=timedelta(minutes=10))
    room.lecture = lecture.id
    joined = room.joined(new_id(), 10)
    await journal.record(joined, room.alive(30, joined))
    await drained()
    clock.advance(timedelta(minutes=30))
    await switch("attendance")
    await journal.record(room.alive(40, joined), room.left(joined, 50))
    await drained()
    clock.advance(timedelta(minutes=30))
    await drain.sweep()
    sheet = await (await get(f"/api/v1/lectures/{lecture.id}/attendance", admin)).json()
    assert [row["minutes"] for row in sheet["rows"]] == [20.0]


async def test_watching_live_is_attendance_and_watching_later_is_not(
    room, journal, drained, switch, clock, kinds_of
):
    await switch("watching")
    for mode in (Mode.RECORDING, Mode.TV, Mode.LIVE):
        view = {"view": new_id(), "mode": mode, "lecture": room.lecture, "person": new_id()}
        at = room.at(5)
        await journal.record(
            ViewBegan(id=new_id(), at=at, **view),
            ViewPlayed(id=new_id(), at=at, **view),
            ViewEnded(id=new_id(), at=at, last_proof_at=at, **view),
        )
    await drained()
    assert await kinds_of() == ["purpose-switched", "view-began", "view-played", "view-ended"]


async def test_a_switch_may_lie_ahead_and_never_behind(switch, clock, store, get, admin):
    soon = clock.now() + timedelta(days=1)
    assert (await switch("quality", since=soon.isoformat())).status == 201
    on = (await (await get(ADDRESS, admin)).json())["purposes"][-1]
    assert (on["purpose"], on["is_on"]) == ("quality", True)
    clock.advance(timedelta(days=2))
    off = (await (await get(ADDRESS, admin)).json())["purposes"][-1]
    assert not off["is_on"]
    behind = (clock.now() - timedelta(days=1)).isoformat()
    assert (await switch("chat", since=behind)).status == 400
    assert (await switch("quality")).status == 409
    assert (await switch("chat", reason=" ")).status == 400
    assert (await switch("weather")).status == 400
    async with store.connect() as connection:
        assert (await head(connection)).seq == 1


async def test_everybody_reads_what_is_recorded_and_only_administrators_switch(
    switch, get, store, add_person, token_of
):
    student = await token_of(await add_person(Role.STUDENT, into=store))
    assert (await switch("chat", token=student)).status == 403
    page = await (await get("/privacy", student)).text()
    assert page.count('data-testid="purpose"') == len(KINDS)
    assert "data-switch" not in page
    assert (await get(ADDRESS)).status == 401


async def test_a_receipt_tells_what_was_agreed_to_and_in_which_words(
    room, journal, drained, get, store, admin, kept, *, add_person, token_of
):
    student = await add_person(Role.STUDENT, name="Aliya", into=store)
    joined = room.joined(student.id, 1)
    seat = {"seat": joined.seat, "device": "laptop", "person": student.id}
    consented = RecordingConsented(
        id=new_id(), at=room.at(2), lecture=room.lecture, run=room.run, **seat
    )
    await journal.record(joined, consented)
    await drained()
    token = await token_of(student)
    [receipt] = (await (await get("/api/v1/me/receipts", token)).json())["receipts"]
    assert receipt["consentReceiptID"] == str(consented.id)
    assert receipt["consentTimestamp"] == int(room.at(2).timestamp())
    assert (receipt["noticeVersion"], receipt["notice"]) == ("recording-1", TEXTS["recording-1"])
    assert "Aliya" not in json.dumps(receipt)
    assert 'data-testid="consent"' in await (await get("/privacy", token)).text()
    path = f"/api/v1/people/{student.id}/receipts"
    other = await token_of(await add_person(Role.LECTURER, into=store))
    assert (await get(path, other)).status == 403
    assert len((await (await get(path, admin)).json())["receipts"]) == 1
    assert [fact.of for fact in kept.facts] == [student.id]


def test_the_room_shows_the_words_that_its_consents_name():
    newest = RecordingConsented.__struct_defaults__[-1]
    assert newest in TEXTS
    room = (HERE / "templates" / "lecture" / "room.html").read_text()
    assert f'_("{TEXTS[newest]}")' in room
