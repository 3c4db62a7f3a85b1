"""Rules, sheets, profiles and reports of a course that was taught, in a browser."""

import pytest

from tests.e2e.looks import flaws, photograph
from tests.e2e.taught import teach

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}


@pytest.fixture
async def look(browser):
    """Opens an address light and wide, and dark and narrow, and sees that nobody is shut out."""

    async def look(page, address: str, name: str) -> None:
        for scheme, size in (("light", WIDE), ("dark", NARROW)):
            await page.emulate_media(color_scheme=scheme)
            await page.set_viewport_size(size)
            await page.goto(address)
            await photograph(page, f"{name}-{scheme}", is_whole=True)
            assert await flaws(page) == []
            wide = "document.documentElement.scrollWidth <= innerWidth"
            assert await page.evaluate(wide), f"{name} is wider than the page"

    return look


async def test_rules_are_tried_on_past_classes_and_then_adopted(server, browser, account, look):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    admin = await account(server, "admin", "Root Admin")
    student = await account(server, "student", "Dana Omarova")
    taught = await teach(server, lecturer.id, learners=[student.id])
    page = await admin.sign_in(browser, viewport=WIDE)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))

    await page.goto("/attendance/policies")
    await page.get_by_test_id("policy-new").click()
    form = page.locator("#policy-form")
    await form.locator("[name=begins_on]").fill("2026-01-01")
    await form.locator("[name=begins_on]").evaluate(
        "field => { field.value = new Date(Date.now() - 20 * 864e5).toISOString().slice(0, 10); }"
    )
    await form.locator("[name=present_percent]").fill("99")
    await page.get_by_test_id("policy-add").click()
    await page.locator("[data-member=category]").select_option("1.9.2")
    await page.locator("[data-member=present_percent]").fill("40")
    await page.get_by_test_id("policy-preview").click()
    await page.get_by_test_id("policy-outcome").locator("table").wait_for()
    await photograph(page, "policies-preview", is_whole=True)
    assert await flaws(page) == []
    await page.get_by_test_id("policy-save").click()
    await page.get_by_test_id("policy").nth(1).wait_for()
    assert "daris-2" in await page.get_by_test_id("policy").first.inner_text()
    await look(page, "/attendance/policies", "policies")
    await look(page, f"/people/{student.id}/categories", "categories")
    await page.locator("[name=category]").select_option("1.9.4")
    await page.get_by_test_id("category-save").click()
    await page.get_by_test_id("categories").get_by_text("1.9.4").wait_for()

    theirs = await student.sign_in(browser, viewport=WIDE)
    await look(theirs, "/me/attendance", "person-sheet")
    await look(theirs, "/me/footprint", "footprint")
    teachers = await lecturer.sign_in(browser, viewport=WIDE)
    await look(teachers, f"/series/{taught.series}/attendance", "course")
    await look(teachers, f"/lectures/{taught.classes[-1]}/report", "report")
    await look(teachers, f"/lectures/{taught.classes[-1]}/attendance", "attendance")
    await look(teachers, f"/lectures/{taught.classes[-1]}/attendance/{student.id}", "explanation")
    assert problems == []
