"""The attendance sheet and the chat over HTTP: who sees what, as JSON and as CSV."""

import csv
import io
from dataclasses import dataclass
from datetime import timedelta

import pytest

from footprint.events import FootprintRead
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
        room.left(laptop, 90),
        room.left(killed, 95, proof=85),
        room.left(phone, 100),
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


async def test_a_student_gets_only_their_own_intervals(taught, get, token_of):
    token = await token_of(taught.bolat)
    text = await (await get(taught.path, token, format="csv", sheet="intervals")).text()
    assert "Bolat" in text
    assert "Aliya" not in text


async def test_an_unknown_format_is_refused(taught, teacher, get):
    assert (await get(taught.path, teacher, format="xls")).status == 400


async def test_the_chat_is_there_for_who_may_watch(taught, get, token_of):
    answer = await get(f"/api/v1/lectures/{taught.lecture.id}/chat", await token_of(taught.bolat))
    lines = (await answer.json())["lines"]
    assert [(line["text"], line["person"]) for line in lines] == [
        ("Сұрақ бар", str(taught.aliya.id))
    ]
