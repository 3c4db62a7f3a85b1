"""The list of auditoriums in the browser, and the bar of a long import."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.looks import flaws, photograph

_NOTE_THE_BAR = """window.seen = [];
new MutationObserver(() => window.seen.push(document.getElementById("import-bar").value))
    .observe(document.getElementById("import-bar"), { attributes: true })"""

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]


async def test_auditoriums_are_listed_changed_and_removed(server, browser, account):
    admin = await account(server, "admin", "Daris Admin")
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    begins = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    for hour, hall in enumerate(("Корпус 2/305", "Hall 1", "Hall 1")):
        times = {
            "starts_at": (begins + timedelta(hours=hour)).isoformat(),
            "ends_at": (begins + timedelta(hours=hour, minutes=50)).isoformat(),
        }
        planned = {"title": f"Optics {hour}", "auditorium": hall, **times}
        await lecturer.post("/api/v1/lectures", planned, status=201)
    page = await admin.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto("/auditoriums")
    await photograph(page, "halls-empty")

    await page.get_by_role("button", name="Add Корпус 2/305").click()
    await page.get_by_test_id("hall-seats").fill("60")
    await photograph(page, "hall-dialog")
    assert await flaws(page) == []
    await page.get_by_test_id("hall-save").click()
    row = page.locator("tr[data-hall='Корпус 2/305'][data-seats='60']")
    await row.wait_for()
    for name, seats in (("Hall 1", "120"), ("Hall 2", "30")):
        await page.get_by_test_id("new-hall").click()
        await page.locator("#hall-dialog [name=name]").fill(name)
        await page.get_by_test_id("hall-seats").fill(seats)
        await page.get_by_test_id("hall-save").click()
        await page.locator(f"tr[data-hall='{name}']").wait_for()
    await row.get_by_test_id("hall-change").click()
    await page.get_by_test_id("hall-seats").fill("70")
    await page.get_by_test_id("hall-save").click()
    await page.locator("tr[data-hall='Корпус 2/305'][data-seats='70']").wait_for()

    await page.locator("tr[data-hall='Hall 1']").get_by_test_id("hall-remove").click()
    told = page.get_by_test_id("hall-classes")
    await told.get_by_text("Optics 2").wait_for()
    assert "2 classes are planned there" in await told.inner_text()
    await photograph(page, "hall-removal")
    assert await flaws(page) == []
    await page.get_by_test_id("hall-removal-yes").click()
    await page.get_by_test_id("unlisted").get_by_text("Hall 1").wait_for()
    for theme, width in (("light", 1280), ("dark", 390)):
        await page.emulate_media(color_scheme=theme)
        await page.set_viewport_size({"width": width, "height": 844})
        for path in ("auditoriums", "import"):
            await page.goto(f"/{path}")
            await photograph(page, f"{path}-{theme}-{width}", is_whole=True)
            assert await page.evaluate("document.documentElement.scrollWidth") == width
            assert await flaws(page) == []

    rows = [f"CS1,Algorithms,p{number},P {number}" for number in range(2500)]
    sheet = "\n".join(["course,course_title,login,name", *rows])
    await page.evaluate(_NOTE_THE_BAR)
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    await page.get_by_test_id("import-file").set_input_files(file)
    await page.get_by_text("2500 new people").wait_for()
    tried = await page.evaluate("window.seen.splice(0)")
    await page.locator("#import-save:enabled").click()
    await page.get_by_test_id("import-done").wait_for()
    saved = await page.evaluate("window.seen")
    for bar in (tried, saved):
        known = [value for value in bar if value]
        assert known == sorted(known)
        assert len(set(known)) > 5
        assert known[-1] == 1
    assert await page.locator("#import-progress").is_hidden()
    assert "2500 rows are new" in await page.get_by_test_id("import-outcome").inner_text()
