"""The attendance sheet and the chat over HTTP: who sees what, as JSON and as CSV."""

import csv
import io
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from footprint.events import FootprintRead
from footprint.integrity import verify
from footprint.log import Source, event
from footprint.rebuilding import rebuild
from footprint.statements import House
from identity.people import Person
from identity.rights import Role
from kernel.ids import new_id
from schedule.lifecycle import Lecture


@dataclass
class Class:
    """A lecture that was planned for 60 to 110 minutes after noon, and who was there."""

    lecture: Lecture
    lecturer: Person
    aliya: Person  # two tabs: 60 to 90 and 70 to 100
    bolat: Person  # killed: proven from 65 to 85

    @property
    def path(self) -> str:
        return f"/api/v1/lectures/{self.lecture.id}/attendance"


@pytest.fixture
async def taught(store, room, journal, drained, *, add_person, add_lecture) -> Class:
    lecturer = await add_person(Role.LECTURER, name="Dana", into=store)
    aliya = await add_person(Role.STUDENT, name="=Aliya", into=store)
    bolat = await add_person(Role.STUDENT, name="Bolat, B.", into=store)
    lecture = await add_lecture(lecturer, into=store, starts_in=timedelta(hours=1))
    room.lecture = lecture.id
    laptop, phone = room.joined(aliya.id, 60), room.joined(aliya.id, 70)
    killed, guest = room.joined(bolat.id, 65), room.joined(new_id(), 100)
    await journal.record(
        room.opened(59),
        *(laptop, phone, killed, guest),
        room.said(laptop, "Сұрақ бар", 75),
        room.left(laptop, 90, received=25, visible=10),
        room.left(killed, 95, proof=85),
        room.left(phone, 100, received=20, visible=15),
        room.left(guest, 101),
    )
    await drained()
    return Class(lecture, lecturer, aliya, bolat)


@pytest.fixture
async def teacher(taught, token_of) -> str:
    return await token_of(taught.lecturer)


async def test_the_lecturer_sees_everybody(taught, teacher, get):
    answer = await get(taught.path, teacher)
    sheet = await answer.json()
    rows = {row["name"]: row for row in sheet["rows"]}
    assert answer.status == 200
    assert {name: row["minutes"] for name, row in rows.items()} == {
        "=Aliya": 40.0,
        "Bolat, B.": 20.0,
        "Guest of honour": 1.0,
    }
    assert rows["=Aliya"]["percent"] == 80.0
    assert rows["=Aliya"]["status"] == "present"
    assert len(rows["=Aliya"]["intervals"]) == 1
    assert rows["Bolat, B."]["last_out"] == "2026-09-07T05:25:00Z"
    assert sheet["totals"]["present"] == 1
    assert sheet["policy"] == "daris-1"


async def test_reading_others_attendance_is_itself_a_fact(taught, teacher, get, kept):
    await get(taught.path, teacher)
    fact = kept.facts[0]
    assert isinstance(fact, FootprintRead)
    assert (fact.person, fact.lecture, fact.what) == (
        taught.lecturer.id,
        taught.lecture.id,
        "attendance",
    )


async def test_a_student_sees_their_own_row_and_it_is_no_reading_of_others(
    taught, get, token_of, kept
):
    sheet = await (await get(taught.path, await token_of(taught.bolat))).json()
    assert [row["name"] for row in sheet["rows"]] == ["Bolat, B."]
    assert kept.facts == []


async def test_another_lecturer_sees_only_themselves(taught, get, token_of, add_person, store):
    other = await add_person(Role.LECTURER, into=store)
    assert (await (await get(taught.path, await token_of(other))).json())["rows"] == []


async def test_nobody_unknown_sees_anything(taught, get):
    assert (await get(taught.path)).status == 401
    assert (await get(f"/api/v1/lectures/{taught.lecture.id}/chat")).status == 401


async def test_a_lecture_that_is_not_there_is_not_found(taught, teacher, get):
    assert (await get(f"/api/v1/lectures/{new_id()}/attendance", teacher)).status == 404
    assert (await get("/api/v1/lectures/none/attendance", teacher)).status == 404


@pytest.mark.parametrize(
    ("params", "headers"), [({"format": "csv"}, {}), ({}, {"Accept": "text/csv"})]
)
async def test_the_sheet_comes_as_csv(taught, teacher, get, params, headers):
    answer = await get(taught.path, teacher, headers=headers, **params)
    rows = list(csv.DictReader(io.StringIO(await answer.text(), newline="")))
    assert answer.content_type == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert [row["name"] for row in rows] == ["'=Aliya", "Bolat, B.", "Guest of honour"]
    assert rows[0]["webrtc_minutes"] == "40.0"


async def test_a_spreadsheet_may_ask_for_the_mark_of_utf_8(taught, teacher, get):
    answer = await get(taught.path, teacher, format="csv", bom="true")
    assert (await answer.read()).startswith(b"\xef\xbb\xbf")


