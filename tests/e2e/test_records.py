"""Rules, sheets, profiles and reports of a course that was taught, in a browser."""

import pytest

from tests.e2e.looks import flaws, photograph
from tests.e2e.taught import teach

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}


@pytest.fixture
async def look(browser):
    """Opens an address light and wide, and dark and narrow, and sees that nobody is shut out."""

    async def look(page, address: str, name: str) -> None:
        await page.goto(address)
        for scheme, size in (("light", WIDE), ("dark", NARROW)):
            await page.emulate_media(color_scheme=scheme)
            await page.set_viewport_size(size)
            await photograph(page, f"{name}-{scheme}", is_whole=True)
            assert await flaws(page) == []
            wide = "document.documentElement.scrollWidth <= innerWidth"
            assert await page.evaluate(wide), f"{name} is wider than the page"

    return look


async def test_rules_are_tried_on_past_classes_and_then_adopted(server, browser, account, look):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    admin = await account(server, "admin", "Root Admin")
    student = await account(server, "student", "Dana Omarova")
    await teach(server, lecturer.id, learners=[student.id])
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

    assert problems == []


async def test_a_number_is_disputed_and_answered_and_every_record_can_be_read(
    server, browser, account, look
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    student = await account(server, "student", "Dana Omarova")
    helper = await account(server, "volunteer", "Timur Seitov")
    taught = await teach(server, lecturer.id, learners=[student.id], helper=helper.id)
    lecture = f"/lectures/{taught.classes[-1]}"
    theirs = await student.sign_in(browser, viewport=WIDE)
    teachers = await lecturer.sign_in(browser, viewport=WIDE)
    problems: list[str] = []
    for page in (theirs, teachers):
        page.on("pageerror", lambda error: problems.append(str(error)))

    await theirs.goto(f"{lecture}/attendance/{student.id}")
    await theirs.locator("[name=words]").fill("Мен аудиторияда болдым")
    await theirs.get_by_test_id("correction-ask").click()
    await theirs.get_by_test_id("correction").wait_for()
    await teachers.goto(f"{lecture}/attendance")
    await teachers.get_by_test_id("waiting").get_by_role("link").click()
    await teachers.get_by_test_id("correction-answer").wait_for()
    await look(teachers, "/attendance/corrections", "corrections")
    await teachers.locator("[name=status]").select_option("present")
    await teachers.locator("[name=reason]").fill("Көрдім")
    await teachers.get_by_test_id("correction-answer").click()
    await teachers.locator("[data-state=granted]").wait_for()

    await look(theirs, f"{lecture}/attendance/{student.id}", "explanation")
    await look(theirs, "/me/attendance", "person-sheet")
    await look(theirs, "/me/footprint", "footprint")
    await look(theirs, "/privacy", "privacy")
    await look(teachers, f"/courses/{taught.course}/attendance", "course")
    await look(teachers, f"/courses/{taught.course}/helping", "helping")
    await look(teachers, f"{lecture}/report", "report")
    await look(teachers, f"{lecture}/attendance", "attendance")
    assert problems == []
