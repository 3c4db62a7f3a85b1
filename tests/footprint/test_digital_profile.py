"""The digital profile: one's own at once, another's only by right and on record."""

import json
from datetime import timedelta
from uuid import UUID

import pytest

from footprint.events import FootprintRead
from footprint.marks import NewMark, mark
from identity.rights import Role
from kernel.ids import new_id
from player.events import Mode, ViewBegan, ViewEnded, ViewPlayed
from schedule.lectures import lecture_by_id

MINE = "/api/v1/me/footprint"


def watched(lecture: UUID, person: UUID, room, begin: float, end: float) -> list:
    """A viewing of the recording, as facts."""
    view = {"view": new_id(), "mode": Mode.RECORDING, "lecture": lecture, "person": person}
    return [
        ViewBegan(id=new_id(), at=room.at(begin), **view),
        ViewPlayed(id=new_id(), at=room.at(begin), **view),
        ViewEnded(id=new_id(), at=room.at(end), last_proof_at=room.at(end), **view),
    ]


@pytest.fixture
async def aliya(store, room, journal, drained, *, add_person, add_lecture):
    """Was there from minute 60 to 100 in two tabs, said two lines, and watched the recording."""
    lecturer = await add_person(Role.LECTURER, name="Dana", into=store)
    student = await add_person(Role.STUDENT, name="Aliya", into=store)
    other = await add_person(Role.STUDENT, name="Bolat", into=store)
    lecture = await add_lecture(lecturer, into=store, starts_in=timedelta(hours=1))
    room.lecture = lecture.id
    laptop, phone, his = (room.joined(p.id, 60) for p in (student, student, other))
    await journal.record(
        room.opened(59),
        *(laptop, phone, his),
        room.said(laptop, "first", 61),
        room.said(phone, "second", 62),
        room.said(his, "private to Bolat", 63),
        *(room.left(laptop, 90), room.left(phone, 100), room.left(his, 100)),
        *watched(lecture.id, student.id, room, 200, 215),
    )
    await drained()
    return student


async def test_the_totals_count_everything_once(aliya, get, token_of):
    found = await (await get(MINE, await token_of(aliya))).json()
    assert found["totals"] == {
        "lectures_attended": 1,
        "minutes": 40.0,
        "lectures_taught": 0,
        "minutes_taught": 0.0,
        "lines_of_chat": 2,
        "recordings_watched": 1,
        "recording_minutes": 15.0,
    }


async def test_the_timeline_is_newest_first(aliya, get, token_of):
    timeline = (await (await get(MINE, await token_of(aliya))).json())["timeline"]
    assert [(e["sort"], e["channel"], e["count"]) for e in timeline] == [
        ("visit", "recording", 1),
        ("chat-said", None, 2),
        ("visit", "webrtc", 1),
    ]
    assert timeline[2]["title"] == "Linear algebra"
    assert timeline[2]["ends_at"] == "2026-09-07T05:40:00Z"


async def test_a_mark_changes_the_totals_and_stands_in_the_timeline(
    aliya, get, token_of, store, clock, room
):
    async with store.begin() as connection:
        lecture = await lecture_by_id(connection, room.lecture)
        new = NewMark(person=aliya.id, status="absent", reason="Left the room", minutes=5)
        await mark(connection, lecture, new, by=lecture.lecturer, now=clock.now())
    found = await (await get(MINE, await token_of(aliya))).json()
    assert (found["totals"]["lectures_attended"], found["totals"]["minutes"]) == (0, 5.0)
    assert [e["reason"] for e in found["timeline"] if e["sort"] == "attendance-marked"] == [
        "Left the room"
    ]


async def test_reading_oneself_asks_for_nothing_and_leaves_nothing(aliya, get, token_of, kept):
    token = await token_of(aliya)
    assert (await get(MINE, token)).status == 200
    assert (await get(f"/api/v1/people/{aliya.id}/footprint", token)).status == 200
    assert kept.facts == []


async def test_another_profile_is_read_by_right_only_and_on_record(
    aliya, get, token_of, kept, *, add_person, store
):
    path = f"/api/v1/people/{aliya.id}/footprint"
    for role in (Role.STUDENT, Role.LECTURER, Role.VOLUNTEER, Role.COORDINATOR):
        someone = await add_person(role, into=store)
        assert (await get(path, await token_of(someone))).status == 403
    assert (await get(path)).status == 401
    assert kept.facts == []
    admin = await add_person(Role.ADMIN, into=store)
    token = await token_of(admin)
    for form in (path, f"{path}/export", path.removeprefix("/api/v1")):
        assert (await get(form, token)).status == 200
    assert [(type(f), f.person, f.of, f.what) for f in kept.facts] == [
        (FootprintRead, admin.id, aliya.id, "profile")
    ] * 3
    assert (await get(f"/api/v1/people/{new_id()}/footprint", token)).status == 404


async def test_the_export_holds_all_own_facts_and_statements_and_nobody_elses(aliya, get, token_of):
    answer = await get(f"{MINE}/export", await token_of(aliya))
    assert answer.content_type == "application/json"
    assert "attachment" in answer.headers["Content-Disposition"]
    text = await answer.text()
    found = json.loads(text)
    assert found["person"]["name"] == "Aliya"
    kinds = [one["fact"]["kind"] for one in found["facts"]]
    assert kinds == [
        *("person-joined", "person-joined", "chat-said", "chat-said"),
        *("person-left", "person-left", "view-began", "view-played", "view-ended"),
    ]
    assert len(found["statements"]) == len(kinds)
    assert "private to Bolat" not in text
    assert "password" not in text


async def test_who_did_nothing_yet_has_an_empty_profile(get, token_of, add_person, store):
    token = await token_of(await add_person(Role.STUDENT, into=store))
    found = await (await get(MINE, token)).json()
    assert (found["timeline"], found["totals"]["minutes"]) == ([], 0.0)
    assert "empty" in await (await get("/me/footprint", token)).text()
    export = await (await get(f"{MINE}/export", token)).json()
    assert (export["facts"], export["statements"]) == ([], [])


@pytest.mark.parametrize("locale", ["kk", "ru", "en"])
async def test_the_page_is_there_in_each_language(aliya, get, token_of, locale):
    headers = {"Cookie": f"locale={locale}; zone=Asia/Almaty"}
    page = await (await get("/me/footprint", await token_of(aliya), headers=headers)).text()
    assert f'<html lang="{locale}"' in page
    assert "10:00" in page
    assert page.count("data-sort=") == 3
