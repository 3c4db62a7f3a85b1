"""The report of a term: who sees which hours, and files that spreadsheets read."""

import csv
import io
from datetime import date, timedelta

import openpyxl
import pytest

from footprint.workbook import Table, workbook
from identity.rights import Role
from kernel.ids import new_id
from schedule.academic import Period, add_period
from schedule.courses import Course, add_course, set_scope
from schedule.enrolments import Enrolment, Part, enrol
from schedule.lectures import lectures
from schedule.study_work import Kind, StudyWork

MINUTE = timedelta(minutes=1)
REPORT = "/api/v1/reports"


@pytest.fixture
async def term(store, clock, room, journal, drained, *, add_person, add_lecture):
    """A course of physics: one laboratory was held, a volunteer helped in it on two devices."""
    today = date(2026, 9, 7)
    people = {
        "teacher": await add_person(Role.LECTURER, name="=Dana", into=store),
        "other": await add_person(Role.LECTURER, name="Arman", into=store),
        "helper": await add_person(Role.STUDENT, Role.VOLUNTEER, name="Aliya", into=store),
        "coordinator": await add_person(Role.COORDINATOR, into=store),
        "elsewhere": await add_person(Role.COORDINATOR, into=store),
        "admin": await add_person(Role.ADMIN, into=store),
    }
    period = Period(
        id=new_id(),
        calendar="university",
        name="Autumn term",
        starts_on=date(2026, 8, 31),
        ends_on=date(2026, 12, 13),
    )
    async with store.begin() as connection:
        await add_period(connection, period)
        course = await add_course(
            connection,
            Course(
                id=new_id(), key="phys", title="Optics", faculty="Physics", created_at=clock.now()
            ),
        )
        await set_scope(connection, people["coordinator"].id, ["Physics"])
        await set_scope(connection, people["elsewhere"].id, ["Law"])
        helps = Enrolment(
            id=new_id(),
            course=course.id,
            person=people["helper"].id,
            part=Part.VOLUNTEER,
            since=today,
            changed_at=clock.now(),
        )
        await enrol(connection, helps)
    work = StudyWork(course=course.id, kind=Kind.LABORATORY)
    held = await add_lecture(people["teacher"], into=store, takes=100 * MINUTE, work=work)
    await add_lecture(people["other"], into=store, takes=50 * MINUTE)
    room.lecture = held.id
    async with store.begin() as connection:
        values = {
            "state": "published",
            "started_at": held.starts_at,
            "ended_at": held.starts_at + 75 * MINUTE,
        }
        await connection.execute(lectures.update().where(lectures.c.id == held.id).values(values))
    first, second = room.joined(people["helper"].id, 0), room.joined(people["helper"].id, 20)
    await journal.record(room.opened(), first, second, room.left(first, 60), room.left(second, 90))
    await drained()
    return people


@pytest.fixture
def read(get, term, token_of):
    async def read(who: str, path: str = REPORT, **asked):
        answer = await get(path, await token_of(term[who]), **asked)
        assert answer.status == 200, await answer.text()
        return await answer.json() if asked.get("format", "json") == "json" else await answer.read()

    return read


async def test_hours_are_told_to_whom_they_concern(read):
    found = await read("admin")
    assert {row["name"] for row in found["hours"]} == {"=Dana", "Arman"}
    (row,) = (await read("teacher"))["hours"]
    assert (row["kind"], row["planned_hours"], row["held_hours"]) == ("laboratory", 2, 1.5)
    of_physics, of_law = await read("coordinator"), await read("elsewhere")
    assert "=Dana" in {row["name"] for row in of_physics["hours"]}
    assert "=Dana" not in {row["name"] for row in of_law["hours"]}
    (volunteer,) = of_physics["volunteers"]
    assert (volunteer["hours"], volunteer["lectures"]) == (1.5, 1)
    assert of_law["volunteers"] == of_law["coverage"] == []
    assert [row["key"] for row in of_physics["coverage"]] == ["phys"]
    own = await read("helper")
    assert (own["hours"], own["coverage"], own["volunteers"]) == ([], [], [volunteer])


