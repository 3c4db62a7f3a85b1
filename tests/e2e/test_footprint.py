"""What a room leaves behind, in a real browser: the sheet, a mark, why, and one's own profile."""

import json

import pytest

from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]


async def test_attendance_is_marked_explained_and_found_in_ones_profile(
    server, browser, account, enter, eventually
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    student = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    room = await enter(await student.sign_in(browser), lecture)
    await room.say("Сәлеметсіз бе!")
    await room.reads("Сәлеметсіз бе!")

    page = await lecturer.sign_in(browser, viewport={"width": 1280, "height": 800})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))

    async def is_in_the_sheet() -> bool:
        await page.goto(f"/lectures/{lecture}/attendance")
        return await page.get_by_test_id("attendance-row").count() == 1

    await eventually(is_in_the_sheet)
    await page.get_by_role("button", name="Mark Dana Omarova").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Mark Dana Omarova")
    await dialog.get_by_label("Status").select_option("excused")
    await dialog.get_by_label("Reason").fill("Спартакиада")
    await page.keyboard.press("Escape")
    assert not await dialog.is_visible()
    await page.get_by_test_id("mark").click()
    await dialog.get_by_label("Status").select_option("excused")
    await dialog.get_by_label("Reason").fill("Спартакиада")
    await page.get_by_test_id("mark-save").click()
    await page.get_by_text("Marked: Спартакиада").wait_for()
    assert await page.locator(".status-excused").inner_text() == "Excused"

    await page.get_by_test_id("why").click()
    await page.get_by_test_id("visit").wait_for()
    assert await page.get_by_test_id("why-status").inner_text() == "Excused"
    await page.get_by_text("Events (").click()
    assert await page.get_by_text("person-joined").is_visible()
    assert problems == []

    wall = f"/lectures/{lecture}/in-room"
    await page.goto(wall)
    mine = room.page
    await mine.goto((await lecturer.get(f"/api/v1{wall}"))["url"])
    await mine.get_by_test_id("here").click()
    await mine.get_by_test_id("here-done").wait_for()
    button = page.get_by_test_id("arrivals").get_by_role("button")
    await button.focus()
    await page.keyboard.press("Enter")
    await page.get_by_test_id("arrivals").get_by_text("Confirmed").wait_for()
    assert await button.evaluate("button => button === document.activeElement")
    for one, name in ((page, "wall"), (mine, "here")):
        await photograph(one, name)
        assert await flaws(one) == []
    visits = (await student.get(f"/api/v1/lectures/{lecture}/attendance/{student.id}"))["visits"]
    assert {visit["channel"] for visit in visits} == {"webrtc", "in-room"}
    assert problems == []

    await mine.goto("/me/footprint")
    assert await mine.get_by_test_id("lines").inner_text() == "1"
    async with mine.expect_download() as downloading:
        await mine.get_by_test_id("footprint-export").click()
    path = await (await downloading.value).path()
    kinds = {one["fact"]["kind"] for one in json.loads(path.read_text())["facts"]}
    assert {"person-joined", "chat-said", "attendance-marked"} <= kinds
