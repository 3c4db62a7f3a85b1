"""Rosters and class lists: with a preview, whole or not at all, the second time nothing new."""

import icalendar
import msgspec
import pytest

from identity.rights import Role
from player.sentences import SENTENCES
from schedule import agenda, api, course_api, enrolment_api, import_api

ROSTER = (
    "course;course_title;login;name;part;group;category;legal_basis;since\n"
    "PHYS1;Оптика;dana;Дана;learner;ИС-21;1.9.5;Приказ 7;2026-09-01\n"
    "PHYS1;;timur;Тимур;;ИС-21;;;2026-09-01\n"
    "PHYS1;;aigerim;Айгерим;lecturer;;;;2026-09-01\n"
)
HEAD = "key,title,lecturer,starts_at,ends_at,minutes,course,groups,kind,mode,auditorium\n"
CLASSES = (
    HEAD
    + "a1,Waves,aigerim,2026-09-08 14:00,,50,PHYS1,ис-21,laboratory,hybrid,305\n"
    + "a2,Waves,aigerim,09.09.2026 14:00,2026-09-09T14:50,,PHYS1,,,,\n"
)


@pytest.fixture
async def site(serve):
    parts = [course_api, enrolment_api, api, import_api]
    return await serve([route for part in parts for route in part.routes()], agenda.opened)


@pytest.fixture
async def chief(add_person, bearer):
    return await bearer(await add_person(Role.ADMIN))


@pytest.fixture
async def saule(add_person, bearer):
    return await bearer(await add_person(Role.COORDINATOR))


@pytest.fixture
def send(site, chief):
    async def send(what, text, *, status=200, headers=chief, kind="text/csv", encoding="utf-8"):
        data = text if isinstance(text, bytes) else text.encode(encoding)
        more = {"Content-Type": kind}
        address = f"/api/v1/import/{what}"
        async with site.post(address, data=data, headers=headers | more) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    return send