async def test_the_raw_intervals_are_what_the_sheet_was_made_of(taught, teacher, get):
    answer = await get(taught.path, teacher, format="csv", sheet="intervals")
    rows = list(csv.DictReader(io.StringIO(await answer.text(), newline="")))
    assert [(r["name"], r["began_at"][11:16], r["last_proof_at"][11:16]) for r in rows] == [
        ("'=Aliya", "05:00", "05:30"),
        ("Bolat, B.", "05:05", "05:25"),
        ("'=Aliya", "05:10", "05:40"),
        ("Guest of honour", "05:40", "05:41"),
    ]
    assert [(r["received_s"], r["visible_s"]) for r in rows] == [
        ("1500", "600"),
        ("", ""),
        ("1200", "900"),
        ("", ""),
    ]


async def test_a_student_gets_only_their_own_intervals(taught, get, token_of):
    token = await token_of(taught.bolat)
    text = await (await get(taught.path, token, format="csv", sheet="intervals")).text()
    assert "Bolat" in text
    assert "Aliya" not in text


async def test_an_unknown_format_is_refused(taught, teacher, get):
    assert (await get(taught.path, teacher, format="xls")).status == 400


async def test_everybody_learns_what_they_themselves_missed(taught, get, token_of):
    address = f"/api/v1/lectures/{taught.lecture.id}/missed"
    spans = (await (await get(address, await token_of(taught.bolat))).json())["spans"]
    assert [(span["began_at"][11:16], span["ended_at"][11:16]) for span in spans] == [
        ("05:00", "05:05"),
        ("05:25", "05:50"),
    ]
    lecturer = await get(address, await token_of(taught.lecturer))
    assert await lecturer.json() == {"spans": []}


async def test_the_chat_is_there_for_who_may_watch(taught, get, token_of):
    answer = await get(f"/api/v1/lectures/{taught.lecture.id}/chat", await token_of(taught.bolat))
    lines = (await answer.json())["lines"]
    assert [(line["text"], line["person"]) for line in lines] == [
        ("Сұрақ бар", str(taught.aliya.id))
    ]


async def test_a_question_to_hosts_is_read_by_them_and_by_who_asked_it(
    taught, get, token_of, add_person, *, store, room, journal, drained
):
    public = ["Сұрақ бар"]
    tutor = await add_person(Role.TUTOR, into=store)
    asked = room.said(room.joined(taught.aliya.id, 60), "Between us", 76)
    await journal.record(msgspec.structs.replace(asked, to_hosts=True))
    await drained()

    async def read_by(person: Person) -> list[str]:
        answer = await get(f"/api/v1/lectures/{taught.lecture.id}/chat", await token_of(person))
        return [line["text"] for line in (await answer.json())["lines"]]

    assert await read_by(taught.lecturer) == [*public, "Between us"]
    assert await read_by(taught.aliya) == [*public, "Between us"]
    assert await read_by(taught.bolat) == await read_by(tutor) == public


@pytest.fixture
def mark(client, taught):
    async def mark(token: str, person, **more):
        body = {"person": str(person), "status": "excused", "reason": "Was ill"} | more
        headers = {"Authorization": f"Bearer {token}"}
        return await client.post(f"{taught.path}/marks", json=body, headers=headers)

    return mark


async def _rows(answer) -> dict:
    return {row["name"]: row for row in (await answer.json())["rows"]}


async def test_a_mark_wins_and_what_was_counted_stays_beside_it(taught, teacher, get, mark):
    answer = await mark(teacher, taught.bolat.id, status="present", minutes=50)
    assert answer.status == 201
    row = (await _rows(await get(taught.path, teacher)))["Bolat, B."]
    assert (row["status"], row["minutes"], row["percent"]) == ("present", 50.0, 100.0)
    assert (row["automatic_status"], row["automatic_minutes"]) == ("absent", 20.0)
    assert row["mark"]["by_name"] == "Dana"
    assert row["mark"]["reason"] == "Was ill"


async def test_the_newest_mark_decides(taught, teacher, get, mark):
    await mark(teacher, taught.bolat.id, status="present")
    await mark(teacher, taught.bolat.id, status="late", reason="The bus")
    row = (await _rows(await get(taught.path, teacher)))["Bolat, B."]
    assert (row["status"], row["minutes"], row["mark"]["reason"]) == ("late", 20.0, "The bus")


async def test_a_mark_survives_recomputation(taught, teacher, get, mark, store):
    await mark(teacher, taught.bolat.id)
    before = await (await get(taught.path, teacher)).json()
    async with store.begin() as connection:
        await rebuild(connection, House("https://live.example.edu"))
    assert await (await get(taught.path, teacher)).json() == before


async def test_somebody_who_was_not_there_can_be_excused(
    taught, teacher, get, mark, *, add_person, store
):
    ill = await add_person(Role.STUDENT, name="Erlan", into=store)
    assert (await mark(teacher, ill.id)).status == 201
    sheet = await (await get(taught.path, teacher)).json()
    row = next(row for row in sheet["rows"] if row["name"] == "Erlan")
    assert (row["status"], row["minutes"], row["first_in"]) == ("excused", 0.0, None)
    assert (sheet["totals"]["present"], sheet["totals"]["excused"]) == (1, 1)


