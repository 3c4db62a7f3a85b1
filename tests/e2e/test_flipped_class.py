"""A term's pages in a browser: the calendar gets its holidays and session, a class its recording to be
watched before, a person their reminders."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kernel.database import Database
from schedule.lectures import lectures
from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]
NOW = datetime.now(UTC)


@pytest.fixture
async def people(server, account):
    names = (("admin", "Daris Admin"), ("lecturer", "Aigerim Bekova"), ("student", "Dana Omarova"))
    return {role: await account(server, role, name) for role, name in names}


@pytest.fixture
async def flipped(server, people):
    """A course in which Dana is, with a recording of last week and a class of tomorrow."""
    admin, lecturer = people["admin"], people["lecturer"]
    course = await admin.post("/api/v1/courses", {"key": "phys", "title": "Optics"}, status=201)
    enrolment = {"login": people["student"].login}
    await admin.post(f"/api/v1/courses/{course['id']}/enrolments", enrolment, status=201)
    tomorrow = NOW + timedelta(days=1)
    begins, ends = tomorrow.isoformat(), (tomorrow + timedelta(hours=1)).isoformat()
    more = {"course": course["id"], "starts_at": begins, "ends_at": ends}
    recorded = await lecturer.plan(title="Lenses", **more)
    database = Database.open(server.database_url)
    async with database.begin() as connection:
        over = {"state": "published", "recording": "ready", "starts_at": NOW - timedelta(days=7)}
        over |= {"ends_at": NOW - timedelta(days=7, hours=-1)}
        is_it = sa.func.lower(sa.cast(lectures.c.title, sa.String)) == "lenses"
        await connection.execute(lectures.update().where(is_it).values(over))
    await database.aclose()
    return recorded, await lecturer.plan(title="Laboratory", **more)


async def test_a_recording_is_watched_before_class(server, browser, people, flipped):
    _, coming = flipped
    page = await people["lecturer"].sign_in(browser)
    await page.goto(f"/lectures/{coming}")
    await page.get_by_test_id("assignment-open").click()
    await page.get_by_test_id("assignment-add").click()
    await page.get_by_test_id("assignment-who").click()
    await page.get_by_text("0 of 1 have watched enough").wait_for()
    assert await flaws(page) == []
    await photograph(page, "assignment-teacher")
    student = await people["student"].sign_in(browser, viewport={"width": 390, "height": 844})
    for path in ("/week", f"/lectures/{coming}"):
        await student.goto(path)
        line = student.get_by_test_id("assignment")
        await line.wait_for()
        said = await line.inner_text()
        assert "Lenses" in said
        assert "at least 80 % until" in said
        assert "0 % watched" in said
        assert await student.evaluate("document.documentElement.scrollWidth") == 390
        assert await flaws(student) == []
    await photograph(student, "assignment-learner")


async def test_the_calendar_takes_holidays_and_a_session(server, browser, people):
    admin = people["admin"]
    days = {"starts_on": "2026-08-31", "ends_on": "2027-01-17"}
    await admin.post("/api/v1/periods", {"name": "Autumn term", **days}, status=201)
    page = await admin.sign_in(browser)
    await page.goto("/periods")
    await page.get_by_test_id("period-edit").click()
    await page.get_by_test_id("period-national").click()
    await page.locator("[data-national-said]:not(:empty)").wait_for()
    await page.get_by_test_id("period-add-stretch").click()
    row = page.locator("[data-period] [data-stretch]")
    await row.locator("[data-field=kind]").select_option("exams")
    await row.locator("[data-field=starts_on]").fill("2026-12-21")
    await row.locator("[data-field=ends_on]").fill("2027-01-17")
    async with page.expect_navigation():
        await page.get_by_test_id("period-save").click()
    shown = await page.get_by_test_id("period").inner_text()
    assert "Independence Day" in shown
    assert "Exam session" in shown
    assert "16 teaching weeks" in shown
    await page.goto("/reports")
    await page.get_by_test_id("coverage").or_(page.locator("#norms")).first.wait_for()
    assert await flaws(page) == []
    await page.goto("/me")
    await page.locator("[data-testid=notices-ahead]:enabled").wait_for()
    await page.get_by_test_id("notices-ahead").select_option("60")
    await page.get_by_test_id("notices-save").click()
    await page.get_by_test_id("toast").wait_for()
    assert (await admin.get("/api/v1/me/notices"))["ahead"] == 60
    assert await flaws(page) == []
