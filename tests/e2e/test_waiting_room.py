"""The waiting room with real browsers: who waits sees that and nothing else, until the host decides."""

import pytest

from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(180)]

WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


async def test_who_waits_comes_in_when_the_host_says_so_and_reads_why_not(
    server, browser, account, enter, eventually
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    timur = await account(server, "student", "Timur Li")
    lecture = await lecturer.plan(waiting_room=True, title="Waves and what they carry")
    host = await enter(await lecturer.sign_in(browser, viewport=WIDE), lecture)
    await host.press("start")
    await host.press("people-toggle")

    pages = []
    for who in (dana, timur):
        page = await who.sign_in(browser, viewport=PHONE)
        await page.goto(f"/lectures/{lecture}")
        await page.get_by_test_id("join").click()
        await page.get_by_test_id("waiting").wait_for()
        await host.page.get_by_test_id("waiting-person").get_by_text(who.name).wait_for()
        pages.append(page)
    admitted, refused = pages
    assert await admitted.get_by_test_id("stage").is_hidden()
    assert await admitted.evaluate("[daris.room.me, daris.player]") == [None, None]
    assert await host.page.get_by_test_id("waiting-count").text_content() == "2"
    for page, name in ((host.page, "host"), (admitted, "page")):
        await photograph(page, f"waiting-{name}-light")
        await page.emulate_media(color_scheme="dark")
        assert await flaws(page) == []
        await photograph(page, f"waiting-{name}-dark")

    since = await admitted.locator("#waiting-since").text_content()
    await admitted.reload()  # the same place, without the green room
    await admitted.locator("#waiting-since").get_by_text(since).wait_for()

    row = host.page.get_by_test_id("waiting-person").filter(has_text="Timur")
    await row.get_by_test_id("waiting-refuse").click()
    await host.page.get_by_test_id("turn-away-reason").fill("Your group has its class at 12.")
    await host.page.get_by_test_id("turn-away-confirm").click()
    await refused.get_by_test_id("left").get_by_text("Your group has its class").wait_for()
    await photograph(refused, "waiting-refused")
    await host.page.set_viewport_size(PHONE)
    await photograph(host.page, "waiting-host-phone")
    await host.page.set_viewport_size(WIDE)

    row = host.page.get_by_test_id("waiting-person").filter(has_text="Dana")
    await row.get_by_test_id("waiting-admit").click()
    await admitted.get_by_test_id("stage").wait_for()

    async def is_seen():
        picture = "document.querySelector('[data-testid=tile] video')?.videoWidth > 0"
        return await admitted.evaluate(picture)

    await eventually(is_seen, seconds=45)
    assert await admitted.get_by_test_id("waiting").is_hidden()
    await photograph(admitted, "waiting-in")
    await photograph(host.page, "waiting-host-after")
    await host.press("waiting-off")
    await photograph(host.page, "waiting-off")
    await host.press("waiting-off-confirm")
    await host.page.get_by_test_id("waiting-off").wait_for(state="hidden")