async def test_nobody_is_marked_present_for_longer_than_the_lecture(taught, teacher, mark):
    row = await (await mark(teacher, taught.bolat.id, status="present", minutes=500)).json()
    assert (row["minutes"], row["percent"]) == (50.0, 100.0)


async def test_the_csv_tells_the_mark_and_its_reason(taught, teacher, get, mark):
    await mark(teacher, taught.bolat.id, reason="=1+1")
    text = await (await get(taught.path, teacher, format="csv")).text()
    row = next(r for r in csv.DictReader(io.StringIO(text)) if r["name"] == "Bolat, B.")
    assert (row["status"], row["automatic_status"]) == ("excused", "absent")
    assert (row["mark_reason"], row["marked_by"]) == ("'=1+1", "Dana")


async def test_only_who_answers_for_the_lecture_marks(taught, mark, token_of, *, add_person, store):
    coordinator = await add_person(Role.COORDINATOR, into=store)
    other = await add_person(Role.LECTURER, into=store)
    assert (await mark(await token_of(coordinator), taught.bolat.id)).status == 201
    assert (await mark(await token_of(other), taught.bolat.id)).status == 403
    assert (await mark(await token_of(taught.bolat), taught.bolat.id)).status == 403


@pytest.mark.parametrize(
    "wrong",
    [{"status": "ill"}, {"reason": " "}, {"reason": "x" * 1001}, {"minutes": -1}, {"color": 1}],
    ids=str,
)
async def test_a_mark_that_makes_no_sense_is_refused(taught, teacher, mark, wrong):
    assert (await mark(teacher, taught.bolat.id, **wrong)).status == 400


async def test_nobody_unknown_is_marked(taught, teacher, mark):
    assert (await mark(teacher, new_id())).status == 404


async def test_a_mark_is_an_entered_fact(taught, teacher, mark, store):
    await mark(teacher, taught.bolat.id)
    async with store.connect() as connection:
        query = sa.select(event.c.source).where(event.c.kind == "attendance-marked")
        assert await connection.scalar(query) == Source.ENTERED
        assert (await verify(connection)).is_sound


async def test_a_number_is_explained_down_to_the_events(taught, teacher, get, mark):
    await mark(teacher, taught.aliya.id, status="late", reason="Came by phone first")
    answer = await get(f"{taught.path}/{taught.aliya.id}", teacher)
    found = await answer.json()
    assert [(v["channel"], v["device"]) for v in found["visits"]] == [("webrtc", "laptop")] * 2
    assert found["visits"][0]["skew_ms"] == 3_000
    stays = [visit["stays"][0] for visit in found["visits"]]
    assert [(s["received_s"], s["visible_s"]) for s in stays] == [(1500, 600), (1200, 900)]
    assert (found["received_minutes"], found["visible_minutes"]) == (25, 15)
    assert [e["kind"] for e in found["visits"][0]["evidence"]] == [
        "person-joined",
        "chat-said",
        "person-left",
    ]
    assert found["visits"][1]["stays"][0]["counted"]["began_at"] == "2026-09-07T05:10:00Z"
    assert [m["reason"] for m in found["marks"]] == ["Came by phone first"]
    assert found["policy"]["version"] == "daris-1"


async def test_one_sees_why_of_oneself_and_of_nobody_else(taught, teacher, get, token_of, kept):
    token = await token_of(taught.bolat)
    assert (await get(f"{taught.path}/{taught.bolat.id}", token)).status == 200
    assert kept.facts == []
    assert (await get(f"{taught.path}/{taught.aliya.id}", token)).status == 403
    assert (await get(f"{taught.path}/{taught.aliya.id}", teacher)).status == 200
    assert [(f.person, f.of) for f in kept.facts] == [(taught.lecturer.id, taught.aliya.id)]
    assert (await get(f"{taught.path}/{new_id()}", teacher)).status == 404


async def test_the_page_of_a_number_shows_times_of_the_viewers_zone(taught, teacher, get, mark):
    await mark(teacher, taught.bolat.id, reason="<b>ill</b>")
    page = f"/lectures/{taught.lecture.id}/attendance"
    zone = {"Cookie": "zone=Asia/Tokyo; locale=en"}
    why = await (await get(f"{page}/{taught.bolat.id}", teacher, headers=zone)).text()
    assert "14:05:00" in why
    assert "&lt;b&gt;ill&lt;/b&gt;" in why
    sheet = await (await get(page, teacher, headers=zone)).text()
    assert "Marked: &lt;b&gt;ill" in sheet
    assert sheet.count('data-testid="mark"') == 3


async def test_who_sees_only_themselves_is_offered_no_marks(taught, get, token_of):
    page = await get(f"/lectures/{taught.lecture.id}/attendance", await token_of(taught.bolat))
    assert 'data-testid="mark"' not in await page.text()
