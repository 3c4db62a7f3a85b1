"""Up to the stage and down again, without a reload."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.untimed]

PICTURES = """[...document.querySelectorAll('[data-testid=tile] video')]
    .filter((video) => video.getVideoPlaybackQuality().totalVideoFrames > 5).length"""


async def test_who_gets_the_floor_again_is_seen_again(server, account, browser, enter):
    lecturer = await account(server, "lecturer", "Aigul Sarsenova")
    student = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser), lecture)
    dana = await enter(await student.sign_in(browser), lecture)
    await dana.sees("camera")
    seat = await dana.page.evaluate("daris.room.seat")
    await host.press("people-toggle")
    for _ in range(2):
        await host.press("floor-give")
        await dana.press("camera-toggle")
        await host.until(f"{PICTURES} === 2")
        await dana.page.locator("#floor-leave").click()
        await host.until(f"{PICTURES} === 1")
    assert await dana.page.evaluate("daris.room.seat") == seat
    assert not host.errors
    assert not dana.errors
