"""A poll with real browsers: prepared, asked, answered by keyboard, shown, and in the report."""

import pytest

from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(180)]

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}


async def test_a_host_asks_a_student_answers_and_both_see_the_result(
    server, browser, account, enter
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser, viewport=WIDE), lecture)
    await host.press("start")
    room = await enter(await dana.sign_in(browser, viewport=NARROW), lecture)

    await host.press("polls-toggle")
    await host.press("poll-new")
    await host.page.get_by_test_id("poll-text").fill("Which of these numbers are prime?")
    await host.press("poll-add")
    for place, text in enumerate(("2", "51, which looks like one", "53")):
        await host.page.get_by_test_id("poll-choice-text").nth(place).fill(text)
    for place in (0, 2):
        await host.page.get_by_label("Right answer").nth(place).check()
    await host.page.get_by_test_id("poll-named").check()
    await photograph(host.page, "polls-form")
    assert await flaws(host.page) == []
    await host.press("poll-keep")
    await host.press("poll-ask-prepared")

    card = room.page.get_by_test_id("poll-card")
    await card.get_by_text("53").wait_for()
    await photograph(room.page, "polls-card")
    assert await flaws(room.page) == []
    await room.page.keyboard.press("q")
    for key in ("Space", "Tab", "Tab", "Space", "Enter"):
        await room.page.keyboard.press(key)
    await room.page.get_by_test_id("poll-note").get_by_text("Your answer is kept").wait_for()
    await host.page.get_by_test_id("poll-total").get_by_text("1 of 1").wait_for()
    await host.page.get_by_text("Who answered what", exact=True).click()
    await host.page.get_by_test_id("poll-names").first.get_by_text("Dana Omarova").wait_for()
    await photograph(host.page, "polls-open-host")
    await room.page.reload()
    await card.get_by_text("Your answer is kept").wait_for()

    await host.press("poll-close")
    await card.get_by_text("The poll is closed").wait_for()
    await host.press("poll-show")
    await card.get_by_text("1 answer").wait_for()
    await photograph(room.page, "polls-result")
    for page in (host.page, room.page):
        await page.locator("html").evaluate("(root) => (root.dataset.theme = 'dark')")
    await photograph(room.page, "polls-result-dark")
    await photograph(host.page, "polls-host-dark")
    assert await flaws(room.page) == []
    assert await flaws(host.page) == []
    await host.press("poll-yes-no")
    await card.locator("input").first.wait_for()
    await photograph(room.page, "polls-card-dark")
    report = await host.page.context.new_page()
    await report.goto(f"/lectures/{lecture}/report")
    await report.get_by_test_id("polls").get_by_text("51, which looks like one").wait_for()
    await photograph(report, "polls-report", is_whole=True)
    assert await flaws(report) == []
