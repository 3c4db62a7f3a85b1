"""A term on the pages: a lecturer plans a weekly series, and everybody finds it in the week."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]


@pytest.fixture
def next_monday():
    today = datetime.now(UTC).date()
    return today + timedelta(days=7 - today.weekday())


@pytest.fixture
async def term(server, account, next_monday):
    """A term that begins next Monday and takes four weeks."""
    admin = await account(server, "admin", "Daris Admin")
    days = {"starts_on": f"{next_monday}", "ends_on": f"{next_monday + timedelta(days=27)}"}
    return await admin.post("/api/v1/periods", {"name": "A short term", **days}, status=201)


async def test_a_weekly_series_is_planned_from_the_form(
    server, browser, account, term, next_monday
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    student = await account(server, "student", "Dana Omarova")
    page = await lecturer.sign_in(browser, timezone_id="Asia/Almaty")
    await page.goto("/lectures/new")
    await page.get_by_test_id("form-title").fill("Optics")
    await page.get_by_test_id("form-day").fill(f"{next_monday + timedelta(days=2)}")
    await page.get_by_test_id("form-begins").fill("09:00")
    await page.get_by_test_id("form-ends").fill("09:50")
    await page.get_by_test_id("form-repeats").check()
    await page.get_by_text("4 classes fit.").wait_for()
    await page.get_by_test_id("form-weeks").select_option("odd")
    await page.get_by_text("2 classes fit.").wait_for()
    await page.get_by_test_id("form-attendance-policy").select_option("daris-1")
    await photograph(page, "plan-series", is_whole=True)
    assert await flaws(page) == []
    await page.get_by_test_id("form-submit").click()
    await page.wait_for_url("**/week?on=*")
    assert "Week 1" in await page.get_by_test_id("teaching-week").inner_text()
    assert "09:00–09:50" in await page.get_by_test_id("lecture-card").inner_text()
    await page.get_by_test_id("week-after").click()
    await page.get_by_text("even week").wait_for()
    assert await page.get_by_test_id("lecture-card").count() == 0
    listed = await lecturer.get("/api/v1/lectures")
    await page.goto(f"/lectures/{listed['lectures'][0]['id']}")
    assert "daris-1" in await page.get_by_test_id("pinned-policy").inner_text()
    await page.get_by_test_id("edit").click()
    await page.get_by_test_id("series-more").wait_for()
    assert await page.get_by_test_id("form-attendance-policy").input_value() == "daris-1"
    phone = {"width": 390, "height": 844}
    small = await student.sign_in(browser, viewport=phone, timezone_id="Europe/Berlin")
    await small.goto(f"/week?on={next_monday}")
    card = small.get_by_test_id("lecture-card")
    assert "Optics" in await card.inner_text()
    own, house = await card.locator(".when").all_inner_texts()
    assert "09:00" not in own  # Berlin is behind Almaty
    assert house == "09:00–09:50 Almaty"
    width = await small.evaluate("document.documentElement.scrollWidth")
    assert width == 390
    await page.get_by_test_id("series-more").click()
    await page.get_by_test_id("series-end").click()
    await page.wait_for_url("**/week")
    await small.reload()
    assert await card.get_attribute("data-state") == "cancelled"


async def test_a_calendar_address_is_made_and_revoked_on_ones_own_page(server, browser, account):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    lecture = await lecturer.plan(title="Optics")
    page = await lecturer.sign_in(browser)
    await page.goto("/me")
    await page.get_by_test_id("feed-make").click()
    address = page.get_by_test_id("feed-address")
    await address.wait_for()
    url = await address.input_value()
    calendar = await page.request.get(url)
    assert f"UID:{lecture}@" in await calendar.text()
    await page.get_by_test_id("feed-revoke").click()
    await address.wait_for(state="hidden")
    gone = await page.request.get(url)
    assert gone.status == 404
