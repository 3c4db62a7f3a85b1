"""Courses and lectures over time: judged as their sheets are, and read only by whom it concerns."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from bench import clips
from footprint.attendance import Presence, Span, attendance
from footprint.policy import Channel
from footprint.report import there
from identity.rights import Role
from kernel.ids import new_id
from live.events import ChatModeSet, ConnectionsMeasured, HandRaised, TrackPublished
from player.delivery import LIBRARY
from schedule.academic import periods
from schedule.lectures import lectures
from schedule.series import series, series_classes
from schedule.study_work import ChatMode
from transcode.extras import SLIDES

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
PEOPLE = [new_id() for _ in range(4)]
STAYS = st.lists(st.tuples(st.sampled_from(PEOPLE), st.integers(-20, 120), st.integers(0, 90)))


@given(STAYS)
def test_each_person_counts_once_in_each_step(stays):
    window = Span(NOON, NOON + timedelta(minutes=100))
    spans = [
        Presence(
            person,
            Channel.WEBRTC,
            Span(NOON + timedelta(minutes=at), NOON + timedelta(minutes=at + length)),
        )
        for person, at, length in stays
    ]
    rows = attendance(spans, window)
    step = timedelta(minutes=7)
    found = there(rows, window, step)
    assert len(found) == 15
    for number, count in enumerate(found):
        begin, end = NOON + step * number, NOON + step * (number + 1)
        overlaps = [
            any(span.began_at < end and span.ended_at > begin for span in row.counted)
            for row in rows
        ]
        assert count == sum(overlaps)


@pytest.fixture
async def term(store, clock, room, journal, drained, *, add_person, add_lecture):
    """A course of two classes that were taught and one to come; Aliya was in both, Bolat in one."""
    lecturer = await add_person(Role.LECTURER, name="Dana", into=store)
    aliya = await add_person(Role.STUDENT, name="=Aliya", into=store)
    bolat = await add_person(Role.STUDENT, name="Bolat", into=store)
    classes = []
    for week in (1, 2, 3):
        starts_in = timedelta(hours=1, days=7 * (week - 1))
        classes.append(await add_lecture(lecturer, into=store, starts_in=starts_in))
    course = await _save_series(store, clock, lecturer.id, [one.id for one in classes])
    for week, lecture in enumerate(classes[:2]):
        room.lecture, room.run, begin = lecture.id, new_id(), 60 + week * 7 * 24 * 60
        dana, here = room.joined(lecturer.id, begin), room.joined(aliya.id, begin)
        more = [room.joined(bolat.id, begin + 15)] if week else []
        of_seat = {"lecture": room.lecture, "run": room.run, "person": aliya.id}
        of_seat |= {"seat": here.seat, "device": "laptop"}
        hand = HandRaised(id=new_id(), at=room.at(begin + 5), **of_seat)
        shown = {"track": new_id(), "source": "microphone"}
        mic = TrackPublished(id=new_id(), at=room.at(begin + 6), **of_seat, **shown)
        await journal.record(dana, here, *more, hand, mic, room.said(here, "why?", begin + 7))
        left = [room.left(one, begin + 50) for one in (dana, here, *more)]
        good = {"lecture": room.lecture, "run": room.run, "good": 2, "fair": 1, "poor": 0}
        measured = ConnectionsMeasured(id=new_id(), at=room.at(begin + 3), **good)
        await journal.record(*left, measured)
    await drained()
    async with store.begin() as connection:
        ended = lectures.c.id.in_([one.id for one in classes[:2]])
        await connection.execute(lectures.update().where(ended).values(state="ended"))
    return course, classes, lecturer


async def _save_series(store, clock, lecturer: UUID, classes: list[UUID]) -> UUID:
    period, course = new_id(), new_id()
    async with store.begin() as connection:
        days = {"starts_on": date(2026, 9, 1), "ends_on": date(2026, 12, 20)}
        row = {"id": period, "calendar": "university", "name": "Autumn", "revision": 1} | days
        await connection.execute(periods.insert().values(row))
        row = {
            "id": course, "period": period, "title": "Optics", "summary": "", "lecturer": lecturer,
            "is_recorded": False, "weekday": 1, "begins": time(9), "minutes": 50, "zone": "UTC",
            "weeks": "all", "first_week": 1, "last_week": 15, "revision": 1,
            "created_at": clock.now(), "changed_at": clock.now(),
        }  # fmt: skip
        await connection.execute(series.insert().values(row))
        rows = [
            {"lecture": one, "series": course, "week": week, "revision": 1, "is_dropped": False}
            for week, one in enumerate(classes, 1)
        ]
        await connection.execute(series_classes.insert(), rows)
    return course


async def test_a_course_is_the_sheets_of_its_classes(term, get, token_of):
    course, _classes, lecturer = term
    token = await token_of(lecturer)
    found = await (await get(f"/api/v1/series/{course}/attendance", token)).json()
    assert [one["week"] for one in found["classes"]] == [1, 2]
    assert found["classes"][1]["statuses"] == {"present": 1, "absent": 1}
    assert (found["classes"][0]["questions"], found["classes"][0]["lines"]) == (1, 1)
    assert [one["stayed_percent"] for one in found["classes"]] == [100.0, 100.0]
    assert [one["good_percent"] for one in found["classes"]] == [66.7, 66.7]
    people = {one["name"]: one["statuses"] for one in found["learners"]}
    assert people == {"=Aliya": ["present", "present"], "Bolat": [None, "absent"]}
    asked = {"format": "csv"}
    text = await (await get(f"/api/v1/series/{course}/attendance", token, **asked)).text()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[2][1:4] == ["'=Aliya", "2", "100.0"]


async def test_the_pages_draw_what_is_told(term, get, token_of):
    course, classes, lecturer = term
    token = await token_of(lecturer)
    page = await (await get(f"/series/{course}/attendance", token)).text()
    assert page.count('data-testid="chart"') == 4
    assert "part-present" in page
    page = await (await get(f"/lectures/{classes[0].id}/report", token)).text()
    assert page.count('data-testid="chart"') == 4


async def test_a_report_tells_who_was_there_and_on_the_stage(term, get, token_of):
    _, classes, lecturer = term
    token = await token_of(lecturer)
    found = await (await get(f"/api/v1/lectures/{classes[1].id}/report", token)).json()
    assert (found["step_seconds"], found["peak"], len(found["present"])) == (60, 3, 50)
    assert (found["present"][14], found["present"][15]) == (2, 3)
    assert (found["hands"][5], found["lines"][7]) == (1, 1)
    assert (found["came"][0], found["came"][15], sum(found["left"])) == (2, 1, 0)
    assert found["connections"][3] == {"good": 2.0, "fair": 1.0, "poor": 0.0}
    assert found["connections"][4] is None
    assert [(one["name"], one["minutes"]) for one in found["speakers"]] == [("=Aliya", 44.0)]
    [stage] = found["stage"]
    assert (stage["name"], stage["source"], stage["ended_at"]) == (
        "=Aliya",
        "microphone",
        found["ended_at"],
    )


async def test_a_report_tells_when_who_changed_who_writes_in_the_chat(
    term, get, token_of, room, journal, drained
):
    _, classes, lecturer = term
    for minute, mode in ((61, ChatMode.QUESTIONS), (65, ChatMode.CLOSED), (70, ChatMode.OPEN)):
        of_room = {"lecture": classes[0].id, "run": room.run, "person": lecturer.id}
        at = room.at(minute)
        await journal.record(ChatModeSet(id=new_id(), at=at, mode=mode, **of_room))
    await drained()
    path, token = f"/lectures/{classes[0].id}/report", await token_of(lecturer)
    found = (await (await get(f"/api/v1{path}", token)).json())["chat_modes"]
    assert [(one["name"], one["mode"]) for one in found] == [
        ("Dana", "questions"), ("Dana", "closed"), ("Dana", "open"),
    ]  # fmt: skip
    page = await (await get(path, token)).text()
    told = ("Dana білім алушылар тек", "Dana чатты жүргізушілерден", "Dana чатты бәріне")
    assert [page.count(sentence) for sentence in told] == [1, 1, 1]


async def test_slides_are_told_at_the_minute_in_which_they_began(term, get, token_of, client):
    _, classes, lecturer = term
    begins = classes[1].starts_at + timedelta(minutes=2)
    library = client.app[LIBRARY]
    clips.record(library.open_recording(classes[1].id, begins, post=lambda call: call()), 12)
    folder = (await library.fetch(classes[1].id)).folder
    (folder / SLIDES).write_text('{"at_ms": [0, 6000, 61000]}')
    path = f"/api/v1/lectures/{classes[1].id}/report"
    found = await (await get(path, await token_of(lecturer))).json()
    assert found["slides"][:5] == [0, 0, 2, 1, 0]


async def test_who_missed_what_stands_in_the_report_and_in_its_workbook(term, get, token_of):
    _, classes, lecturer = term
    token, path = await token_of(lecturer), f"/api/v1/lectures/{classes[1].id}/report"
    [bolat] = (await (await get(f"{path}/missed", token)).json())["people"]
    assert (bolat["name"], bolat["minutes"], len(bolat["gaps"])) == ("Bolat", 15.0, 1)
    book = load_workbook(BytesIO(await (await get(path, token, format="xlsx")).read()))
    assert book.sheetnames == ["timeline", "stage", "missed", "polls", "answers", "about"]
    assert [cell.value for cell in book["timeline"][17]] == [15, 3, 1, 0, 0, 0, 0, None, None, None]
    assert [cell.value for cell in book["missed"][2]][1:4] == ["Bolat", "absent", 15]
    text = await (await get(path, token, format="csv", sheet="missed")).text()
    assert text.splitlines()[1].split(",")[1] == "Bolat"


async def test_reading_a_course_or_a_report_is_a_fact_and_not_for_everybody(
    term, get, token_of, add_person, store, kept
):
    course, classes, lecturer = term
    token = await token_of(lecturer)
    other = await token_of(await add_person(Role.LECTURER, into=store))
    for path in (f"/series/{course}/attendance", f"/lectures/{classes[0].id}/report"):
        assert (await get(f"/api/v1{path}", other)).status == 403
        before = len(kept.facts)
        assert (await get(f"/api/v1{path}", token)).status == 200
        assert [fact.what for fact in kept.facts[before:]] == ["attendance"]
