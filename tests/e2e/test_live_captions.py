"""Captions while the lecture runs, with real browsers: written, seen, in the stream, and kept."""

import pytest

from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(180)]

SHOWN = """[...document.querySelector("[data-testid=watch-video]").textTracks].some(
    ({ mode, cues }) => mode === "showing" && [...(cues ?? [])].some(({ text }) => text.startsWith("xxx")))"""
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}


async def write(room, text: str) -> None:
    await room.page.get_by_test_id("caption-text").fill(text)
    await room.press("caption-send")


async def test_what_the_host_writes_is_over_the_picture_and_in_the_recording(
    server, browser, account, enter, player, eventually
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser, viewport=WIDE), lecture)
    await host.press("start")
    room = await enter(await dana.sign_in(browser, viewport=NARROW), lecture)
    await room.sees("camera")
    assert await room.page.get_by_test_id("tab-captions").is_hidden()
    far = player(await dana.sign_in(browser, viewport=WIDE))
    await far.page.goto(f"/lectures/{lecture}?watch=1")
    await far.plays(frames=10)  # by a list without captions

    await host.press("tab-captions")
    await host.page.get_by_test_id("live-caption-language").select_option("kk")
    for text in ("Бүгін күн жүйесі туралы айтамыз", "Күн — орташа жұлдыз"):
        await write(host, text)
        await room.page.get_by_test_id("stage-caption").filter(has_text=text).wait_for()
    await photograph(host.page, "captions-host")
    await photograph(room.page, "captions-student")
    await room.press("chat-toggle")
    await room.press("tab-captions")
    await room.page.get_by_test_id("caption-line").nth(1).wait_for()
    await photograph(room.page, "captions-student-list")
    assert await flaws(room.page) == []
    assert await flaws(host.page) == []
    for page in (host.page, room.page):
        await page.locator("html").evaluate("(root) => (root.dataset.theme = 'dark')")
    await photograph(host.page, "captions-host-dark")
    await photograph(room.page, "captions-student-list-dark")
    await far.page.get_by_test_id("captions").press("Enter")
    await write(host, "x" * 1000)
    await eventually(lambda: far.page.evaluate(SHOWN), seconds=30)
    await host.page.get_by_test_id("caption-line").nth(2).wait_for()
    await write(host, "y" * 300)

    index = await room.page.request.get(f"/hls/{lecture}/index.m3u8")
    assert 'URI="captions/kk.m3u8"' in await index.text()
    await host.press("stop")
    await host.press("stop-confirm")

    async def kept():
        answer = await room.page.request.get(f"/api/v1/lectures/{lecture}/captions/kk")
        return [cue["text"] for cue in (await answer.json()).get("cues", [])]

    texts = await eventually(kept, seconds=30)
    assert texts[:2] == ["Бүгін күн жүйесі туралы айтамыз", "Күн — орташа жұлдыз"]
    assert not host.errors
    assert not room.errors