@pytest.fixture
def get(site, chief):
    async def get(path, headers=chief):
        async with site.get(f"/api/v1/{path}", headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await (answer.json() if "json" in answer.content_type else answer.read())

    return get


def told(answer: dict) -> list[tuple[int, str]]:
    return [(one["row"], one["message"]) for one in answer["findings"]]


async def test_a_roster_makes_what_it_names_and_the_second_time_nothing(send, get):
    shown = await send("roster?dry_run=true", ROSTER)
    counts = {"added": 3, "changed": 0, "same": 0, "courses": 1, "groups": 1, "people": 3}
    assert shown == {"taken": counts, "findings": [], "errors": 0}
    assert (await get("courses"))["courses"] == []
    assert (await send("roster", ROSTER, encoding="windows-1251"))["taken"] == counts
    again = await send("roster", ROSTER, encoding="utf-16")
    nothing = dict.fromkeys(counts, 0)
    assert again["taken"] == nothing | {"same": 3}
    changed = await send("roster", ROSTER.replace("1.9.5", "3"))
    assert changed["taken"] == nothing | {"same": 2, "changed": 1}
    (course,) = (await get("courses"))["courses"]
    sheet = await get(f"courses/{course['id']}/roster.csv")
    assert "Дана,learner,ис-21,3,Приказ 7" in sheet.decode("utf-8-sig")
    assert (await send("roster", sheet))["taken"] == nothing | {"same": 3}


async def test_who_reads_lines_hears_how_far_it_is(site, send, chief):
    rows = [f"CS1,Algorithms,p{number},P {number}" for number in range(600)]
    sheet = "\n".join(["course,course_title,login,name", *rows])
    headers = chief | {"Content-Type": "text/csv", "Accept": "application/x-ndjson"}

    async def lines(text: str, asking: str = "") -> list[dict]:
        path = f"/api/v1/import/roster{asking}"
        async with site.post(path, data=text.encode(), headers=headers) as answer:
            assert (answer.status, answer.content_type) == (200, "application/x-ndjson")
            return [msgspec.json.decode(line) async for line in answer.content]

    *told, last = await lines(sheet, "?dry_run=true")
    steps = [(one["progress"]["step"], one["progress"]["done"]) for one in told]
    assert steps[:3] == [("checked", 500), ("checked", 600), ("saved", 1)]
    assert steps[-1] == ("saved", 1201)  # a course, and everybody with an enrolment
    assert last["outcome"]["taken"]["people"] == 600
    *_, last = await lines(sheet.replace("p7,", "p8,"))
    assert last["problem"]["status"] == 422
    assert [one["row"] for one in last["problem"]["findings"]] == [10]
    *_, last = await lines(sheet)
    assert last["outcome"]["taken"]["added"] == 600
    async with site.post("/api/v1/import/roster", data=b"what,is\n", headers=headers) as answer:
        assert (answer.status, answer.content_type) == (400, "application/problem+json")


async def test_each_row_of_a_roster_that_does_not_fit_is_told_and_none_is_saved(send, get, saule):
    rows = (
        "course,login,name,part,category,since,until,course_title\n"
        "X,dana,Dana,learner,,2026-09-01,,\n"
        "Y,dana,Dana,boss,,2026-09-01,,New\n"
        "Y,dana,Dana,learner,44,2026-09-01,,New\n"
        "Y,dana,Dana,learner,,yesterday,,New\n"
        "Y,dana,Dana,learner,,2026-09-01,,New\n"
        "Y,DANA,Dana,learner,,2026-09-01,,New\n"
        "Y,dana,Dana,learner,,2026-10-01,,New\n"
    )
    answer = await send("roster", rows, status=422)
    found = told(answer)
    assert [row for row, _ in found] == [3, 5, 2, 4, 7, 8]
    words = ("boss", "since", "no course x", "1 to 13", "row 6", "already")
    assert all(word in message for word, (_, message) in zip(words, found, strict=True))
    assert (await get("courses"))["courses"] == []
    stranger = await send("roster?dry_run=true", ROSTER, headers=saule)
    assert "an administrator imports new people" in told(stranger)[0][1]


async def test_classes_are_planned_once_changed_and_cancelled_by_their_keys(send, get, site, chief):
    kept = {"chat_mode": "questions", "waiting_room": True}  # what a list does not tell
    await send("roster", ROSTER)
    none = {"added": 0, "changed": 0, "cancelled": 0, "same": 0}
    assert (await send("classes?dry_run=true", CLASSES))["taken"] == none | {"added": 2}
    assert (await get("lectures"))["lectures"] == []
    assert (await send("classes", CLASSES))["taken"] == none | {"added": 2}
    first, second = (await get("lectures"))["lectures"]
    shown = first["starts_at"], first["kind"], first["mode"], first["auditorium"]
    assert shown == ("2026-09-08T09:00:00Z", "laboratory", "hybrid", "305")
    assert (second["starts_at"], second["ends_at"]) == (
        "2026-09-09T09:00:00Z",
        "2026-09-09T09:50:00Z",
    )
    assert (await send("classes", CLASSES))["taken"] == none | {"same": 2}
    patch = {"revision": first["revision"]} | kept
    path = f"/api/v1/lectures/{first['id']}"
    async with site.patch(path, json=patch, headers=chief) as answer:
        assert answer.status == 200
    sheet = await get("classes.csv")
    assert (await send("classes", sheet))["taken"] == none | {"same": 2}
    swapped = (
        HEAD
        + "a1,Waves,aigerim,2026-09-09 14:00,,50,PHYS1,ис-21,laboratory,hybrid,305\n"
        + "a2,Waves,aigerim,2026-09-08 14:00,,50,PHYS1,,,,\n"
    )
    assert (await send("classes", swapped))["taken"] == none | {"changed": 2}
    assert (await get(f"lectures/{first['id']}")).items() >= kept.items()
    off = "key,title,lecturer,starts_at,minutes,status\na1,Waves,aigerim,2026-09-09 14:00,50,cancelled\n"
    assert (await send("classes", off))["taken"] == none | {"cancelled": 1}
    assert (await send("classes", off))["taken"] == none | {"same": 1}


async def test_a_class_keeps_what_a_list_does_not_say_and_gets_what_it_says(send, get, site, chief):
    await send("roster", ROSTER)
    await send("classes", CLASSES)
    first, _ = (await get("lectures"))["lectures"]
    ours = {"chat_mode": "questions", "waiting_room": True, "attendance_policy": "daris-1"}
    ours["is_recorded"] = False
    address = f"/api/v1/lectures/{first['id']}"
    async with site.patch(address, json={"revision": 1} | ours, headers=chief) as answer:
        assert answer.status == 200

    async def now() -> tuple:
        one = await get(f"lectures/{first['id']}")
        return one["chat_mode"], one["waiting_room"], one["attendance_policy"], one["is_recorded"]

    sheet, calendar = await get("classes.csv"), await get("classes.ics")
    assert b"no,questions,yes,daris-1," in sheet
    assert b"yes,open,no,by day," in sheet
    for text, kind in ((sheet, "text/csv"), (calendar, "text/calendar")):
        assert (await send("classes", text, kind=kind))["taken"]["same"] == 2
    assert await now() == ("questions", True, "daris-1", False)
    assert (await send("classes", CLASSES))["taken"]["changed"] == 1  # it is recorded again
    assert await now() == ("questions", True, "daris-1", True)
    await send("classes", sheet.replace(b"no,questions,yes,daris-1", b"no,closed,no,by day"))
    assert await now() == ("closed", False, None, False)
    for wrong, word in (
        (b"no,loud,no,daris-1", "loud"),
        (b"no,open,maybe,daris-1", "maybe"),
        (b"no,open,no,kaznu-9", "kaznu-9"),
    ):
        text = sheet.replace(b"no,questions,yes,daris-1", wrong)
        assert word in told(await send("classes", text, status=422))[0][1]
    text = calendar.replace(b"X-DARIS-CHAT-MODE:open", b"X-DARIS-CHAT-MODE:loud")
    assert "loud" in told(await send("classes", text, kind="text/calendar", status=422))[0][1]


async def test_each_class_that_does_not_fit_is_told_and_none_is_saved(send, get):
    await send("roster", ROSTER)
    await send("classes", CLASSES)
    rows = (
        HEAD
        + "b1,Clash,aigerim,2026-09-08 14:30,,50,,,,,\n"
        + "b2,Nobody,nobody,2026-09-10 14:00,,50,,,,,\n"
        + "b3,Late,aigerim,2026-09-11 14:00,2026-09-11 13:00,,,,,,\n"
        + "b4,When,aigerim,31.02.2026 14:00,,50,,,,,\n"
        + "b5,Course,aigerim,2026-09-12 14:00,,50,CS9,,,,\n"
        + "b6,Good,aigerim,2026-09-13 14:00,,50,,,,,\n"
        + "b6,Twice,aigerim,2026-09-14 14:00,,50,,,,,\n"
        + "b7,Past,aigerim,2026-09-01 14:00,,50,,,,,\n"
        + "b8,Beside,aigerim,2026-09-13 14:20,,50,,,,,\n"
    )
    answer = await send("classes?dry_run=true", rows)
    found = dict(told(answer))
    assert answer["errors"] == 7
    assert sorted(found) == [2, 3, 4, 5, 6, 8, 9, 10]
    assert found[2] == "Айгерим teaches “Waves” from 2026-09-08 14:00 to 14:50."
    assert found[9] == "This class is past; it is left out."
    assert "“Good” from 2026-09-13 14:00" in found[10]
    await send("classes", rows, status=422)
    assert len((await get("lectures"))["lectures"]) == 2


async def test_a_calendar_becomes_classes_and_comes_back_the_same(send, get):
    await send("roster", ROSTER)
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:opt@univer",
        "DTSTART;TZID=Asia/Almaty:20260908T140000", "DURATION:PT50M",
        "SUMMARY:Оптика\\, сабақ", "LOCATION:305", "RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=TU",
        "EXDATE;TZID=Asia/Almaty:20260915T140000", "BEGIN:VALARM", "SUMMARY:no", "END:VALARM",
        "END:VEVENT", "BEGIN:VEVENT", "UID:opt@univer",
        "RECURRENCE-ID;TZID=Asia/Almaty:20260922T140000",
        "DTSTART:20260923T090000Z", "DTEND:20260923T095000Z", "SUMMARY:Mo", " ved",
        "END:VEVENT", "BEGIN:VEVENT", "UID:odd", "DTSTART:20260923T090000Z",
        "DTEND:20260923T095000Z", "RRULE:FREQ=MONTHLY", "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    text = "\r\n".join(lines)
    shown = await send("classes?dry_run=true&lecturer=aigerim", text, kind="text/calendar")
    assert (shown["taken"]["added"], shown["errors"]) == (3, 1)
    assert told(shown)[0][0] == 23
    good = text.replace("RRULE:FREQ=MONTHLY", "STATUS:CANCELLED")
    for added in (3, 0):
        done = await send("classes?lecturer=aigerim", good, kind="text/calendar")
        assert done["taken"]["added"] == added
    found = [(one["title"], one["starts_at"]) for one in (await get("lectures"))["lectures"]]
    assert found == [
        ("Оптика, сабақ", "2026-09-08T09:00:00Z"),
        ("Moved", "2026-09-23T09:00:00Z"),
        ("Оптика, сабақ", "2026-09-29T09:00:00Z"),
    ]
    await send("classes", b"hello", kind="text/calendar", status=400)
    await send("classes", text, kind="application/json", status=415)


async def test_courses_of_other_coordinators_stay_as_they_are(
    send, site, chief, saule, add_person, get
):
    physics = ROSTER.replace("course_title;", "course_title;faculty;")
    physics = physics.replace("Оптика;", "Оптика;Physics;").replace("PHYS1;;", "PHYS1;;;")
    await send("roster", physics)
    await send("classes", CLASSES)
    other = await add_person(Role.COORDINATOR)
    scope = f"/api/v1/people/{other.id}/scope"
    async with site.put(scope, json={"faculties": ["Physics"]}, headers=chief) as answer:
        assert answer.status == 200
    for what, text in (("roster", ROSTER), ("classes", CLASSES)):
        answer = await send(f"{what}?dry_run=true", text, headers=saule)
        assert all("others coordinate" in message for _, message in told(answer))
        assert answer["errors"] == len(text.splitlines()) - 1


async def test_every_finding_can_be_said_in_another_language(send):
    await send("roster", ROSTER)
    wrong = (
        "b1,Waves,nobody,2026-09-08 14:00,,50,,,,,\n"
        "b2,Waves,aigerim,soon,,50,,,,,\n"
        "b3,Waves,aigerim,2026-09-08 14:00,,,,,,,\n"
        "b4,Waves,aigerim,2026-09-08 14:00,,50,NONE,,,,\n"
        "b5,Waves,aigerim,2026-09-08 14:00,,50,PHYS1,none,,,\n"
        "b6,Waves,aigerim,2026-09-08 14:00,,50,,,dance,,\n"
        "b7,Waves,aigerim,2026-09-08 14:00,,50,,,,,\n"
        "b7,Waves,aigerim,2026-09-09 14:00,,50,,,,,\n"
        "b8,Tides,aigerim,2026-09-08 14:10,,50,,,,,\n"
        "b9,Waves,aigerim,2026-09-01 14:00,,50,,,,,\n"
        "b10,,aigerim,2026-09-10 14:00,,50,,,,,\n"
    )
    shown = await send("classes?dry_run=true", HEAD + wrong)
    assert shown["errors"] == 9
    for one in shown["findings"]:
        assert one["template"] in SENTENCES, one
        assert one["template"].format_map(one["values"]) == one["message"]
    people = (
        "course;login;part;category;legal_basis;since;until\n"
        "phys1;dana;king;;;;\n"
        "phys1;dana;learner;20;Order;;\n"
        "phys1;timur;learner;5;;;\n"
        "phys1;dana;learner;;;soon;\n"
        "phys1;dana;learner;;;2026-09-09;2026-09-01\n"
        "phys1;nobody;learner;;;;\n"
        f"{'k' * 61};dana;learner;;;;\n"
    )
    rows = (await send("roster?dry_run=true", people))["findings"]
    assert sorted(one["row"] for one in rows) == [2, 3, 4, 5, 6, 7, 8]
    assert {one["template"] for one in rows} <= set(SENTENCES), rows
    nameless = await send("classes?dry_run=true", "key,name\n", status=400)
    assert {one["template"] for one in (nameless, *nameless["findings"])} <= set(SENTENCES)


async def test_a_calendar_that_was_exported_changes_nothing_when_it_comes_back(send, get):
    await send("roster", ROSTER)
    await send("classes", CLASSES)
    calendar = await get("classes.ics")
    events = {
        event["UID"]: event for event in icalendar.Calendar.from_ical(calendar).walk("VEVENT")
    }
    assert events.keys() == {"a1", "a2"}
    assert events["a1"]["X-DARIS-KIND"] == "laboratory"
    taken = (await send("classes", calendar, kind="text/calendar"))["taken"]
    assert taken == {"added": 0, "changed": 0, "cancelled": 0, "same": 2}
    other = calendar.replace(b"X-DARIS-KIND:laboratory", b"X-DARIS-KIND:party")
    refused = await send("classes", other, kind="text/calendar", status=422)
    assert "party" in refused["findings"][0]["message"]