async def test_reading_others_hours_leaves_a_fact_and_ones_own_leaves_none(read, kept):
    await read("helper")
    assert kept.facts == []
    await read("coordinator")
    assert [fact.what for fact in kept.facts] == ["hours"]


async def test_a_spreadsheet_reads_the_workbook_and_finds_no_formula(read):
    book = openpyxl.load_workbook(io.BytesIO(await read("admin", format="xlsx")))
    assert book.sheetnames == ["hours", "volunteers", "coverage"]
    rows = list(book["hours"].iter_rows())
    assert [cell.value for cell in rows[0]][:2] == ["teacher", "kind"]
    (dana,) = (row for row in rows if row[0].value == "=Dana")
    assert [cell.data_type for cell in dana[:4]] == ["s", "s", "n", "n"]
    assert [cell.value for cell in dana[:4]] == ["=Dana", "laboratory", 1, 2]


async def test_a_table_comes_as_csv(read):
    text = (await read("admin", f"{REPORT}/hours", format="csv")).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["teacher"] for row in rows} == {"'=Dana", "Arman"}
    assert len(await read("admin", f"{REPORT}/coverage", format="xlsx")) > 1000


async def test_days_are_asked_for_instead_of_a_period(read, get, term, token_of):
    days = {"from": "2026-10-01", "to": "2026-10-31"}
    assert (await read("admin", **days))["hours"] == []
    token = await token_of(term["admin"])
    for wrong in (
        {"from": "2026-10-02", "to": "2026-10-01"},
        {"from": "1000-01-01", "to": "1000-02-01"},
        {"from": "2020-01-01", "to": "2026-01-01"},
        {"format": "csv"},
        {"period": "x"},
    ):
        assert (await get(REPORT, token, **wrong)).status == 400
    assert (await get(REPORT)).status == 401


async def test_the_page_shows_the_tables(read, get, term, token_of):
    answer = await get(
        "/reports", await token_of(term["coordinator"]), headers={"Accept": "text/html"}
    )
    page = await answer.text()
    assert answer.status == 200
    for shown in ("=Dana", "Optics", 'data-testid="volunteers"', 'data-testid="coverage"'):
        assert shown in page


async def test_a_broken_sheet_of_norms_leaves_the_old_ones(client, term, token_of):
    async def send(text: str, who: str = "coordinator", **asked):
        headers = {
            "Authorization": f"Bearer {await token_of(term[who])}",
            "Content-Type": "text/csv",
        }
        path = "/api/v1/import/norms"
        answer = await client.post(path, data=text.encode(), headers=headers, params=asked)
        return answer.status, await answer.json()

    good = "kind,since,minutes\nlecture,2026-09-01,45\n"
    status, said = await send(good, dry_run="true")
    assert (status, said["taken"]["added"]) == (200, 1)
    assert (await send(good))[1]["taken"]["added"] == 1
    status, said = await send(f"{good}exam,soon,50\n")
    assert (status, said["findings"][0]["row"]) == (422, 3)
    assert (await send(good, "helper"))[0] == 403
    assert (await send(good))[1]["taken"]["same"] == 1


def test_a_long_table_is_written_row_by_row():
    rows = ([f"row {n}", n, None, date(2026, 9, 7)] for n in range(20_000))
    book = openpyxl.load_workbook(
        io.BytesIO(workbook([Table("a/long:name" * 5, ("a", "b", "c", "d"), rows)])), read_only=True
    )
    (sheet,) = book.worksheets
    last = next(iter(sheet.iter_rows(min_row=20_001, values_only=True)))
    assert last[:3] == ("row 19999", 19999, None)
    assert f"{last[3]:%Y-%m-%d}" == "2026-09-07"
