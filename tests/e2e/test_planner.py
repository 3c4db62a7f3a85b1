"""Planning in the browser: a class is dragged, or moved by its button; what is in the way is shown before."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
DAY = timedelta(days=1)


@pytest.fixture
def monday():
    today = datetime.now(UTC).date()
    return today + timedelta(days=7 - today.weekday())


@pytest.fixture
async def optics(server, account, monday):
    """A lecturer with a series on Wednesdays at 9, and a class of another title on Friday at 12."""
    admin = await account(server, "admin", "Daris Admin")
    days = {"starts_on": f"{monday}", "ends_on": f"{monday + 27 * DAY}"}
    period = await admin.post("/api/v1/periods", {"name": "A short term", **days}, status=201)
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    series = {
        "period": period["id"], "title": "Optics", "weekday": 3, "begins": "09:00", "minutes": 50,
        "first_week": 1, "last_week": 4, "auditorium": "Hall 3",
    }  # fmt: skip
    await lecturer.post("/api/v1/series", series, status=201)
    friday = monday + 4 * DAY
    times = {"starts_at": f"{friday}T12:00:00+05:00", "ends_at": f"{friday}T12:50:00+05:00"}
    await lecturer.post("/api/v1/lectures", {"title": "Waves", **times}, status=201)
    return lecturer


async def test_classes_move_by_hand_and_by_keyboard_and_nothing_in_the_way_is_overlooked(
    server, browser, optics, account, monday
):
    wide = {"width": 1280, "height": 900}
    page = await optics.sign_in(browser, viewport=wide, timezone_id="Asia/Almaty")
    await page.goto(f"/week?on={monday}")
    card = page.locator("[data-movable][data-title=Optics]")
    thursday = page.locator(f"[data-day='{monday + 3 * DAY}'] .blocks")
    await card.drag_to(thursday, source_position={"x": 60, "y": 10})
    await page.get_by_test_id("move-following").check()
    await page.get_by_text("4 classes move.").wait_for()
    assert await page.get_by_test_id("move-day").input_value() == f"{monday + 3 * DAY}"
    await page.get_by_test_id("move-begins").fill("10:00")
    await page.get_by_test_id("move-free").wait_for()
    await photograph(page, "move-free")
    await page.locator("#move-save:enabled").click()
    moved = page.locator(f"[data-day='{monday + 3 * DAY}'] [data-title=Optics]")
    await moved.wait_for()
    assert "10:00–10:50" in await moved.inner_text()

    await moved.get_by_test_id("move").press("Enter")
    await page.get_by_test_id("move-day").fill(f"{monday + 4 * DAY}")
    await page.get_by_test_id("move-begins").fill("12:10")
    obstacle = page.get_by_test_id("obstacle")
    await obstacle.wait_for()
    assert "teaches “Waves”" in await obstacle.inner_text()
    assert await page.get_by_test_id("move-save").is_disabled()
    assert await flaws(page) == []
    await photograph(page, "move-obstacle")
    await page.get_by_test_id("proposal").press("Enter")
    await page.get_by_test_id("move-free").wait_for()
    assert await page.get_by_test_id("move-begins").input_value() == "12:50"
    await page.locator("#move-save:enabled").press("Enter")
    await page.locator(f"[data-day='{monday + 4 * DAY}'] [data-title=Optics]").wait_for()
    assert await flaws(page) == []
    await photograph(page, "week", is_whole=True)

    await page.emulate_media(color_scheme="dark")
    await page.get_by_test_id("move").first.press("Enter")
    await page.locator("#move-dialog[open]").wait_for()
    assert await flaws(page) == []
    await photograph(page, "move-dark")
    await page.locator("#move-close").click()
    await page.get_by_test_id("view-month").click()
    await page.wait_for_url("**/month?*")
    await page.get_by_test_id("chooser").select_option(label="Hall 3")
    await page.wait_for_url("**auditorium=Hall*")
    assert "Waves" not in await page.locator(".month").inner_text()
    assert await flaws(page) == []
    await photograph(page, "month", is_whole=True)

    student = await account(server, "student", "Dana Omarova")
    phone = {"width": 390, "height": 844}
    small = await student.sign_in(browser, viewport=phone, timezone_id="Europe/Berlin")
    for view in ("week", "month"):
        await small.goto(f"/{view}?on={monday + 4 * DAY}")
        assert await small.evaluate("document.documentElement.scrollWidth") == 390
        assert await flaws(small) == []
        await photograph(small, f"phone-{view}", is_whole=True)
    await small.goto(f"/week?on={monday}")
    waves = small.get_by_test_id("lecture-card").filter(has_text="Waves")
    assert "12:00–12:50 Almaty" in await waves.inner_text()
    assert await small.get_by_test_id("move").count() == 0
